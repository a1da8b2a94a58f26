import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { CODECS, type Codec } from './codecs.js';

/**
 * One encoded frame, as it goes between the page and its node and, in parts, between nodes (PROTOCOL.md [V1]): 24 bytes
 * little-endian, a configuration on video key frames, the payload. Runs in Node and in the browser.
 *
 * ```
 *  0 u8  type       0x11 video, 0x12 audio
 *  1 u8  flags      1 key, 2 discardable, 4 has a configuration, 8 second encoding, bits 4 to 6 temporal layer
 *  2 u16 stream     of its sender
 *  4 u32 seq        one more with each frame of one encoding
 *  8 f64 captureUs  whole microseconds, one clock for all tracks of a sender
 * 16 u32 durationUs
 * 20 u16 configuration's length
 * 22 u16 reference  video: how many frames back is the newest one that it needs, 0 on key frames; audio: its level
 * ```
 */
export interface FrameHeader {
  readonly kind: 'video' | 'audio';
  readonly key: boolean;
  /** Nothing refers to it but frames of higher layers. */
  readonly discardable: boolean;
  /** The smaller of two encodings of one track. */
  readonly small: boolean;
  /** Temporal layer, 0 to 2. */
  readonly layer: number;
  readonly stream: number;
  readonly seq: number;
  readonly captureUs: number;
  readonly durationUs: number;
  /** Video: frames back to the newest one that it needs. Audio: 0 loudest to 127 silence (RFC 6464), 255 unknown. */
  readonly reference: number;
}

export interface Frame {
  readonly header: FrameHeader;
  /** Empty but on video key frames. */
  readonly config: Uint8Array;
  readonly payload: Uint8Array;
}

/** What a decoder needs to know of a video track; it rides on every key frame, so that who comes late needs nothing else. */
export interface VideoConfig {
  readonly width: number;
  readonly height: number;
  /** As `VideoDecoderConfig.codec`, such as `vp09.00.31.08`. */
  readonly codec: string;
  /** As `VideoDecoderConfig.description`; empty where there is none. */
  readonly description: Uint8Array;
}

export const FRAME_HEADER_BYTES = 24;
const CONFIG_HEADER_BYTES = 5;
const VIDEO = 0x11;
const AUDIO = 0x12;
const KEY = 1;
const DISCARDABLE = 2;
const HAS_CONFIG = 4;
const SMALL = 8;
const LAYER_SHIFT = 4;
const MAX_LAYER = 2;
const UNUSED_FLAGS = 0x80;
const LEVEL_UNKNOWN = 255;

/** A frame with a copy of `config` and `payload`. Throws RangeError where it would be too long to be taken. */
export function encodeFrame({ header, config, payload }: Frame): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + config.byteLength + payload.byteLength);
  if (frame.byteLength > maxBytes(header.kind) || config.byteLength > LIMITS.mediaConfigBytes)
    throw new RangeError(`frame of ${frame.byteLength} bytes`);
  const view = viewOf(frame);
  const flags =
    (header.key ? KEY : 0) |
    (header.discardable ? DISCARDABLE : 0) |
    (config.byteLength > 0 ? HAS_CONFIG : 0) |
    (header.small ? SMALL : 0) |
    (header.layer << LAYER_SHIFT);
  view.setUint8(0, header.kind === 'video' ? VIDEO : AUDIO);
  view.setUint8(1, flags);
  view.setUint16(2, header.stream, true);
  view.setUint32(4, header.seq, true);
  view.setFloat64(8, header.captureUs, true);
  view.setUint32(16, header.durationUs, true);
  view.setUint16(20, config.byteLength, true);
  view.setUint16(22, header.reference, true);
  frame.set(config, FRAME_HEADER_BYTES);
  frame.set(payload, FRAME_HEADER_BYTES + config.byteLength);
  return frame;
}

/**
 * Reads a frame whole. `config` and `payload` are views of `frame`. Throws ProtocolError MESSAGE_TOO_LARGE or
 * MESSAGE_MALFORMED for whatever `encodeFrame` cannot have made of a frame that makes sense.
 */
export function decodeFrame(frame: Uint8Array): Frame {
  if (frame.byteLength < FRAME_HEADER_BYTES) throw new ProtocolError('MESSAGE_MALFORMED');
  const view = viewOf(frame);
  const type = view.getUint8(0);
  const flags = view.getUint8(1);
  const configBytes = view.getUint16(20, true);
  const header: FrameHeader = {
    kind: type === AUDIO ? 'audio' : 'video',
    key: (flags & KEY) !== 0,
    discardable: (flags & DISCARDABLE) !== 0,
    small: (flags & SMALL) !== 0,
    layer: (flags & ~UNUSED_FLAGS) >> LAYER_SHIFT,
    stream: view.getUint16(2, true),
    seq: view.getUint32(4, true),
    captureUs: view.getFloat64(8, true),
    durationUs: view.getUint32(16, true),
    reference: view.getUint16(22, true),
  };
  if (frame.byteLength > maxBytes(header.kind)) throw new ProtocolError('MESSAGE_TOO_LARGE');
  const payloadAt = FRAME_HEADER_BYTES + configBytes;
  const sound =
    (type === VIDEO || type === AUDIO) &&
    (flags & UNUSED_FLAGS) === 0 &&
    ((flags & HAS_CONFIG) !== 0) === configBytes > 0 &&
    configBytes <= LIMITS.mediaConfigBytes &&
    payloadAt < frame.byteLength &&
    Number.isSafeInteger(header.captureUs) &&
    header.captureUs >= 0 &&
    (header.kind === 'video' ? isVideo(header, configBytes) : isAudio(header, configBytes));
  if (!sound) throw new ProtocolError('MESSAGE_MALFORMED');
  return {
    header,
    config: frame.subarray(FRAME_HEADER_BYTES, payloadAt),
    payload: frame.subarray(payloadAt),
  };
}

/** Gives a frame that was decoded, and so makes sense, another stream's number, in place. */
export function setStream(frame: Uint8Array, stream: number): void {
  viewOf(frame).setUint16(2, stream, true);
}

export function encodeConfig({ width, height, codec, description }: VideoConfig): Uint8Array {
  const name = Uint8Array.from(codec, (letter) => letter.charCodeAt(0));
  const config = new Uint8Array(CONFIG_HEADER_BYTES + name.byteLength + description.byteLength);
  if (config.byteLength > LIMITS.mediaConfigBytes || name.byteLength > LIMITS.mediaCodecBytes)
    throw new RangeError(`configuration of ${config.byteLength} bytes`);
  const view = viewOf(config);
  view.setUint16(0, width, true);
  view.setUint16(2, height, true);
  view.setUint8(4, name.byteLength);
  config.set(name, CONFIG_HEADER_BYTES);
  config.set(description, CONFIG_HEADER_BYTES + name.byteLength);
  return config;
}

/**
 * The configuration of a track that is said to be of `codec`. Throws ProtocolError MESSAGE_MALFORMED if it is another's
 * or out of bounds, so that no decoder is ever asked for more than was agreed to be watched.
 */
export function decodeConfig(config: Uint8Array, codec: Codec): VideoConfig {
  if (config.byteLength < CONFIG_HEADER_BYTES) throw new ProtocolError('MESSAGE_MALFORMED');
  const view = viewOf(config);
  const [width, height, nameBytes] = [view.getUint16(0, true), view.getUint16(2, true), view.getUint8(4)];
  const name = config.subarray(CONFIG_HEADER_BYTES, CONFIG_HEADER_BYTES + nameBytes);
  const text = String.fromCharCode(...name);
  const fits =
    name.byteLength === nameBytes &&
    nameBytes <= LIMITS.mediaCodecBytes &&
    CODEC_STRING.test(text) &&
    CODECS[codec].strings.some((start) => text.startsWith(start)) &&
    width > 0 &&
    height > 0 &&
    Math.max(width, height) <= LIMITS.mediaWidth &&
    width * height <= LIMITS.mediaWidth * LIMITS.mediaHeight;
  if (!fits) throw new ProtocolError('MESSAGE_MALFORMED');
  return { width, height, codec: text, description: config.subarray(CONFIG_HEADER_BYTES + nameBytes) };
}

const CODEC_STRING = /^[A-Za-z0-9.]+$/;

const isVideo = (header: FrameHeader, configBytes: number): boolean =>
  header.layer <= MAX_LAYER &&
  header.key === (header.reference === 0) &&
  header.key === configBytes > 0 &&
  header.reference <= header.seq &&
  header.discardable === header.layer > 0 &&
  !(header.key && header.discardable);

const isAudio = (header: FrameHeader, configBytes: number): boolean =>
  configBytes === 0 &&
  header.layer === 0 &&
  !header.discardable &&
  !header.small &&
  (header.reference <= 127 || header.reference === LEVEL_UNKNOWN);

const maxBytes = (kind: FrameHeader['kind']) =>
  kind === 'video' ? LIMITS.mediaFrameBytes : LIMITS.mediaAudioFrameBytes;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
