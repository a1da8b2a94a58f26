import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { bytes, fixed, list, record, uint } from '../protocol/codec.js';
import { CODEC_NAMES, TRACK_KINDS } from './codecs.js';

/** A call's 16 random bytes. */
export const CALL_ID_BYTES = 16;

/** A track that somebody offers to those who are in a call with them. */
export interface WireTrack {
  readonly stream: number;
  /** Index in `TRACK_KINDS`, and in `CODEC_NAMES`. */
  readonly kind: number;
  readonly codec: number;
  readonly paused: number;
  /** 1, or 2 where there is a smaller encoding too. */
  readonly encodings: number;
  /** As it was when the track began; 0 for sound. */
  readonly width: number;
  readonly height: number;
}

/** How a member is in a call, as far as the receiver of this is concerned. */
export interface WireCall {
  readonly call: Uint8Array;
  /** 1: it is a call with the receiver alone. */
  readonly direct: number;
  /** Milliseconds since 1970, for showing only. */
  readonly startedMs: number;
  readonly sinceMs: number;
  readonly hand: number;
  readonly decodes: number;
  readonly tracks: WireTrack[];
}

/** What the sender of this takes of one track of the receiver's. */
export interface Want {
  readonly stream: number;
  /** 1: the smaller encoding. */
  readonly small: number;
  /** The highest temporal layer. */
  readonly layer: number;
}

const u16 = uint(2 ** 16 - 1);
const bit = uint(1);
const callId = fixed(CALL_ID_BYTES);
const wall = uint(Number.MAX_SAFE_INTEGER);
const bytesSoFar = uint(Number.MAX_SAFE_INTEGER);

const track = record<WireTrack>({
  stream: u16,
  kind: uint(TRACK_KINDS.length - 1),
  codec: uint(CODEC_NAMES.length - 1),
  paused: bit,
  encodings: uint(2),
  width: uint(LIMITS.mediaWidth),
  height: uint(LIMITS.mediaWidth),
});

const call = record<WireCall>({
  call: callId,
  direct: bit,
  startedMs: wall,
  sinceMs: wall,
  hand: bit,
  decodes: uint(2 ** 16 - 1),
  tracks: list(track, LIMITS.mediaTracks),
});

const want = record<Want>({ stream: u16, small: bit, layer: uint(2) });

/** What a ring says. */
export const RINGS = ['off', 'on', 'answered'] as const;
export type Ring = (typeof RINGS)[number];

/** Of a ring that is answered: `ringing` says that it is heard. */
export const RING_ANSWERS = ['ringing', 'declined', 'busy', 'missed'] as const;
export type RingAnswer = (typeof RING_ANSWERS)[number];

/** Besides the bytes of a frame: numbers of a part. */
const PART_HEADER_BYTES = 24;

/** `chatter/media/1`: who is in a call, who takes what of whom, and the frames (PROTOCOL.md [V2] to [V7]). */
export const mediaChannel = defineChannel('chatter/media/1', {
  /** The sender's whole state, at each change: none, or the one call it is in. */
  state: message('urgent', 512, record<{ calls: WireCall[] }>({ calls: list(call, 1) })),
  /** Asks the receiver into a call; or no longer, since nobody answered or another machine of theirs did. */
  ring: message(
    'urgent',
    24,
    record<{ call: Uint8Array; direct: number; ring: number }>({
      call: callId,
      direct: bit,
      ring: uint(RINGS.length - 1),
    }),
  ),
  answer: message(
    'urgent',
    24,
    record<{ call: Uint8Array; answer: number }>({ call: callId, answer: uint(RING_ANSWERS.length - 1) }),
  ),
  /** All that the sender takes of the receiver's tracks, at each change; nothing else may be sent to it. */
  wants: message('urgent', 128, record<{ wants: Want[] }>({ wants: list(want, LIMITS.mediaTracks) })),
  /** The next frame of this encoding is to be a key frame. */
  key: message('urgent', 8, record<{ stream: number; small: number }>({ stream: u16, small: bit })),
  /** A whole frame of sound ([V1]). */
  sound: message('live', LIMITS.mediaAudioFrameBytes + 8, bytes(LIMITS.mediaAudioFrameBytes)),
  /** A piece of a video frame ([V1]), so that sound need not wait for the whole of it. */
  part: message(
    'live',
    LIMITS.mediaPartBytes + PART_HEADER_BYTES,
    record<{ stream: number; at: number; of: number; bytes: Uint8Array }>({
      stream: u16,
      at: uint(LIMITS.mediaFrameBytes),
      of: uint(LIMITS.mediaFrameBytes),
      bytes: bytes(LIMITS.mediaPartBytes),
    }),
  ),
  /** Bytes of `sound` and `part` taken since the channel opened, and for how long the newest was held back here. */
  received: message(
    'urgent',
    16,
    record<{ bytes: number; heldMs: number }>({ bytes: bytesSoFar, heldMs: uint(1000) }),
  ),
  /** Datagrams of sound ([V7]) that have come since the channel opened. */
  heard: message('urgent', 16, record<{ datagrams: number }>({ datagrams: uint(Number.MAX_SAFE_INTEGER) })),
});
