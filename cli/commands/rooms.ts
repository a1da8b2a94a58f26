import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Lists the rooms that this data folder knows. */
export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  try {
    const rooms = await client.request('rooms', {});
    if (rooms.length === 0) context.out.note('No rooms yet. npx chatter join ROOM begins one.');
    for (const room of rooms) {
      if (context.out.json) context.out.object(room);
      else {
        const state = room.joined ? `${room.members} here` : 'left';
        context.out.line(`${safe(room.room).padEnd(24)} ${room.kind.padEnd(10)} ${state}`);
      }
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}
