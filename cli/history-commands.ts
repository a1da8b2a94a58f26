import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.js';

type Module = {
  run: (context: Context, args: string[], options: Record<string, unknown>) => Promise<number>;
};
type AddCommand = (usage: string, description: string, load: () => Promise<Module>) => Command;

/** More at once is for `export`. */
const MOST_MESSAGES = 10_000;

/** The commands about what was said; `choosesRoom` adds the options by which a room is entered. */
export function addHistoryCommands(command: AddCommand, choosesRoom: (added: Command) => Command): void {
  choosesRoom(
    command(
      'dm ROOM PEER TEXT...',
      'say something to one person alone, who may be away (- is standard input)',
      () => import('./commands/dm.js'),
    ),
  ).option('--no-wait', 'do not wait until they have it');
  command('history ROOM', 'what was said, oldest first', () => import('./commands/history.js'))
    .option('--search <TEXT>', 'only what holds all of these words')
    .option('--from <PEER>', 'only what this one said')
    .option('--mentions', 'only what mentions you')
    .option('--since <TIME>', 'not before: 30m, 2h, 7d, 2026-05-01, 2026-05-01T10:00')
    .option('--limit <N>', 'the newest N, up to 10000 (default 50; with --since all)', count);
  command(
    'keep ROOM [TIME]',
    'how long texts of a room are kept here: 1d, 7d, 30d, 1y or forever; without TIME, what is kept',
    () => import('./commands/keep.js'),
  ).option('--reads <WHETHER>', 'on or off: others are told what you have read', onOrOff);
  command(
    'export [ROOM]',
    'write what was said, in one room or in all, to a new folder as JSON Lines',
    () => import('./commands/export.js'),
  ).option('--out <DIR>', 'the folder to make (default: chatter-export-DATE here)');
  command(
    'forget ROOM',
    'leave a room and remove all that was said in it from this computer',
    () => import('./commands/forget.js'),
  ).option('--yes', 'do not ask');
  command(
    'wipe',
    'remove everything of yours from this data folder, your key first; files that you received stay',
    () => import('./commands/wipe.js'),
  ).option('--yes', 'do not ask');
}

function count(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > MOST_MESSAGES)
    throw new InvalidArgumentError(`It is a number from 1 to ${MOST_MESSAGES}; chatter export writes all.`);
  return number;
}

function onOrOff(value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new InvalidArgumentError('It is on or off.');
  return value === 'on';
}
