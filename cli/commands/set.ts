import type { Result } from '../../src/daemon/api.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Sets something, or lists what can be set. */
export async function run(
  context: Context,
  [key, value]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  if (options.reset && (key === undefined || value !== undefined)) {
    throw new ChatterError('USAGE', { message: '--reset takes a KEY and no value.' });
  }
  const client = await context.connect();
  try {
    if (key !== undefined && (options.reset || value !== undefined)) {
      const set = await client.request('set', { key, value: value ?? null });
      if (out.json) out.object(set);
      else out.note(`${set.key} is ${safe(set.value)} now.`);
      return EXIT.done;
    }
    const settings = await client.request('settings', {});
    if (key === undefined) for (const setting of settings) show(context, setting);
    else {
      const setting = settings.find((other) => other.key === key);
      if (setting) show(context, setting);
      else await client.request('set', { key, value: null }); // the node knows what is meant
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}

function show({ out }: Context, setting: Result<'set'>): void {
  if (out.json) return out.object(setting);
  out.line(`${out.paint.bold(setting.key.padEnd(16))} ${safe(setting.value)}`);
  out.line(`${''.padEnd(16)} ${out.paint.dim(setting.does)}`);
}
