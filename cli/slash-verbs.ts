/** What the word after a verb is. */
export type Takes = 'nothing' | 'person' | 'path' | 'transfer' | 'text';

interface SlashVerb {
  verb: string;
  /** As it is written, with what it takes. */
  usage: string;
  does: string;
  takes: Takes;
}

const slash = (usage: string, takes: Takes, does: string): SlashVerb => ({
  verb: (/^\w+/.exec(usage.slice(1)) as RegExpExecArray)[0],
  usage,
  does,
  takes,
});

/** What `/` commands there are, in the order in which they are told: the verbs are those of the commands. */
const SLASH_VERBS: readonly SlashVerb[] = [
  slash('/help', 'nothing', 'this list'),
  slash('/who', 'nothing', 'who is here; /peers tells by which path, and how well'),
  slash('/me TEXT', 'text', 'say what you do: /me waves'),
  slash('/name NAME', 'text', 'change your name in this room'),
  slash('/verify PEER', 'person', 'compare safety numbers; /verify PEER yes marks them as verified'),
  slash('/block PEER', 'person', 'let somebody in nowhere any more; /unblock PEER'),
  slash('/mute PEER', 'person', 'do not show what somebody says; /unmute PEER'),
  slash('/send PATH', 'path', 'offer a file or folder to everybody here'),
  slash('/files', 'nothing', 'what is offered and under way'),
  slash('/accept ID', 'transfer', 'take an offer; /decline, /pause, /resume, /cancel, /withdraw ID'),
  slash('/call', 'nothing', 'who is in a call here, and who shows what'),
  slash('/invite', 'nothing', 'print the invite of this room'),
  slash('/leave', 'nothing', 'leave the room for good (it is not joined again at the next start)'),
  slash('/quit', 'nothing', 'close this window; so do {quit} and Ctrl-C twice'),
];

/** Verbs that are told together with another one. */
const FURTHER: readonly (readonly [verb: string, takes: Takes])[] = [
  ['peers', 'nothing'],
  ['unblock', 'person'],
  ['unmute', 'person'],
  ['decline', 'transfer'],
  ['pause', 'transfer'],
  ['resume', 'transfer'],
  ['cancel', 'transfer'],
  ['withdraw', 'transfer'],
];

/** Every verb with what it takes. */
export const TAKES: ReadonlyMap<string, Takes> = new Map([
  ...SLASH_VERBS.map(({ verb, takes }) => [verb, takes] as const),
  ...FURTHER,
]);

const USAGE_CELLS = 15;

/** All of them, a line each. */
export const slashHelp = (): string[] => [
  ...SLASH_VERBS.map(({ usage, does }) => `${usage.padEnd(USAGE_CELLS)}${does}`),
  `${'//text'.padEnd(USAGE_CELLS)}say a line that begins with /`,
];
