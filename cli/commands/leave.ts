import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Leaves a room: it is not joined again at the next start. */
export async function run(context: Context, [room]: string[]): Promise<number> {
  const client = await context.connect();
  try {
    const left = await client.request('leave', { room: room as string });
    if (context.out.json) context.out.object(left);
    else context.out.note(`Left ${safe(left.room)}.`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
