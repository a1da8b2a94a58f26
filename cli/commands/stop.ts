import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Ends the running node, if there is one. */
export async function run(context: Context): Promise<number> {
  const client = await context.find();
  if (!client) {
    context.out.note('No node is running on this data folder.');
    return EXIT.done;
  }
  await client.stop();
  context.out.note('The node has ended.');
  return EXIT.done;
}
