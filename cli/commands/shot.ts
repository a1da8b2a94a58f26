import { ChatterError } from '../../src/errors.js';
import { stillPicture } from '../../src/media/still-picture.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { openPictureOutput } from '../picture-output.js';
import { watching } from '../watching.js';

/** Saves the next key frame of what somebody shows; it is asked for, so that it is what is shown now. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  return watching(context, room, options, async (media, { track, codec, peer, kind }) => {
    for await (const { video, payload } of media.watch(track, codec)) {
      if (!video) continue;
      const { bytes, extension } = stillPicture(codec, video, payload);
      const place = (options.out as string | undefined) ?? `${shotName(peer.name, new Date())}.${extension}`;
      const output = openPictureOutput(place);
      await output.write(bytes);
      output.close();
      const { width, height } = video;
      if (out.json)
        out.object({ type: 'shot', path: place, peer, kind, codec, width, height, bytes: bytes.length });
      else if (place !== '-') out.line(place);
      if (extension === 'ivf')
        out.note(
          `It is a video of one frame, since ${codec.toUpperCase()} has no picture files: ffmpeg -i makes one.`,
        );
      return EXIT.done;
    }
    throw new ChatterError('NOBODY_THERE', { message: 'It was not shown any more.' });
  });
}

/** `shot-Blue-Heron-20261125-174501`: what every file system takes. */
function shotName(name: string, at: Date): string {
  const plain = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  const [day = '', time = ''] = at
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .split('T');
  return `shot-${plain || 'picture'}-${day.replaceAll('-', '')}-${time.replaceAll(':', '')}`;
}
