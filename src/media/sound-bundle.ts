import { ProtocolError } from '../errors.js';

const LENGTH_BYTES = 2;

/** Frames of sound in one datagram, oldest first, each behind its length as a little-endian u16 (PROTOCOL.md [V7]). */
export function encodeBundle(frames: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(bundleBytes(frames));
  let at = 0;
  for (const frame of frames) {
    new DataView(bundle.buffer).setUint16(at, frame.byteLength, true);
    bundle.set(frame, at + LENGTH_BYTES);
    at += LENGTH_BYTES + frame.byteLength;
  }
  return bundle;
}

export const bundleBytes = (frames: readonly Uint8Array[]): number =>
  frames.reduce((sum, { byteLength }) => sum + LENGTH_BYTES + byteLength, 0);

/** The frames of a datagram, as views of it. Throws ProtocolError MESSAGE_MALFORMED. */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bundle.byteLength; ) {
    const from = at + LENGTH_BYTES;
    if (from > bundle.byteLength) throw new ProtocolError('MESSAGE_MALFORMED');
    at = from + view.getUint16(from - LENGTH_BYTES, true);
    if (at === from || at > bundle.byteLength) throw new ProtocolError('MESSAGE_MALFORMED');
    frames.push(bundle.subarray(from, at));
  }
  return frames;
}
