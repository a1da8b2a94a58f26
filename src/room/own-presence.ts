import { randomBytes } from 'node:crypto';
import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { type Codec, suits } from '../media/codecs.js';
import { CALL_ID_BYTES } from '../media/media-channel.js';
import { type Call, type CallMember, type CallPresence, type CallTrack, trackId } from './call-roster.js';

/** What somebody begins to show or sound. */
export type NewTrack = Pick<CallTrack, 'kind' | 'codec' | 'encodings' | 'width' | 'height'>;

/**
 * How this node is in a call, and what it shows there.
 *
 * 1. Tracks are there only while it is in a call; streams are numbered anew for each, so that no frame of an older one is
 *    taken for one of it.
 */
export class OwnPresence {
  readonly #self: { id: PeerId; instance: string };
  readonly #clock: Clock;
  #now: CallPresence | null = null;
  #nextStream = 1;

  constructor(self: { id: PeerId; instance: string }, clock: Clock) {
    this.#self = self;
    this.#clock = clock;
  }

  /** Null while it is in none. */
  get now(): CallPresence | null {
    return this.#now;
  }

  get tracks(): readonly CallTrack[] {
    return this.#now?.member.tracks ?? [];
  }

  /** It is in the call with `direct`, or the room's, from now on: in the one that runs, or in a new one. */
  begin(direct: PeerId | null, running: Call | undefined, decodes: readonly Codec[]): void {
    const now = Math.round(this.#clock.wall());
    this.#now ??= {
      call: running?.id ?? b4a.toString(randomBytes(CALL_ID_BYTES), 'hex'),
      direct,
      startedMs: running?.startedMs ?? now,
      self: true,
      member: { ...this.#self, hand: false, decodes: [], sinceMs: now, tracks: [] },
    };
    this.change({ decodes });
  }

  end(): void {
    this.#now = null; // Invariant 1
  }

  /** Two calls that began at once are one, of this id. */
  adopt(call: string): void {
    if (this.#now) this.#now = { ...this.#now, call };
  }

  /** Throws CALL_UNKNOWN where it is in no call. */
  get(): CallPresence {
    if (!this.#now) throw new ChatterError('CALL_UNKNOWN', { message: 'This node is in no call here.' });
    return this.#now;
  }

  change(change: Partial<CallMember>): void {
    const presence = this.get();
    this.#now = { ...presence, member: { ...presence.member, ...change } };
  }

  /** Throws TRACKS_LIMIT, and API_BAD_REQUEST for a codec of another kind. */
  addTrack(track: NewTrack): CallTrack {
    const { tracks } = this.get().member;
    if (tracks.length >= LIMITS.mediaTracks) throw new ChatterError('TRACKS_LIMIT');
    if (!suits(track.kind, track.codec)) throw new ChatterError('API_BAD_REQUEST');
    const stream = this.#nextStream;
    this.#nextStream = (this.#nextStream % (2 ** 16 - 1)) + 1;
    const fresh = { ...track, id: trackId(this.#self.instance, stream), stream, paused: false };
    this.change({ tracks: [...tracks, fresh] });
    return fresh;
  }

  /** Throws TRACK_UNKNOWN, as `removeTrack` does. */
  pauseTrack(stream: number, paused: boolean): void {
    const track = this.#track(stream);
    this.change({ tracks: this.tracks.map((other) => (other === track ? { ...track, paused } : other)) });
  }

  removeTrack(stream: number): void {
    const track = this.#track(stream);
    this.change({ tracks: this.tracks.filter((other) => other !== track) });
  }

  /** The track of this stream, if it is shown. */
  track(stream: number): CallTrack | undefined {
    return this.tracks.find((own) => own.stream === stream);
  }

  #track(stream: number): CallTrack {
    const track = this.track(stream);
    if (!track) throw new ChatterError('TRACK_UNKNOWN');
    return track;
  }
}
