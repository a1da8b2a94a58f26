/** How a track is encoded. Their order is their number on the wire: append, never reorder. */
export const CODEC_NAMES = ['opus', 'vp8', 'vp9', 'h264', 'av1'] as const;
export type Codec = (typeof CODEC_NAMES)[number];

/** What a track shows or sounds. Their order is their number on the wire: append, never reorder. */
export const TRACK_KINDS = ['camera', 'microphone', 'screen', 'screen-sound'] as const;
export type TrackKind = (typeof TRACK_KINDS)[number];

export interface CodecDescription {
  readonly kind: 'audio' | 'video';
  readonly mimeType: string;
  /** The same in every Chatter, so that no peer needs another's numbers. */
  readonly payloadType: number;
  readonly clockRate: number;
  readonly channels?: number;
  /** Of RTP capabilities (RFC 7587, 6184, 9628). */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** What a decoder's codec string begins with (WebCodecs codec registry). */
  readonly strings: readonly string[];
}

export const CODECS: Readonly<Record<Codec, CodecDescription>> = {
  opus: {
    kind: 'audio',
    mimeType: 'audio/opus',
    payloadType: 111,
    clockRate: 48_000,
    channels: 2,
    parameters: { useinbandfec: 1 },
    strings: ['opus'],
  },
  vp8: {
    kind: 'video',
    mimeType: 'video/VP8',
    payloadType: 96,
    clockRate: 90_000,
    parameters: {},
    strings: ['vp8'],
  },
  vp9: {
    kind: 'video',
    mimeType: 'video/VP9',
    payloadType: 98,
    clockRate: 90_000,
    parameters: { 'profile-id': 0 },
    strings: ['vp09.'],
  },
  h264: {
    kind: 'video',
    mimeType: 'video/H264',
    payloadType: 102,
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    strings: ['avc1.', 'avc3.'],
  },
  av1: {
    kind: 'video',
    mimeType: 'video/AV1',
    payloadType: 104,
    clockRate: 90_000,
    parameters: {},
    strings: ['av01.'],
  },
};

/** True if `codec` can be what a track of this kind is encoded with. */
export const suits = (kind: TrackKind, codec: Codec): boolean =>
  (CODECS[codec].kind === 'audio') === isSound(kind);

export const isSound = (kind: TrackKind): boolean => kind === 'microphone' || kind === 'screen-sound';

/** A set of codecs as bits, the first of `CODEC_NAMES` being the lowest; bits of codecs that are unknown here are left out. */
export const codecsToBits = (codecs: readonly Codec[]): number =>
  CODEC_NAMES.reduce((bits, codec, i) => (codecs.includes(codec) ? bits | (1 << i) : bits), 0);

export const codecsFromBits = (bits: number): Codec[] => CODEC_NAMES.filter((_codec, i) => bits & (1 << i));
