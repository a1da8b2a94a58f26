import b4a from 'b4a';
import c from 'compact-encoding';

/** Frames as Protomux 3 writes them, byte by byte, so that a test can write what it never would. */
const CONTROL = 0;
const BATCH = 0;
const OPEN = 1;

export const uint = (value: number): Uint8Array => c.encode(c.uint, value) as Uint8Array;
const string = (text: string) => b4a.concat([uint(b4a.byteLength(text)), b4a.from(text)]);
const buffer = (bytes: Uint8Array | null) =>
  b4a.concat([uint(bytes?.byteLength ?? 0), bytes ?? b4a.alloc(0)]);

/** A message number `type` on the sender's channel `id`. */
export const onChannel = (id: number, type: number, body: Uint8Array = b4a.alloc(0)): Uint8Array =>
  b4a.concat([uint(id), uint(type), body]);

/** Opens a channel under the sender's own number `id`, which starts at 1. */
export const open = (id: number, protocol: string, channelId: Uint8Array | null = null): Uint8Array =>
  onChannel(CONTROL, OPEN, b4a.concat([uint(id), string(protocol), buffer(channelId)]));

/** Items (each a type and a body) for one channel, in one frame. */
export const batch = (channel: number, items: readonly Uint8Array[]): Uint8Array =>
  onChannel(
    CONTROL,
    BATCH,
    b4a.concat([uint(channel), ...items.flatMap((item) => [uint(item.length), item])]),
  );
