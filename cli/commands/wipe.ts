import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Removes everything that Chatter keeps in this data folder, who one is first of all. */
export async function run(
  context: Context,
  _args: string[],
  { yes = false }: { yes?: boolean },
): Promise<number> {
  const { folder, out } = context;
  await confirm(
    `Your key, rooms, messages and settings in ${folder.path} go for good; files that you received stay.`,
    'wipe',
    yes,
  );
  const client = await context.connect();
  try {
    await client.request('wipe', { confirm: 'wipe' });
    if (out.json) out.object({ dataFolder: folder.path });
    else out.note(`${folder.path} is empty. Others keep what you have said to them.`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
