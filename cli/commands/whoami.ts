import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Prints the own name, key and safety number; `--name` sets the name first. */
export async function run(context: Context): Promise<number> {
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
