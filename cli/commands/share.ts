import { once } from 'node:events';
import path from 'node:path';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { shareLine } from '../share-lines.js';
import { LEFT_OUT } from '../transfer-lines.js';

/** Shares files and folders with a room, or without a path lists what is shared; stays, so that the node does. */
export async function run(
  context: Context,
  [room, ...given]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    const paths = given.map((each) => path.resolve(each));
    const exclude = options.exclude as string[] | undefined;
    const shares =
      paths.length > 0
        ? await client.request('share', { room: joined.roomId, paths, exclude })
        : { shares: await client.request('shares', { room: joined.roomId }), skipped: [] };
    const hidden = shares.skipped.filter(({ why }) => why === 'hidden').length;
    if (hidden > 0) out.note(`Left out: ${hidden} hidden (their names begin with a dot)`);
    for (const { path: left, why } of shares.skipped)
      if (why !== 'hidden') out.note(`Left out: ${safe(left)} (${LEFT_OUT[why] ?? why})`);
    for (const share of shares.shares) {
      if (out.json) out.object({ type: 'shared', ...share });
      else out.line(shareLine(share));
    }
    if (paths.length === 0) {
      if (shares.shares.length === 0)
        out.note('Nothing is shared here. npx chatter share ROOM PATH shares something.');
      return EXIT.done;
    }
    out.note(
      `Everybody who is in ${safe(joined.room)} now or later can see and fetch this, until npx chatter unshare.`,
    );
    if (options.detach === true) {
      await client.request('pin', { pinned: true });
      out.note('The node stays until npx chatter stop.');
      return EXIT.done;
    }
    out.note('Ctrl-C ends this window; it is shared again whenever this node runs.');
    const failed = new Promise<never>((_, reject) => client.on('failed', reject));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP'), failed]);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
