import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { LineWindow } from '../line-window.js';

/** Talks in a room: on the whole screen of a terminal, otherwise line by line. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const isPlain = options.plain === true || context.out.json || !hasScreen();
  // Loaded before the room is entered: what happens there meanwhile would be heard by nobody.
  const fullScreen = isPlain ? null : await import('../tui/full-screen.js');
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    const window = fullScreen
      ? new fullScreen.FullScreen(client, context, joined)
      : new LineWindow(client, context, joined, {
          commands: options.commands === true,
          history: options.history as number | undefined,
        });
    return await window.run();
  } finally {
    await client.close();
  }
}

/** True where a whole screen can be drawn and keys can be read one by one. */
const hasScreen = (): boolean =>
  process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
