import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.js';

type Module = {
  run: (context: Context, args: string[], options: Record<string, unknown>) => Promise<number>;
};
type AddCommand = (usage: string, description: string, load: () => Promise<Module>) => Command;

const ID = 'by the first digits of its id';

/** The commands about files; `choosesRoom` adds the options by which a room is entered. */
export function addFileCommands(command: AddCommand, choosesRoom: (added: Command) => Command): void {
  choosesRoom(
    command(
      'send ROOM PATH...',
      'offer files and folders, and wait until those who are here have them (- is standard input)',
      () => import('./commands/send.js'),
    ),
  )
    .option('--to <PEER>', 'only to this one: nobody else is told of it')
    .option('--as <NAME>', 'another name for a single path; - needs one')
    .option('--wait <COUNT>', 'until so many have it (default: all who are here)')
    .option('--answer-timeout <SECONDS>', 'how long they have (off a terminal 600 by default)', seconds)
    .option('--exclude <PATTERN>', 'leave out names like this: * and ? (repeatable)', collect);
  choosesRoom(
    acceptOptions(
      command(
        'receive ROOM',
        'take what is offered in a room; asks first',
        () => import('./commands/receive.js'),
      ),
    ),
  )
    .option('--from <PEER>', 'only from name#tag, an id, or anyone')
    .option('--once', 'end after one transfer');
  choosesRoom(
    command(
      'share ROOM [PATH...]',
      'let everybody in a room see and fetch files and folders; without PATH, what is shared',
      () => import('./commands/share.js'),
    ),
  )
    .option('--exclude <PATTERN>', 'leave out names like this: * and ? (repeatable)', collect)
    .option('--detach', 'return at once; the node stays');
  command(
    'unshare ROOM PATH',
    'share this no more: a path, a name or an id that share shows',
    () => import('./commands/unshare.js'),
  );
  choosesRoom(
    command(
      'ls ROOM [PATTERN]',
      'what members share: FOLDER/ looks into a folder, a name or pattern everywhere',
      () => import('./commands/ls.js'),
    ),
  ).option('--from <PEER>', 'only what this one shares');
  choosesRoom(
    acceptOptions(
      command(
        'get ROOM NAME',
        'fetch what somebody shares, by name, path or pattern, from all who have it',
        () => import('./commands/get.js'),
      ),
    ),
  )
    .option('--from <PEER>', 'only from this one')
    .option('--hash <DIGITS>', 'the one of this content: its first digits as shown');
  command('transfers [ROOM]', 'what is offered and under way', () => import('./commands/transfers.js'));
  acceptOptions(changing(command, 'accept', `take an offer, ${ID}`));
  changing(command, 'decline', `say no to an offer, ${ID}`);
  changing(command, 'pause', `let a transfer wait, ${ID}`);
  changing(command, 'resume', `go on with a transfer that waits, ${ID}`);
  changing(command, 'cancel', `end a transfer here and remove what has arrived of it, ${ID}`);
  changing(command, 'withdraw', `take an own offer back, or hand a received one on no more, ${ID}`);
}

const changing = (
  command: AddCommand,
  verb: 'accept' | 'decline' | 'pause' | 'resume' | 'cancel' | 'withdraw',
  description: string,
): Command =>
  command(`${verb} ID`, description, async () => ({
    run: (await import('./commands/transfer.js')).changing(verb),
  }));

const acceptOptions = (added: Command): Command =>
  added
    .option('--out <DIR>', 'where to put it (default: Downloads/Chatter/ROOM)')
    .addOption(
      new Option('--if-exists <WHAT>', 'where a name is taken: number (default), skip, fail').choices([
        'number',
        'skip',
        'fail',
      ]),
    )
    .option('--modes', 'keep permission bits, that of running a file too');

const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new InvalidArgumentError('Seconds are a number from 0 on.');
  return number;
}
