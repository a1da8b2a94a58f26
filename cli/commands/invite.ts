import { renderUnicodeCompact } from 'uqr';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Prints what lets others into a room: a sentence with the link in it, and the link as a QR code. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  if (room === undefined && options.new === undefined) {
    throw new ChatterError('USAGE', {
      message: 'Which room? Give its name, or --new for a new private one.',
    });
  }
  const client = await context.connect();
  try {
    const label = typeof options.new === 'string' ? options.new : room;
    const invite =
      options.new === undefined
        ? await client.request('invite', { room: room as string })
        : await client.request('create', { label });
    if (out.json) {
      out.object(invite);
      return EXIT.done;
    }
    out.line(invite.sentence);
    if (invite.link && (options.qr || process.stdout.isTTY))
      out.line(`\n${renderUnicodeCompact(invite.link)}`);
    if (invite.link)
      out.note('Whoever has this link is in. It cannot be taken back: make a new room instead.');
    return EXIT.done;
  } finally {
    await client.close();
  }
}
