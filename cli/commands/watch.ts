import { ivfFrame, ivfHeader } from '../../src/media/ivf.js';
import { pictureWords } from '../call-lines.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { openPictureOutput } from '../picture-output.js';
import { watching } from '../watching.js';

/** Writes what somebody shows in a call, frame by frame as it comes, until it ends or nobody reads it any more. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const output = openPictureOutput((options.out as string | undefined) ?? '-');
  return watching(context, room, options, async (media, { track, codec, peer, kind, ...size }) => {
    context.out.note(`${safe(peer.name)}, ${kind}: ${pictureWords({ ...size, codec })}. Ctrl-C ends it.`);
    let firstUs: number | null = null;
    try {
      for await (const { header, video, payload } of media.watch(track, codec)) {
        if (firstUs === null && video) await output.write(ivfHeader(codec, video));
        firstUs ??= header.captureUs;
        await output.write(ivfFrame(payload, header.captureUs - firstUs));
      }
    } finally {
      output.close();
    }
    return EXIT.done;
  });
}
