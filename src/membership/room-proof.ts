import { randomBytes, randomInt } from 'node:crypto';
import { ProtocolError } from '../errors.js';
import {
  type CpaceContext,
  type CpaceKeys,
  type CpaceShare,
  cpaceKeys,
  cpaceShare,
  sameTag,
} from './cpace.js';
import { greet, greeted } from './greeting.js';
import { identityMessage, signedBy } from './identity-signature.js';
import {
  decodeAccept,
  decodeIdentity,
  decodeOffer,
  decodeProve,
  encodeAccept,
  encodeIdentity,
  encodeOffer,
  encodeProve,
  FRAME,
  frameType,
  MAX_ENTRIES,
} from './proof-frames.js';
import type { RoomKeys } from './room-keys.js';

/** Who speaks: a long-term key that signs. */
export interface ProofIdentity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes of Ed25519. */
  sign(message: Uint8Array): Uint8Array;
}

export interface RoomProofOptions {
  isInitiator: boolean;
  /** 64 bytes, the stream's. */
  handshakeHash: Uint8Array;
  /** 32 bytes each: the two ends' transport keys. */
  localKey: Uint8Array;
  remoteKey: Uint8Array;
  /** Initiator: those to greet with, at most eight count. Responder: all that it is in. */
  rooms: readonly RoomKeys[];
  /** Responder: whether the other end, which knows this room's name, may try its secret now. Default: yes. */
  mayTry?: (room: RoomKeys) => boolean;
  identity: ProofIdentity;
}

export interface ProvenRoom {
  room: RoomKeys;
  /** 32 bytes that only the two ends of this stream know. */
  session: Uint8Array;
}

/** `none`: no room in common. `failed`: a room in common, another secret. */
export type ProofOutcome = 'waiting' | 'proven' | 'none' | 'failed';

export interface ProofStep {
  send: Uint8Array[];
  outcome: ProofOutcome;
}

/** One entry of the OFFER: a room at this end, and this end's part of its run. */
interface Entry {
  room: RoomKeys;
  own: CpaceShare;
  /** Initiator: what the other end's share gave. */
  keys: CpaceKeys | null;
}

type State = 'start' | 'hello' | 'offer' | 'prove' | 'accept' | 'identity' | 'done' | 'over';

/**
 * The proof of membership on one stream (PROTOCOL.md section 4), without any input or output of its own: frames in,
 * frames out. `receive` throws ProtocolError for bytes that no honest peer sends, and never anything else.
 *
 * 1. Each end makes one guess an entry: the responder's tag follows only upon a right one of the initiator's.
 * 2. Everything is bound to this handshake, both transport keys, the tier and the roles: frames of another stream,
 *    or this end's own sent back, are of no use.
 * 3. The other end's identity is known before any room counts as proven.
 */
export class RoomProof {
  readonly #options: RoomProofOptions;
  readonly #entries = new Map<number, Entry>();
  readonly #wrong: RoomKeys[] = [];
  #guessable: RoomKeys[] = [];
  #roomsOfTag: RoomKeys[][] = [];
  #accepted: ProvenRoom[] = [];
  #remoteIdentity: Uint8Array | null = null;
  #state: State;

  constructor(options: RoomProofOptions) {
    this.#options = options;
    this.#state = options.isInitiator ? 'start' : 'hello';
  }

  /** Rooms that both ends have proven, once the outcome is `proven`; none before. */
  get proven(): readonly ProvenRoom[] {
    return this.#state === 'done' ? this.#accepted : [];
  }

  /** Rooms known to both ends by name, with another secret at the other end. */
  get wrong(): readonly RoomKeys[] {
    return this.#wrong;
  }

  /**
   * Rooms at whose secret the other end could test a guess in this run, without having shown that it knows it: each
   * as often as there were guesses.
   * To be asked when the run is over, however it ended: who guesses need not stay to hear that it was wrong.
   */
  get guessed(): readonly RoomKeys[] {
    return this.#guessable;
  }

  /** 32 bytes, once the outcome is `proven`. */
  get remoteIdentity(): Uint8Array | null {
    return this.#state === 'done' ? this.#remoteIdentity : null;
  }

  static isHello(frame: Uint8Array): boolean {
    return frameType(frame) === FRAME.hello;
  }

  static isAsk(frame: Uint8Array): boolean {
    return frameType(frame) === FRAME.ask;
  }

  /** ASK: the responder of a proven stream asks to be greeted for these rooms. */
  static ask(rooms: readonly RoomKeys[], handshakeHash: Uint8Array): Uint8Array {
    return greet(rooms, 'R', handshakeHash).frame;
  }

  /** Those of `rooms` that an ASK is for. */
  static matchAsk(frame: Uint8Array, rooms: readonly RoomKeys[], handshakeHash: Uint8Array): RoomKeys[] {
    return greeted(frame, rooms, 'R', handshakeHash).map(({ room }) => room);
  }

  /** The first frame, from the initiator; null from the responder. */
  start(): Uint8Array | null {
    if (this.#state !== 'start') return null;
    const { frame, roomsOfTag } = greet(this.#options.rooms, 'I', this.#options.handshakeHash);
    this.#roomsOfTag = roomsOfTag;
    this.#state = 'offer';
    return frame;
  }

  /** Takes in the other end's next frame. */
  receive(frame: Uint8Array): ProofStep {
    try {
      return this.#step(frame);
    } catch (err) {
      this.#state = 'over';
      throw err;
    }
  }

  #step(frame: Uint8Array): ProofStep {
    switch (this.#state) {
      case 'hello':
        return this.#onHello(frame);
      case 'offer':
        return this.#onOffer(frame);
      case 'prove':
        return this.#onProve(frame);
      case 'accept':
        return this.#onAccept(frame);
      case 'identity':
        return this.#onIdentity(frame);
      default:
        throw new ProtocolError('PROOF_MALFORMED');
    }
  }

  /** M1 at the responder. */
  #onHello(frame: Uint8Array): ProofStep {
    const { rooms, handshakeHash, mayTry = () => true } = this.#options;
    const common = greeted(frame, rooms, 'I', handshakeHash)
      .slice(0, MAX_ENTRIES)
      .filter(({ room }) => mayTry(room));
    const offers = common.map(({ room, place }, entry) => {
      const own = cpaceShare(this.#context(room));
      this.#entries.set(entry, { room, own, keys: null });
      return { place, share: own.share };
    });
    return offers.length === 0
      ? this.#finish('none', [encodeOffer([])])
      : this.#wait('prove', [encodeOffer(offers)]);
  }

  /** M2 at the initiator. */
  #onOffer(frame: Uint8Array): ProofStep {
    const offers = decodeOffer(frame);
    if (offers.length === 0) return this.#finish('none');
    const candidates = this.#roomsOfTag.map(inTurn);
    const proofs = offers.map(({ place, share }, entry) => {
      const room = candidates[place]?.();
      if (!room) throw new ProtocolError('PROOF_MALFORMED');
      const context = this.#context(room);
      const own = cpaceShare(context);
      const keys = cpaceKeys(context, own, share, true);
      if (!keys) throw new ProtocolError('PROOF_MALFORMED');
      this.#entries.set(entry, { room, own, keys });
      this.#guessable.push(room);
      return { entry, share: own.share, tag: keys.initiatorTag };
    });
    return this.#wait('accept', [encodeProve(proofs)]);
  }

  /** M3 at the responder. */
  #onProve(frame: Uint8Array): ProofStep {
    const proofs = decodeProve(frame);
    if (proofs.length !== this.#entries.size) throw new ProtocolError('PROOF_MALFORMED');
    const answers = proofs.map(({ entry, share, tag }) => {
      const { room, own } = this.#entry(entry);
      const keys = cpaceKeys(this.#context(room), own, share, false);
      if (!keys) throw new ProtocolError('PROOF_MALFORMED');
      const accepted = sameTag(keys.initiatorTag, tag);
      if (accepted) this.#accepted.push({ room, session: keys.session });
      else {
        this.#wrong.push(room);
        this.#guessable.push(room);
      }
      return { entry, accepted, tag: accepted ? keys.responderTag : randomBytes(32) }; // Invariant 1
    });
    const accept = encodeAccept(answers);
    return this.#accepted.length === 0
      ? this.#finish('failed', [accept])
      : this.#wait('identity', [accept, this.#ownIdentity('R')]);
  }

  /** M4 at the initiator. */
  #onAccept(frame: Uint8Array): ProofStep {
    const answers = decodeAccept(frame);
    if (answers.length !== this.#entries.size) throw new ProtocolError('PROOF_MALFORMED');
    for (const { entry, accepted, tag } of answers) {
      const { room, keys } = this.#entry(entry);
      if (!accepted) this.#wrong.push(room);
      else if (keys && sameTag(keys.responderTag, tag)) this.#accept(room, keys.session);
      else throw new ProtocolError('PROOF_WRONG'); // it claims to know the secret and does not
    }
    return this.#accepted.length === 0 ? this.#finish('failed') : this.#wait('identity', []);
  }

  /** M5 at the initiator, M6 at the responder. */
  #onIdentity(frame: Uint8Array): ProofStep {
    const { isInitiator, handshakeHash } = this.#options;
    const { identity, signatures } = decodeIdentity(frame);
    if (signatures.length !== this.#accepted.length) throw new ProtocolError('PROOF_MALFORMED');
    const remoteRole = isInitiator ? 'R' : 'I';
    for (const [index, { room }] of this.#accepted.entries()) {
      const message = identityMessage(remoteRole, handshakeHash, room);
      if (!signedBy(identity, message, signatures[index] as Uint8Array))
        throw new ProtocolError('IDENTITY_MISMATCH');
    }
    this.#remoteIdentity = identity;
    return this.#finish('proven', isInitiator ? [this.#ownIdentity('I')] : []);
  }

  #accept(room: RoomKeys, session: Uint8Array): void {
    if (this.#accepted.some((other) => other.room === room)) throw new ProtocolError('PROOF_MALFORMED');
    this.#accepted.push({ room, session });
    this.#guessable = this.#guessable.filter((other) => other !== room);
  }

  #entry(entry: number): Entry {
    const found = this.#entries.get(entry);
    if (!found) throw new ProtocolError('PROOF_MALFORMED');
    return found;
  }

  #context(room: RoomKeys): CpaceContext {
    const { isInitiator, handshakeHash, localKey, remoteKey } = this.#options;
    const [initiatorKey, responderKey] = isInitiator ? [localKey, remoteKey] : [remoteKey, localKey];
    return { tier: room.tier, prs: room.prs, handshakeHash, initiatorKey, responderKey };
  }

  #ownIdentity(role: 'I' | 'R'): Uint8Array {
    const { identity, handshakeHash } = this.#options;
    const signatures = this.#accepted.map(({ room }) =>
      identity.sign(identityMessage(role, handshakeHash, room)),
    );
    return encodeIdentity({ identity: identity.publicKey, signatures });
  }

  #wait(state: State, send: Uint8Array[]): ProofStep {
    this.#state = state;
    return { send, outcome: 'waiting' };
  }

  #finish(outcome: ProofOutcome, send: Uint8Array[] = []): ProofStep {
    this.#state = outcome === 'proven' ? 'done' : 'over';
    this.#entries.clear();
    return { send, outcome };
  }
}

/**
 * Gives the rooms that one tag stands for, one at a time. Where several share a name nobody can know which one the
 * other end means, so each entry tries another of them, from a different one on in each run.
 */
function inTurn(rooms: readonly RoomKeys[]): () => RoomKeys | undefined {
  let next = rooms.length > 1 ? randomInt(rooms.length) : 0;
  return () => rooms[next++ % rooms.length];
}
