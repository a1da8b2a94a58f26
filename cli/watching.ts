import { MediaClient } from '../src/daemon/media-client.js';
import { CODEC_NAMES } from '../src/media/codecs.js';
import { chooseRoom, type RoomChoice } from './choose-room.js';
import type { Context } from './context.js';
import { enter } from './enter.js';
import { type ShownChoice, type ShownTrack, shownTrack } from './shown-track.js';

/**
 * Enters a room, waits until what is meant is shown there, and watches it from this node while `see` does something
 * with it. The call is left afterwards, unless another window of this node is in it.
 */
export async function watching(
  context: Context,
  room: string | undefined,
  options: Record<string, unknown>,
  see: (media: MediaClient, track: ShownTrack) => Promise<number>,
): Promise<number> {
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    const track = await shownTrack(client, joined, options as ShownChoice, context.timeoutMs);
    const media = await MediaClient.connect(context.folder);
    const end = () => media.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
    try {
      const to = track.direct ? { to: track.direct.id } : {};
      await media.request('join', { room: joined.roomId, ...to, decodes: [...CODEC_NAMES], watch: true });
      return await see(media, track);
    } finally {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
      media.close();
    }
  } finally {
    await client.close();
  }
}
