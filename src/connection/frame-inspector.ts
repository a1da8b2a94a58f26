import c from 'compact-encoding';
import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { TokenBucket } from '../token-bucket.js';

interface Cursor {
  buffer: Uint8Array;
  start: number;
  end: number;
}

const CONTROL = 0;
const BATCH = 0;
const OPEN = 1;
const REJECT = 2;
const CLOSE = 3;

/**
 * Reads the frames of Protomux 3.12 before Protomux does and refuses those that it would take without a bound:
 * a batch within a batch, batches of any length, channels without number, names and handshakes of any size
 * (PROTOCOL.md [L2]). A message on a channel is passed unread.
 */
export class FrameInspector {
  readonly #control: TokenBucket;
  /** Frames, and items of batches, that are too small to be held back by their bytes. */
  readonly #small: TokenBucket;

  constructor(clock: Clock) {
    this.#control = new TokenBucket(clock, {
      perSecond: LIMITS.controlFramesPerSecond,
      burst: LIMITS.controlFramesBurst,
    });
    this.#small = new TokenBucket(clock, {
      perSecond: LIMITS.smallFramesPerSecond,
      burst: LIMITS.smallFramesBurst,
    });
  }

  /** Throws ProtocolError if this frame must not reach Protomux. */
  inspect(frame: Uint8Array): void {
    if (frame.byteLength === 0) return; // a keep-alive
    if (frame.byteLength > LIMITS.frameBytes) throw new ProtocolError('FRAME_TOO_LARGE');
    const cursor = { buffer: frame, start: 0, end: frame.byteLength };
    const channel = uint(cursor);
    const type = uint(cursor);
    this.#weigh(frame.byteLength);
    if (channel !== CONTROL) return;
    if (type === BATCH) this.#batch(cursor);
    else this.#controlFrame(type, cursor);
  }

  #batch(cursor: Cursor): void {
    let channel = uint(cursor);
    let items = 0;
    while (cursor.start < cursor.end) {
      if (++items > LIMITS.batchItems) throw new ProtocolError('BATCH_TOO_LONG');
      const length = uint(cursor);
      if (length === 0) {
        channel = uint(cursor);
        continue;
      }
      const end = cursor.start + length;
      if (end > cursor.end) throw new ProtocolError('FRAME_MALFORMED');
      this.#weigh(length);
      const item = { buffer: cursor.buffer, start: cursor.start, end };
      const type = uint(item);
      if (channel === CONTROL) {
        if (type === BATCH) throw new ProtocolError('BATCH_NESTED');
        this.#controlFrame(type, item);
      }
      cursor.start = end;
    }
  }

  #weigh(length: number): void {
    if (length < LIMITS.smallFrameBytes && !this.#small.take()) throw new ProtocolError('MESSAGE_FLOOD');
  }

  #controlFrame(type: number, cursor: Cursor): void {
    if (!this.#control.take()) throw new ProtocolError('CONTROL_FLOOD');
    switch (type) {
      case OPEN: {
        const id = uint(cursor);
        // Protomux reuses ids from 1 on and refuses one that is in use, so the highest bounds how many are open.
        if (id === 0 || id > LIMITS.openChannels) throw new ProtocolError('CHANNEL_LIMIT');
        skip(cursor, LIMITS.channelNameBytes);
        skip(cursor, LIMITS.channelIdBytes);
        if (cursor.end - cursor.start > LIMITS.channelHandshakeBytes)
          throw new ProtocolError('CHANNEL_LIMIT');
        return;
      }
      case REJECT:
      case CLOSE:
        uint(cursor);
        return;
      default:
        throw new ProtocolError('FRAME_MALFORMED');
    }
  }
}

/** Every loop above ends since each turn reads at least one byte; reading past the end is the peer's fault. */
function uint(cursor: Cursor): number {
  try {
    return c.uint.decode(cursor);
  } catch (cause) {
    throw new ProtocolError('FRAME_MALFORMED', { cause });
  }
}

/** A string, a buffer or an absent buffer (length 0), as compact-encoding writes all three. */
function skip(cursor: Cursor, maxBytes: number): void {
  const length = uint(cursor);
  if (length > maxBytes) throw new ProtocolError('CHANNEL_LIMIT');
  if (length > cursor.end - cursor.start) throw new ProtocolError('FRAME_MALFORMED');
  cursor.start += length;
}
