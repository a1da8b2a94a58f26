import { type Command, Help, type Option } from 'commander';

const COLUMNS = 80;
/** By which a room is entered: the same for many commands, so that they are told after what is a command's own. */
const ROOM_OPTIONS = ['--protected', '--open', '--reach', '--invite-file', '--yes'];

/** The options of a command as its help tells them. */
export function ownOptionsFirst(command: Command): Option[] {
  const all = new Help().visibleOptions(command);
  const rank = ({ long }: Option) => (long === '--help' ? 2 : ROOM_OPTIONS.includes(long ?? '') ? 1 : 0);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

/** Commands by what they are for; one that is named nowhere is told last. */
const GROUPS: Record<string, readonly string[]> = {
  Talk: ['open', 'join', 'say', 'dm', 'history', 'on'],
  Files: [
    'send',
    'receive',
    'transfers',
    'accept',
    'decline',
    'pause',
    'resume',
    'cancel',
    'withdraw',
    'share',
    'unshare',
    'ls',
    'get',
  ],
  Calls: ['watch', 'shot'],
  Rooms: ['rooms', 'invite', 'guest', 'leave', 'keep', 'export', 'forget', 'wipe'],
  People: ['whoami', 'peers', 'verify', 'block', 'unblock', 'mute', 'unmute'],
  Node: ['status', 'stop', 'daemon', 'doctor', 'set', 'completion', 'help'],
};

/** All commands and options by name, on one screen of 80 by 24; `full` is each with what it does. */
export function shortHelp(program: Command): string {
  const names = program.commands.map((command) => command.name());
  const grouped = Object.values(GROUPS).flat();
  const groups = { ...GROUPS, More: names.filter((name) => !grouped.includes(name)) };
  const rows = Object.entries(groups)
    .map(([group, members]) => [group, members.filter((name) => names.includes(name))] as const)
    .filter(([, members]) => members.length > 0)
    .map(([group, members]) => paragraph(`  ${group.padEnd(7)}`, members));
  const options = program.options.filter(({ hidden }) => !hidden).map(({ flags }) => flags);
  return [
    'Usage: chatter [options] [COMMAND]',
    '',
    program.description(),
    'chatter help tells what each command does, chatter COMMAND --help all about one.',
    '',
    'Commands:',
    ...rows,
    '',
    'Options of every command:',
    paragraph('  ', options, ', '),
    '',
  ].join('\n');
}

/** Words on lines of at most 80 columns, all but the first indented like what follows `head`. */
function paragraph(head: string, words: readonly string[], separator = '  '): string {
  const lines: string[] = [];
  let line = head;
  for (const [i, word] of words.entries()) {
    const piece = i < words.length - 1 ? word + separator : word;
    if (line.trim() !== head.trim() && (line + piece.trimEnd()).length > COLUMNS) {
      lines.push(line.trimEnd());
      line = ' '.repeat(head.length);
    }
    line += piece;
  }
  return [...lines, line.trimEnd()].join('\n');
}
