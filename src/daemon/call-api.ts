import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { CODEC_NAMES, TRACK_KINDS } from '../media/codecs.js';

const person = z.object({
  id: z.string(),
  name: z.string(),
  tag: z.string(),
  verified: z.boolean().optional(),
  muted: z.boolean().optional(),
});
const roomRef = z.string();
const personRef = z.string();
const u16 = z.number().int().min(0).max(65_535);
const size = z.number().int().min(0).max(LIMITS.mediaWidth);
const codec = z.enum(CODEC_NAMES);
const nothing = z.object({});

export const TrackInfo = z.object({
  /** Names it at this node, for `consume`. */
  track: z.string(),
  kind: z.enum(TRACK_KINDS),
  codec,
  paused: z.boolean(),
  /** 2: there is a smaller one too. */
  encodings: z.union([z.literal(1), z.literal(2)]),
  /** As they were when it began; 0 for sound. */
  width: z.number(),
  height: z.number(),
});

export const CallMemberInfo = z.object({
  peer: person,
  /** The running instance: a person may be in a call by two machines. */
  member: z.string(),
  self: z.boolean(),
  hand: z.boolean(),
  decodes: z.array(codec),
  /** ISO 8601. */
  since: z.string(),
  tracks: z.array(TrackInfo),
});

export const CallInfo = z.object({
  room: z.string(),
  roomId: z.string(),
  call: z.string(),
  /** The other one of a call of two; null is the room's. */
  direct: person.nullable(),
  started: z.string(),
  /** This node is in it. */
  joined: z.boolean(),
  members: z.array(CallMemberInfo),
});

/** Requests about calls; a part of `REQUESTS`. */
export const CALL_REQUESTS = {
  /** Calls that are known here, one's own or not. */
  calls: { params: z.object({ room: roomRef.optional() }), result: z.array(CallInfo) },
  /** What others show and sound in calls that are known here; `from` one of them. */
  'call-tracks': {
    params: z.object({ room: roomRef, from: personRef.optional() }),
    result: z.array(TrackInfo.extend({ peer: person, member: z.string(), direct: person.nullable() })),
  },
  /** Rings somebody into the call that this node is in. */
  'call-ring': { params: z.object({ room: roomRef, to: personRef }), result: nothing },
  /** Ends the ringing here; whoever rings is told. */
  'call-decline': { params: z.object({ room: roomRef, call: z.string() }), result: nothing },
  /** Lets one media socket in, once and soon. */
  'media-ticket': { params: nothing, result: z.object({ ticket: z.string() }) },
} as const;

const consumer = u16;
const producer = u16;

/** What a media socket may ask; `params` is checked by the server, `result` is the shape that it promises. */
export const MEDIA_REQUESTS = {
  /**
   * Starts the room's call or joins it; with `to` the one with that person, who is rung unless they are in it.
   * CALL_ELSEWHERE where another socket has this node's call, unless `move`. With `watch` others may have it: nothing
   * can be shown then.
   */
  join: {
    params: z.object({
      room: roomRef,
      to: personRef.optional(),
      decodes: z.array(codec).max(CODEC_NAMES.length),
      move: z.boolean().optional(),
      watch: z.boolean().optional(),
    }),
    result: CallInfo,
  },
  leave: { params: nothing, result: nothing },
  hand: { params: z.object({ up: z.boolean() }), result: nothing },
  produce: {
    params: z.object({
      kind: z.enum(TRACK_KINDS),
      codec,
      encodings: z.union([z.literal(1), z.literal(2)]).optional(),
      width: size.optional(),
      height: size.optional(),
    }),
    /** `producer` is the stream of its frames. */
    result: z.object({ producer, track: z.string() }),
  },
  'close-producer': { params: z.object({ producer }), result: nothing },
  'pause-producer': { params: z.object({ producer, paused: z.boolean() }), result: nothing },
  consume: {
    params: z.object({ track: z.string().max(128), paused: z.boolean().optional() }),
    /** `consumer` is the stream of its frames. */
    result: z.object({ consumer, kind: z.enum(TRACK_KINDS), codec }),
  },
  'close-consumer': { params: z.object({ consumer }), result: nothing },
  'set-consumer': {
    params: z.object({
      consumer,
      paused: z.boolean().optional(),
      small: z.boolean().optional(),
      temporal: z.number().int().min(0).max(2).optional(),
    }),
    result: nothing,
  },
  key: { params: z.object({ consumer }), result: nothing },
  stats: {
    params: nothing,
    result: z.object({
      peers: z.array(
        z.object({
          peer: person,
          member: z.string(),
          path: z.string().nullable(),
          rttMs: z.number().nullable(),
          /** What stands in the path before what is sent now. */
          queueMs: z.number(),
          targetBps: z.number(),
          /** Since the stream began. */
          sentBytes: z.number(),
          receivedBytes: z.number(),
          framesSent: z.number(),
          framesDropped: z.number(),
        }),
      ),
      producers: z.array(
        z.object({ producer, small: z.boolean(), active: z.boolean(), bitrateBps: z.number() }),
      ),
    }),
  },
} as const;

export type MediaMethod = keyof typeof MEDIA_REQUESTS;
export type MediaParams<M extends MediaMethod> = z.input<(typeof MEDIA_REQUESTS)[M]['params']>;
export type MediaResult<M extends MediaMethod> = z.output<(typeof MEDIA_REQUESTS)[M]['result']>;
export type CallInfo = z.output<typeof CallInfo>;
export type CallMemberInfo = z.output<typeof CallMemberInfo>;
export type TrackInfo = z.output<typeof TrackInfo>;

/** The first frame of a media socket. `ticket` may be left out where the upgrade request bore the token. */
export const MediaHello = z.object({ hello: z.literal(1), ticket: z.string().max(64).optional() });

/** Bytes of binary messages that the page has taken since the socket opened. */
export const MediaGot = z.object({ got: z.number().int().min(0) });

/** What a media socket is told besides answers. */
export type MediaEvent =
  | { event: 'call'; info: CallInfo }
  /** What an encoder should make; `encoding` 1 is the smaller one. */
  | {
      event: 'rate';
      producer: number;
      encoding: 0 | 1;
      active: boolean;
      bitrateBps: number;
      skip: boolean;
      temporal: number;
    }
  /** The next frame of this encoding is to be a key frame. */
  | { event: 'key'; producer: number; encoding: 0 | 1 }
  | { event: 'consumer-closed'; consumer: number }
  /** Another socket has the call now. */
  | { event: 'moved' }
  /** This node is in the call no more. */
  | { event: 'ended' };

type CallPerson = z.output<typeof person>;
interface InCall {
  room: string;
  roomId: string;
  call: string;
}

/** What happens to calls; a part of `EventBody`. */
export type CallEventBody = InCall &
  (
    | { type: 'call-started'; by: CallPerson; direct: CallPerson | null }
    | { type: 'call-ended' }
    | { type: 'call-joined' | 'call-left'; peer: CallPerson; self: boolean }
    | {
        type: 'track-started' | 'track-stopped';
        peer: CallPerson;
        self: boolean;
        kind: (typeof TRACK_KINDS)[number];
        track: string;
      }
    | { type: 'call-changed'; info: CallInfo }
    | { type: 'call-ringing'; from: CallPerson; direct: boolean }
    | {
        type: 'call-ring-ended';
        from: CallPerson;
        direct: boolean;
        reason: 'answered' | 'declined' | 'missed';
      }
    | {
        type: 'call-ring-answer';
        to: CallPerson;
        answer: 'ringing' | 'accepted' | 'declined' | 'missed' | 'busy';
      }
  );
