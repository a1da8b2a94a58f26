import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Prints the own name, key and safety number; `--name` sets the name first. `--backup` and `--restore` move them. */
export async function run(
  context: Context,
  _args: string[],
  { backup, restore }: { backup?: string; restore?: string },
): Promise<number> {
  if (backup !== undefined && restore !== undefined)
    throw new ChatterError('USAGE', { message: 'Either --backup or --restore.' });
  if (backup !== undefined) return (await import('./backup.js')).backUp(context, backup);
  if (restore !== undefined) return (await import('./backup.js')).restore(context, restore);
  const client = await context.connect();
  try {
    const { name } = context.options;
    const self =
      name === undefined ? await client.request('whoami', {}) : await client.request('rename', { name });
    if (context.out.json) context.out.object(self);
    else {
      context.out.line(`${context.out.paint.bold(self.name)}  #${self.tag}`);
      context.out.line(`key            ${self.id}`);
      context.out.line(`safety number  ${self.safetyNumber}`);
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}
