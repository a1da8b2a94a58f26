import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { listLine } from '../transfer-lines.js';

/** Lists what is offered and under way, of all rooms or one. */
export async function run(context: Context, [room]: string[]): Promise<number> {
  const { out } = context;
  const client = await context.connect();
  try {
    const transfers = await client.request('transfers', { room });
    if (transfers.length === 0) out.note('No transfers. npx chatter send ROOM PATH offers something.');
    for (const transfer of transfers) {
      if (out.json) out.object(transfer);
      else out.line(listLine(transfer));
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}
