import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { onOrOff, wholeNumber } from './option-values.js';
import { NO_WAIT, ONLY_FROM, OUT, YES } from './option-words.js';

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
  ).option('--no-wait', NO_WAIT);
  command('history ROOM', 'what was said, oldest first', () => import('./commands/history.js'))
    .option('--search <TEXT>', 'only what holds all of these words')
    .option('--from <PEER>', ONLY_FROM)
    .option('--mentions', 'only what mentions you')
    .option('--since <TIME>', 'not before: 30m, 2h, 7d, 2026-05-01, 2026-05-01T10:00')
    .option(
      '--limit <N>',
      'the newest N, up to 10000 (default 50; with --since all)',
      wholeNumber(1, MOST_MESSAGES, '; chatter export writes all'),
    );
  command(
    'keep ROOM [TIME]',
    'how long texts of a room are kept here: 1d, 7d, 30d, 1y or forever; without TIME, what is kept',
    () => import('./commands/keep.js'),
  ).option('--reads <WHETHER>', 'on or off: others are told what you have read', onOrOff);
  command(
    'export [ROOM]',
    'write what was said, in one room or in all, to a new folder as JSON Lines',
    () => import('./commands/export.js'),
  ).option('--out <DIR>', `${OUT}: a new folder (default: chatter-export-DATE here)`);
  command(
    'forget ROOM',
    'leave a room and remove all that was said in it from this computer',
    () => import('./commands/forget.js'),
  ).option('--yes', YES);
  command(
    'wipe',
    'remove everything of yours from this data folder, your key first; files that you received stay',
    () => import('./commands/wipe.js'),
  ).option('--yes', YES);
}
