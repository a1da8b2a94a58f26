import { once } from 'node:events';
import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';

/** Opens the page, in a room if one is named; stays until Ctrl-C, so that the node does. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const chosen = room === undefined ? null : await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = chosen ? await enter(client, context, chosen, options.yes === true) : null;
    await client.request('hold', {});
    const { url } = await client.request('page', joined ? { room: joined.roomId } : {});
    if (context.out.json) context.out.object({ url });
    else context.out.line(`The page is at ${url}`);
    if (options.browser !== false) await showPage(context, url);
    if (options.detach === true) {
      await client.request('pin', { pinned: true });
      context.out.note('The node stays until npx chatter stop.');
      return EXIT.done;
    }
    context.out.note(
      'The address opens it once, within a minute. Ctrl-C closes this window; open tabs go on.',
    );
    const failed = new Promise<never>((_, reject) => client.on('failed', reject));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), failed]);
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** Where there is no browser the address is enough: this is no failure. */
async function showPage(context: Context, url: string): Promise<void> {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return context.out.note(NO_BROWSER); // a browser within this terminal would take it over
  try {
    const { default: open } = await import('open');
    const browser = await open(url);
    browser.on('error', () => context.out.note(NO_BROWSER));
  } catch (err) {
    if (err instanceof ChatterError) throw err;
    context.out.note(NO_BROWSER);
  }
}

const NO_BROWSER = 'No browser was found here; open the address yourself.';
