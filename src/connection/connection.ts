import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import type { Path } from '../discovery/discovery.js';
import { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { RoomKeys } from '../membership/room-keys.js';
import { RoomProof } from '../membership/room-proof.js';
import { TokenBucket } from '../token-bucket.js';
import type { Link, LinkEnd } from './link.js';
import { type RoomPeer, RoomSession, type SessionEnd } from './room-session.js';

export interface ProvenRoom {
  room: RoomKeys;
  /** 32 bytes that only the two ends of this stream know. */
  session: Uint8Array;
}

export interface ConnectionOptions {
  instance: string;
  id: PeerId;
  clock: Clock;
  /** Rooms that this node is in now. */
  joined: () => readonly RoomKeys[];
  /** Starts a proof with this node's identity. */
  proof: (link: Link, rooms: readonly RoomKeys[]) => RoomProof;
  onSession: (session: RoomSession) => void;
  /** Whether a further stream of this instance is being proven. */
  isExpected: () => boolean;
  /** The proof of a further room is over, well or not. */
  onProofOver: (proof: RoomProof) => void;
  onViolation: (err: ProtocolError) => void;
  /** No stream is left. */
  onEnd: () => void;
}

const PROOFS_PER_SECOND = 1;
const PROOFS_BURST = 16;

/**
 * The one connection to a running instance, whatever streams carry it one after the other.
 *
 * 1. Sessions are on one stream, `#link`; an older stream lives on only until its sessions have moved, or as long as
 *    a proof may take.
 * 2. Every stream of a connection belongs to one identity: another one ends the stream.
 * 3. Only the initiator of a stream greets; the other end asks to be greeted.
 * 4. Who has not said goodbye is not gone before `replacedStreamGraceMs` have passed without another stream: while
 *    streams replace one another there is one steady member.
 */
export class Connection implements RoomPeer {
  readonly instance: string;
  readonly id: PeerId;
  readonly #options: ConnectionOptions;
  readonly #sessions = new Map<string, RoomSession>();
  readonly #wanted = new Map<string, RoomKeys>();
  readonly #greetings: TokenBucket;
  #link: Link;
  /** Of streams that this one has replaced. */
  #earlierBytes = 0;
  /** Runs while the stream has ended without a farewell and another one may take over. */
  #awaited: Timer | null = null;
  #older: { link: Link; grace: Timer } | null = null;
  #proof: { run: RoomProof; deadline: Timer } | null = null;

  constructor(link: Link, options: ConnectionOptions) {
    this.instance = options.instance;
    this.id = options.id;
    this.#options = options;
    this.#link = link;
    this.#greetings = new TokenBucket(options.clock, { perSecond: PROOFS_PER_SECOND, burst: PROOFS_BURST });
  }

  get path(): Path {
    return this.#link.path;
  }

  set path(path: Path) {
    this.#link.path = path;
  }

  get address(): string {
    return this.#link.address;
  }

  get rttMs(): number | null {
    return this.#link.rttMs;
  }

  get bytesPerSecond(): number {
    return this.#link.bytesPerSecond;
  }

  get bytes(): number {
    return this.#earlierBytes + this.#link.bytes;
  }

  get link(): Link {
    return this.#link;
  }

  get sessions(): ReadonlyMap<string, RoomSession> {
    return this.#sessions;
  }

  /** Rooms were proven on `link`, which is the connection's own or a better one; sessions begin or move there. */
  adopt(link: Link, rooms: readonly ProvenRoom[]): void {
    if (link !== this.#link) this.#replace(link);
    for (const { room, session } of rooms) this.#begin(link, room, session);
    const left = [...this.#sessions.values()].filter((session) => !session.isOn(link));
    if (left.length === 0) this.#retireOlder();
    else this.want(this.#options.joined().filter(({ id }) => left.some(({ roomId }) => roomId === id)));
  }

  /** Discovery found this instance for these rooms: prove those that are not shared yet. */
  want(rooms: readonly RoomKeys[]): void {
    for (const room of rooms) {
      if (!this.#sessions.get(room.id)?.isOn(this.#link)) this.#wanted.set(room.id, room);
    }
    this.#proveNext();
  }

  /** This node left the room. */
  forget(roomId: string): void {
    this.#wanted.delete(roomId);
    this.#sessions.get(roomId)?.end('left');
  }

  /** A frame of a proof on the link channel. */
  onProof(link: Link, frame: Uint8Array): void {
    if (link !== this.#link) return; // what was begun on an older stream is begun anew on this one
    if (RoomProof.isAsk(frame)) return this.#onAsk(frame);
    if (RoomProof.isHello(frame)) {
      if (link.isInitiator) throw new ProtocolError('PROOF_MALFORMED'); // Invariant 3
      if (!this.#greetings.take()) throw new ProtocolError('MESSAGE_FLOOD');
      this.#startProof(this.#options.proof(link, this.#options.joined()));
    }
    const proof = this.#proof;
    if (!proof) return; // late: its deadline has passed
    const { send, outcome } = proof.run.receive(frame);
    for (const answer of send) link.sendProof(answer);
    if (outcome === 'waiting') return;
    this.#endProof();
    if (outcome === 'proven') {
      const identity = proof.run.remoteIdentity;
      if (!identity || b4a.toString(identity, 'hex') !== this.id)
        throw new ProtocolError('IDENTITY_MISMATCH'); // 2
      for (const { room, session } of proof.run.proven) this.#begin(link, room, session);
      if (![...this.#sessions.values()].some((session) => !session.isOn(link))) this.#retireOlder();
    }
    this.#proveNext();
  }

  /** A stream of this connection is gone. */
  onLinkClosed(link: Link, why: LinkEnd): void {
    const end = why === 'leaving' || why === 'full' ? 'left' : 'lost';
    if (this.#older?.link === link) {
      // Otherwise the peer has seen the last room move, by the other stream, as this end is about to.
      if (end === 'left') this.#endSessions(end, (session) => session.isOn(link));
      return;
    }
    if (link !== this.#link) return;
    this.#endProof();
    this.#retireOlder();
    // Invariant 4: the peer has proven a better stream that this end still waits for the last frame of, two streams
    // crossed and what carries them has ended one, or a path broke and there is another.
    if (why === 'replaced' || why === 'lost') this.#await(end);
    else this.#finish(end);
  }

  /** Every proof that is waited for has its own deadline. */
  #await(end: SessionEnd): void {
    this.#awaited = this.#options.clock.after(LIMITS.replacedStreamGraceMs, () =>
      this.#options.isExpected() ? this.#await(end) : this.#finish(end),
    );
  }

  #finish(end: SessionEnd): void {
    this.#endSessions(end);
    this.#options.onEnd();
  }

  /** Ends the connection; resolves when its stream is gone. */
  async close(): Promise<void> {
    this.#endProof();
    this.#retireOlder();
    if (this.#awaited) {
      this.#awaited.cancel();
      this.#awaited = null;
      return this.#finish('left');
    }
    await this.#link.close('leaving');
  }

  /** Sessions move in `adopt`; those whose rooms are not proven on the new stream in time end. */
  #replace(link: Link): void {
    this.#retireOlder();
    this.#endProof();
    this.#awaited?.cancel();
    this.#awaited = null;
    const link0 = this.#link;
    this.#earlierBytes += link0.bytes;
    const grace = this.#options.clock.after(LIMITS.proofDeadlineMs, () => {
      this.#retireOlder();
      this.#endSessions('lost', (session) => !session.isOn(this.#link));
    });
    this.#older = { link: link0, grace };
    this.#link = link;
  }

  #retireOlder(): void {
    const older = this.#older;
    this.#older = null;
    older?.grace.cancel();
    void older?.link.close('replaced');
  }

  #begin(link: Link, room: RoomKeys, key: Uint8Array): void {
    this.#wanted.delete(room.id);
    if (!this.#options.joined().some(({ id }) => id === room.id)) return; // left while the proof ran
    const session = this.#sessions.get(room.id);
    if (session && !session.isOn(link)) return session.attach(link, key);
    session?.end('left'); // the peer left and came back faster than its channels closed
    const fresh = new RoomSession(room.id, this, this.#options.onViolation);
    this.#sessions.set(room.id, fresh);
    fresh.onEnd(() => {
      if (this.#sessions.get(room.id) === fresh) this.#sessions.delete(room.id);
    });
    fresh.attach(link, key);
    this.#options.onSession(fresh);
  }

  #endSessions(end: SessionEnd, which: (session: RoomSession) => boolean = () => true): void {
    for (const session of [...this.#sessions.values()]) if (which(session)) session.end(end);
  }

  #proveNext(): void {
    if (this.#proof || this.#wanted.size === 0 || this.#link.closed) return;
    const rooms = [...this.#wanted.values()];
    this.#wanted.clear();
    const link = this.#link;
    if (!link.isInitiator) return link.sendProof(RoomProof.ask(rooms, link.handshakeHash));
    const run = this.#options.proof(link, rooms);
    this.#startProof(run);
    const hello = run.start();
    if (hello) link.sendProof(hello);
  }

  #onAsk(frame: Uint8Array): void {
    if (!this.#link.isInitiator) throw new ProtocolError('PROOF_MALFORMED'); // Invariant 3
    if (!this.#greetings.take()) throw new ProtocolError('MESSAGE_FLOOD');
    this.want(RoomProof.matchAsk(frame, this.#options.joined(), this.#link.handshakeHash));
  }

  #startProof(run: RoomProof): void {
    this.#endProof();
    const deadline = this.#options.clock.after(LIMITS.proofDeadlineMs, () => {
      this.#endProof();
      this.#proveNext();
    });
    this.#proof = { run, deadline };
  }

  #endProof(): void {
    const proof = this.#proof;
    this.#proof = null;
    if (!proof) return;
    proof.deadline.cancel();
    this.#options.onProofOver(proof.run);
  }
}
