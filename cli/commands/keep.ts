import type { Params } from '../../src/daemon/api.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { size } from '../transfer-lines.js';

type Keep = NonNullable<Params<'retention'>['keep']>;

/** How long texts are kept, as it is written and as it is said. */
const TIMES: Record<Keep, string> = {
  '1d': 'for a day',
  '7d': 'for 7 days',
  '30d': 'for 30 days',
  '1y': 'for a year',
  forever: 'for as long as you like',
};

/** Sets how long a room's texts are kept on this computer, and whether others learn what was read; or says it. */
export async function run(
  context: Context,
  [room = '', time]: string[],
  { reads }: { reads?: boolean },
): Promise<number> {
  const { out } = context;
  if (time !== undefined && !Object.hasOwn(TIMES, time))
    throw new ChatterError('USAGE', { message: `TIME is one of ${Object.keys(TIMES).join(', ')}.` });
  const client = await context.connect();
  try {
    const kept = await client.request('retention', { room, keep: time as Keep | undefined, reads });
    if (out.json) out.object(kept);
    else {
      const oldest = kept.oldest === null ? '' : `, the oldest of ${kept.oldest.slice(0, 10)}`;
      out.line(`${safe(kept.room)}: ${kept.messages} messages, ${size(kept.bytes)}${oldest}`);
      out.line(`Texts are kept here ${TIMES[kept.keep]}.`);
      out.line(
        kept.reads ? 'Others are told what you have read.' : 'Others are not told what you have read.',
      );
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}
