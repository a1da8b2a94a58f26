/** What the word after a verb is. */
export type Takes =
  | 'nothing'
  | 'person'
  | 'recipient'
  | 'path'
  | 'transfer'
  | 'share'
  | 'shared'
  | 'message'
  | 'reaction'
  | 'text';

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
  slash('/who', 'nothing', 'who is here; /peers tells by which path'),
  slash('/reply [#TAG] TEXT', 'message', 'answer the last message of others, or that one'),
  slash('/edit [#TAG]', 'message', 'change your last message, or that one'),
  slash('/delete #TAG', 'message', 'delete a message of yours for everyone'),
  slash('/react [#TAG] EMOJI', 'reaction', 'react to a message, or take it back'),
  slash('/search WORDS', 'text', 'find what was said; /mentions, /history [N] too'),
  slash('/dm PEER TEXT', 'recipient', 'say it to one alone; /allow, /refuse what they write'),
  slash('/me TEXT', 'text', 'say what you do: /me waves'),
  slash('/name NAME', 'text', 'change your name in this room'),
  slash('/verify PEER', 'person', 'compare safety numbers; /verify PEER yes marks them'),
  slash('/block PEER', 'person', 'keep them out, or just /mute; /unblock, /unmute'),
  slash('/send PATH', 'path', 'offer a file or folder; /files lists offers'),
  slash('/accept ID [to DIR]', 'transfer', 'or /decline, /pause, /resume, /cancel, /withdraw'),
  slash('/share PATH', 'path', 'let the room fetch it; /share lists, /unshare ends'),
  slash('/get NAME', 'shared', 'fetch what somebody shares; /ls [NAME] shows it'),
  slash('/call', 'nothing', 'who is in a call here, and who shows what'),
  slash('/invite', 'nothing', 'print the invite of this room; /leave leaves it'),
  slash('/quit', 'nothing', 'close this window; so do {quit} and Ctrl-C twice'),
];

/** Verbs that are told together with another one. */
const FURTHER: readonly (readonly [verb: string, takes: Takes])[] = [
  ['peers', 'nothing'],
  ['mentions', 'nothing'],
  ['history', 'text'],
  ['requests', 'nothing'],
  ['allow', 'person'],
  ['refuse', 'person'],
  ['files', 'nothing'],
  ['leave', 'nothing'],
  ['ls', 'shared'],
  ['unshare', 'share'],
  ['mute', 'person'],
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

const USAGE_CELLS = 21;

/** All of them, a line each. */
export const slashHelp = (): string[] => [
  ...SLASH_VERBS.map(({ usage, does }) => `${usage.padEnd(USAGE_CELLS)}${does}`),
  `${'//text'.padEnd(USAGE_CELLS)}say a line that starts with /; Alt-Enter: new line`,
];
