import { type Command, Option } from 'commander';
import type { AddCommand } from './add-command.js';
import { collect, seconds } from './option-values.js';
import { DETACH, EXCLUDE, ONLY_FROM, OUT } from './option-words.js';

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
    .option('--exclude <PATTERN>', EXCLUDE, collect);
  choosesRoom(
    acceptOptions(
      command(
        'receive ROOM',
        'take what is offered in a room; asks first',
        () => import('./commands/receive.js'),
      ),
    ),
  )
    .option('--from <PEER>', `${ONLY_FROM}: name#tag, an id, or anyone`)
    .option('--once', 'end after one transfer');
  choosesRoom(
    command(
      'share ROOM [PATH...]',
      'let everybody in a room see and fetch files and folders; without PATH, what is shared',
      () => import('./commands/share.js'),
    ),
  )
    .option('--exclude <PATTERN>', EXCLUDE, collect)
    .option('--detach', DETACH);
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
  ).option('--from <PEER>', ONLY_FROM);
  choosesRoom(
    acceptOptions(
      command(
        'get ROOM NAME',
        'fetch what somebody shares, by name, path or pattern, from all who have it',
        () => import('./commands/get.js'),
      ),
      '; - is standard output',
    ),
  )
    .option('--from <PEER>', ONLY_FROM)
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

/** `also` is what `--out` takes besides a folder. */
const acceptOptions = (added: Command, also = ''): Command =>
  added
    .option('--out <DIR>', `${OUT} (default: Downloads/Chatter/ROOM)${also}`)
    .addOption(
      new Option('--if-exists <WHAT>', 'where a name is taken: number (default), skip, fail').choices([
        'number',
        'skip',
        'fail',
      ]),
    )
    .option('--modes', 'keep permission bits, that of running a file too');
