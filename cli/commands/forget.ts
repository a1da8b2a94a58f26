import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Leaves a room and removes all of it from this data folder. */
export async function run(
  context: Context,
  [room = '']: string[],
  { yes = false }: { yes?: boolean },
): Promise<number> {
  const { out } = context;
  await confirm(
    `What was said in ${safe(room)}, its keys and drafts go from this computer for good.`,
    'forget',
    yes,
  );
  const client = await context.connect();
  try {
    const forgotten = await client.request('forget', { room });
    if (out.json) out.object(forgotten);
    else
      out.note(
        `${safe(forgotten.room)} is forgotten: ${forgotten.messages} messages are gone from here. ` +
          'Others keep what they have.',
      );
    return EXIT.done;
  } finally {
    await client.close();
  }
}
