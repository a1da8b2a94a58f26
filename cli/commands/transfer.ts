import path from 'node:path';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { listLine } from '../transfer-lines.js';

export type TransferVerb = 'accept' | 'decline' | 'pause' | 'resume' | 'cancel' | 'withdraw';

/** Says yes, no or wait to one transfer. */
export const changing =
  (verb: TransferVerb) =>
  async (context: Context, [transfer = '']: string[], options: Record<string, unknown>): Promise<number> => {
    const client = await context.connect();
    try {
      const info =
        verb === 'accept'
          ? await client.request('accept', {
              transfer,
              out: options.out === undefined ? undefined : path.resolve(options.out as string),
              ifExists: options.ifExists as 'number' | 'skip' | 'fail' | undefined,
              modes: options.modes === true,
            })
          : await client.request(verb, { transfer });
      if (context.out.json) context.out.object(info);
      else context.out.note(listLine(info));
      return EXIT.done;
    } finally {
      await client.close();
    }
  };
