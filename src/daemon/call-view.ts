import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import type { ChatterNode } from '../node/node.js';
import type { Call, CallChange, CallMember, CallTrack } from '../room/call-roster.js';
import type { Room } from '../room/room.js';
import type { EventBody, Params, Person, Result } from './api.js';
import type { CallInfo, CallMemberInfo, MediaResult, TrackInfo } from './call-api.js';

type PersonOf = (id: PeerId, name: string) => Person;

/** Calls as the API shows them. */
export class CallView {
  readonly #node: ChatterNode;
  readonly #person: PersonOf;
  readonly #tell: (event: EventBody) => void;

  constructor(node: ChatterNode, person: PersonOf, tell: (event: EventBody) => void) {
    this.#node = node;
    this.#person = person;
    this.#tell = tell;
  }

  watch(room: Room): void {
    const { call } = room;
    call.on('change', (change) => {
      // A node that ends leaves its calls, and has nobody any more to tell it to.
      if (!this.#node.closing) this.#onChange(room, change);
    });
    call.on('ringing', ({ from, call: id, direct }) => {
      if (this.#node.trust.marks(from).muted) return;
      this.#tell({ type: 'call-ringing', ...refOf(room, id), from: this.#named(room, from), direct });
    });
    call.on('ring-ended', ({ from, call: id, direct, end }) => {
      if (this.#node.trust.marks(from).muted) return;
      const ring = { ...refOf(room, id), from: this.#named(room, from), direct };
      this.#tell({ type: 'call-ring-ended', ...ring, reason: end });
    });
    call.on('ring-outcome', ({ to, call: id, outcome }) =>
      this.#tell({
        type: 'call-ring-answer',
        ...refOf(room, id),
        to: this.#named(room, to),
        answer: outcome,
      }),
    );
  }

  calls({ room }: Params<'calls'>): Result<'calls'> {
    const rooms = room === undefined ? [...this.#node.rooms.values()] : [this.#node.room(room)];
    return rooms.flatMap((each) => each.call.calls.map((call) => this.info(each, call)));
  }

  tracks({ room, from }: Params<'call-tracks'>): Result<'call-tracks'> {
    const joined = this.#node.room(room);
    const wanted = from === undefined ? null : this.#node.personId(from);
    return joined.call.calls.flatMap((call) =>
      call.members
        .filter(({ id, instance }) => instance !== joined.instance && (wanted === null || id === wanted))
        .flatMap(({ id, instance, tracks }) =>
          tracks.map((track) => ({
            ...asTrack(track),
            peer: this.#named(joined, id),
            member: instance,
            direct: call.direct && this.#named(joined, call.direct),
          })),
        ),
    );
  }

  ring({ room, to }: Params<'call-ring'>): Result<'call-ring'> {
    const joined = this.#node.room(room);
    joined.call.ring(this.personHere(joined, to));
    return {};
  }

  decline({ room, call }: Params<'call-decline'>): Result<'call-decline'> {
    this.#node.room(room).call.decline(call);
    return {};
  }

  room(ref: string): Room {
    return this.#node.room(ref);
  }

  /** Leaves the call of any room but `room`: a node is in one call at a time. */
  leaveOthers(room: Room): void {
    for (const other of this.#node.rooms.values()) if (other !== room) other.call.leave();
  }

  /** The one person that `ref` means, who must be in the room now. Throws PEER_UNKNOWN, PEER_AMBIGUOUS, PEER_SELF, NOBODY_THERE. */
  personHere(room: Room, ref: string): PeerId {
    const id = this.#node.personId(ref);
    if (!room.members.some((member) => member.id === id)) throw new ChatterError('NOBODY_THERE');
    return id;
  }

  info(room: Room, call: Call): CallInfo {
    return {
      ...refOf(room, call.id),
      direct: call.direct && this.#named(room, call.direct),
      started: asIso(call.startedMs),
      joined: call.joined,
      members: call.members.map((member) => this.#member(room, member)),
    };
  }

  paths(room: Room): MediaResult<'stats'>['peers'] {
    return room.call.paths.map(({ id, instance, path, framesSent, framesDropped }) => {
      const link = room.members.flatMap(({ peers }) => peers).find((peer) => peer.instance === instance);
      const { targetBps, sentBytes, receivedBytes, queueMs } = path;
      return {
        peer: this.#named(room, id),
        member: instance,
        path: link?.path ?? null,
        rttMs: link?.rttMs ?? null,
        queueMs: Math.round(queueMs),
        targetBps: Math.round(targetBps),
        sentBytes,
        receivedBytes,
        framesSent,
        framesDropped,
      };
    });
  }

  #onChange(room: Room, change: CallChange): void {
    const { call, type } = change;
    const ref = refOf(room, call.id);
    const { id: own } = this.#node.identity;
    const who = ({ id, instance }: CallMember) => ({
      peer: this.#named(room, id),
      self: id === own && instance === room.instance,
    });
    switch (type) {
      case 'started': {
        const [first] = call.members;
        const by = this.#named(room, first?.id ?? own);
        return this.#tell({ type: 'call-started', ...ref, by, direct: this.info(room, call).direct });
      }
      case 'ended':
        return this.#tell({ type: 'call-ended', ...ref });
      case 'joined':
      case 'left':
        return this.#tell({ type: `call-${type}`, ...ref, ...who(change.member) });
      case 'track-started':
      case 'track-stopped': {
        const { kind, id: track } = change.track;
        return this.#tell({ type, ...ref, ...who(change.member), kind, track });
      }
      case 'changed':
        return this.#tell({ type: 'call-changed', ...ref, info: this.info(room, call) });
    }
  }

  #member(room: Room, member: CallMember): CallMemberInfo {
    return {
      peer: this.#named(room, member.id),
      member: member.instance,
      self: member.instance === room.instance,
      hand: member.hand,
      decodes: [...member.decodes],
      since: asIso(member.sinceMs),
      tracks: member.tracks.map(asTrack),
    };
  }

  #named(room: Room, id: PeerId): Person {
    const name =
      id === this.#node.identity.id ? room.name : room.members.find((member) => member.id === id)?.name;
    return this.#person(id, name ?? this.#node.person(id).names[0] ?? '');
  }
}

const refOf = (room: Room, call: string) => ({ room: room.label, roomId: room.keys.id, call });

/** The latest time that Date knows bounds what a peer may have said. */
const asIso = (ms: number) => new Date(Math.min(ms, 8.64e15)).toISOString();

const asTrack = ({ id, kind, codec, paused, encodings, width, height }: CallTrack): TrackInfo => ({
  track: id,
  kind,
  codec,
  paused,
  encodings,
  width,
  height,
});
