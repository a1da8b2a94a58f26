import { type Command, Option } from 'commander';
import type { AddCommand } from './add-command.js';
import { ONLY_FROM, OUT } from './option-words.js';

/** The commands about calls; `choosesRoom` adds the options by which a room is entered. */
export function addCallCommands(command: AddCommand, choosesRoom: (added: Command) => Command): void {
  const choosesPicture = (added: Command) =>
    choosesRoom(added)
      .option('--from <PEER>', ONLY_FROM)
      .addOption(
        new Option('--kind <KIND>', 'a screen or a camera; a screen first').choices(['screen', 'camera']),
      );
  choosesPicture(
    command(
      'watch ROOM',
      'write what somebody shows in a call as it comes, as IVF for ffmpeg or mpv',
      () => import('./commands/watch.js'),
    ),
  ).option('--out <FILE>', `${OUT}: a new file (default: -, standard output)`);
  choosesPicture(
    command(
      'shot ROOM',
      'save the picture that somebody shows in a call now',
      () => import('./commands/shot.js'),
    ),
  ).option('--out <FILE>', `${OUT}: a new file, - is standard output (default: shot-NAME-TIME here)`);
}
