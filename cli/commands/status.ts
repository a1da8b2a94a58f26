import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Describes the running node; starts none. */
export async function run(context: Context): Promise<number> {
  const client = await context.find();
  if (!client) throw new ChatterError('NODE_NOT_RUNNING');
  try {
    const status = await client.request('status', {});
    if (context.out.json) {
      context.out.object(status);
      return EXIT.done;
    }
    const { out } = context;
    out.line(`node      ${status.pid}, version ${status.version}${status.pinned ? ', stays' : ''}`);
    out.line(`folder    ${status.dataFolder}`);
    out.line(`log       ${status.logFile}`);
    out.line(`API       http://127.0.0.1:${status.apiPort}, key in ${status.tokenFile}`);
    out.line(
      `network   ${status.lanPort === null ? 'not listening: no room is joined' : `TCP port ${status.lanPort}`}`,
    );
    for (const { name, tag } of status.blocked) out.line(`blocked   ${safe(name)} #${tag}`);
    if (status.safeMode)
      out.line('safe mode: it ended unexpectedly several times; rooms are joined only when asked');
    for (const room of status.rooms) out.line(`room      ${safe(room.name)}, ${room.members} here`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
