import type { Finding } from '../../src/daemon/doctor-api.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Says why people are not found: what is well, what is amiss, and what mends it. */
export async function run(context: Context, [host]: string[]): Promise<number> {
  const { out } = context;
  const client = await context.connect();
  try {
    await client.request('hold', {}); // a node that this command has started stays as long
    out.note('Looking at the network; this takes a few seconds.');
    const { findings } = await client.request('doctor', { host, sweep: true });
    for (const finding of findings) {
      if (out.json) out.object(finding);
      else show(context, finding);
    }
    return findings.some(({ ok }) => ok === false) ? EXIT.failed : EXIT.done;
  } finally {
    await client.close();
  }
}

const CHECK_COLUMNS = 11;

function show({ out }: Context, { check, ok, finding, mend }: Finding): void {
  const mark = ok === null ? out.paint.dim('?') : ok ? out.paint.green('+') : out.paint.red('!');
  out.line(`${mark} ${check.padEnd(CHECK_COLUMNS)} ${safe(finding)}`);
  if (mend !== null)
    out.line(`  ${''.padEnd(CHECK_COLUMNS)} ${out.paint.dim(safe(mend.replaceAll('`', '')))}`);
}
