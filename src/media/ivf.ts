import type { Codec } from './codecs.js';
import type { VideoConfig } from './frame.js';

/** What ffmpeg, mpv and GStreamer know the codecs by. */
const FOURCC: Readonly<Partial<Record<Codec, string>>> = {
  vp8: 'VP80',
  vp9: 'VP90',
  av1: 'AV01',
  h264: 'H264',
};
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 12;
/** Ticks a second of all times. */
const RATE = 1_000;

/**
 * The beginning of an IVF file: the plainest container of encoded pictures (multimedia.cx wiki, "Duck IVF"), little
 * endian; H.264 is in it as it is sent, with start codes. Throws RangeError for a codec of sound.
 */
export function ivfHeader(
  codec: Codec,
  { width, height }: Pick<VideoConfig, 'width' | 'height'>,
): Uint8Array {
  const fourcc = FOURCC[codec];
  if (!fourcc) throw new RangeError(`no pictures: ${codec}`);
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(ascii('DKIF'));
  view.setUint16(6, HEADER_BYTES, true);
  header.set(ascii(fourcc), 8);
  view.setUint16(12, width, true);
  view.setUint16(14, height, true);
  view.setUint32(16, RATE, true);
  view.setUint32(20, 1, true);
  return header;
}

/** One picture with what stands before it; `timeUs` since the first one. */
export function ivfFrame(payload: Uint8Array, timeUs: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.byteLength, true);
  view.setBigUint64(4, BigInt(Math.max(0, Math.round((timeUs * RATE) / 1e6))), true);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
