import { type Command, Option } from 'commander';
import type { Context } from './context.js';

type Module = {
  run: (context: Context, args: string[], options: Record<string, unknown>) => Promise<number>;
};
type AddCommand = (usage: string, description: string, load: () => Promise<Module>) => Command;

/** The commands about calls; `choosesRoom` adds the options by which a room is entered. */
export function addCallCommands(command: AddCommand, choosesRoom: (added: Command) => Command): void {
  const choosesPicture = (added: Command) =>
    choosesRoom(added)
      .option('--from <PEER>', 'what this one shows')
      .addOption(
        new Option('--kind <KIND>', 'a screen or a camera; a screen first').choices(['screen', 'camera']),
      );
  choosesPicture(
    command(
      'watch ROOM',
      'write what somebody shows in a call as it comes, as IVF for ffmpeg or mpv',
      () => import('./commands/watch.js'),
    ),
  ).option('--out <FILE>', 'to a new file; - is standard output, the default');
  choosesPicture(
    command(
      'shot ROOM',
      'save the picture that somebody shows in a call now',
      () => import('./commands/shot.js'),
    ),
  ).option('--out <FILE>', 'the new file (default: shot-NAME-TIME here); - is standard output');
}
