import b4a from 'b4a';
import type { PeerId } from '../identity/peer-id.js';
import {
  CODEC_NAMES,
  type Codec,
  codecsFromBits,
  codecsToBits,
  suits,
  TRACK_KINDS,
  type TrackKind,
} from '../media/codecs.js';
import type { WireCall } from '../media/media-channel.js';

/** A track of somebody in a call. */
export interface CallTrack {
  /** Names it for this node: the instance that it comes from and its number there. */
  readonly id: string;
  readonly stream: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  readonly paused: boolean;
  readonly encodings: 1 | 2;
  readonly width: number;
  readonly height: number;
}

/** One running instance of somebody in a call. */
export interface CallMember {
  readonly id: PeerId;
  readonly instance: string;
  readonly hand: boolean;
  readonly decodes: readonly Codec[];
  /** Milliseconds since 1970 by that member's computer, for showing only. */
  readonly sinceMs: number;
  readonly tracks: readonly CallTrack[];
}

/** A call of a room as it stands. */
export interface Call {
  /** 32 hex digits. */
  readonly id: string;
  /** The other one of a call of two; null is the room's. */
  readonly direct: PeerId | null;
  readonly startedMs: number;
  /** Never empty; oneself among them where `joined`. */
  readonly members: readonly CallMember[];
  readonly joined: boolean;
}

/** How one instance says that it is in a call. */
export interface CallPresence {
  readonly call: string;
  readonly direct: PeerId | null;
  readonly startedMs: number;
  readonly member: CallMember;
  readonly self: boolean;
}

/** What `wire` says of an instance of `id`; tracks that make no sense are left out. */
export function presenceOf(wire: WireCall, id: PeerId, instance: string): CallPresence {
  const tracks = wire.tracks.map(
    ({ stream, kind, codec, paused, encodings, width, height }): CallTrack => ({
      id: trackId(instance, stream),
      stream,
      kind: TRACK_KINDS[kind] as TrackKind,
      codec: CODEC_NAMES[codec] as Codec,
      paused: paused === 1,
      encodings: encodings === 2 ? 2 : 1,
      width,
      height,
    }),
  );
  const streams = new Set<number>();
  const known = tracks.filter(({ stream, kind, codec }) => {
    const sensible = suits(kind, codec) && !streams.has(stream);
    streams.add(stream);
    return sensible;
  });
  return {
    call: b4a.toString(wire.call, 'hex'),
    direct: wire.direct === 1 ? id : null,
    startedMs: wire.startedMs,
    member: {
      id,
      instance,
      hand: wire.hand === 1,
      decodes: codecsFromBits(wire.decodes),
      sinceMs: wire.sinceMs,
      tracks: known,
    },
    self: false,
  };
}

/** What one's own presence looks like to somebody who is to see it. */
export function wireOf({ call, direct, startedMs, member }: CallPresence): WireCall {
  return {
    call: b4a.from(call, 'hex'),
    direct: direct ? 1 : 0,
    startedMs,
    sinceMs: member.sinceMs,
    hand: member.hand ? 1 : 0,
    decodes: codecsToBits(member.decodes),
    tracks: member.tracks.map(({ stream, kind, codec, paused, encodings, width, height }) => ({
      stream,
      kind: TRACK_KINDS.indexOf(kind),
      codec: CODEC_NAMES.indexOf(codec),
      paused: paused ? 1 : 0,
      encodings,
      width,
      height,
    })),
  };
}

export const trackId = (instance: string, stream: number): string => `${instance}-${stream}`;

/**
 * The calls that these presences make: one of the room, and one with each person who is in one with this node alone.
 * Two that began at once are one: the smaller id and the earlier start are its own.
 */
export function roster(presences: readonly CallPresence[]): Call[] {
  const calls = new Map<PeerId | null, CallPresence[]>();
  for (const presence of presences) {
    const members = calls.get(presence.direct) ?? [];
    members.push(presence);
    calls.set(presence.direct, members);
  }
  return [...calls].map(([direct, members]) => ({
    id: members.reduce((least, { call }) => (call < least ? call : least), members[0]?.call ?? ''),
    direct,
    startedMs: Math.min(...members.map(({ startedMs }) => startedMs)),
    members: members.map(({ member }) => member),
    joined: members.some(({ self }) => self),
  }));
}

export type CallChange =
  | { readonly type: 'started' | 'ended'; readonly call: Call }
  | { readonly type: 'joined' | 'left'; readonly call: Call; readonly member: CallMember }
  | {
      readonly type: 'track-started' | 'track-stopped';
      readonly call: Call;
      readonly member: CallMember;
      readonly track: CallTrack;
    }
  | { readonly type: 'changed'; readonly call: Call };

/** What happened between two states, in the order in which it is to be told. */
export function changes(before: readonly Call[], after: readonly Call[]): CallChange[] {
  const told: CallChange[] = [];
  for (const was of before) {
    const is = after.find(({ direct }) => direct === was.direct);
    for (const member of was.members) {
      const now = is?.members.find(({ instance }) => instance === member.instance);
      for (const track of member.tracks)
        if (!now?.tracks.some(({ id }) => id === track.id))
          told.push({ type: 'track-stopped', call: is ?? was, member, track });
      if (!now) told.push({ type: 'left', call: is ?? was, member });
    }
    if (!is) told.push({ type: 'ended', call: was });
  }
  for (const is of after) {
    const was = before.find(({ direct }) => direct === is.direct);
    if (!was) told.push({ type: 'started', call: is });
    for (const member of is.members) {
      const then = was?.members.find(({ instance }) => instance === member.instance);
      if (!then) told.push({ type: 'joined', call: is, member });
      for (const track of member.tracks)
        if (!then?.tracks.some(({ id }) => id === track.id))
          told.push({ type: 'track-started', call: is, member, track });
    }
    if (JSON.stringify(was) !== JSON.stringify(is)) told.push({ type: 'changed', call: is });
  }
  return told;
}
