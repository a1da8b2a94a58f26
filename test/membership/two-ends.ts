import b4a from 'b4a';
import sodium from 'sodium-native';
import { ProtocolError, type Violation } from '../../src/errors.js';
import { keysFromSeed, privateRoomSeed, type RoomKeys } from '../../src/membership/room-keys.js';
import {
  type ProofIdentity,
  type ProofOutcome,
  RoomProof,
  type RoomProofOptions,
} from '../../src/membership/room-proof.js';

/** An identity of 32 bytes. */
export function identityOfSeed(seed: Uint8Array): ProofIdentity {
  const [publicKey, secretKey] = [b4a.alloc(32), b4a.alloc(64)];
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return {
    publicKey,
    sign(message) {
      const signature = b4a.alloc(64);
      sodium.crypto_sign_detached(signature, message, secretKey);
      return signature;
    },
  };
}

export const ANN = identityOfSeed(b4a.alloc(32, 0xa1));
export const BOB = identityOfSeed(b4a.alloc(32, 0xb2));

export const HANDSHAKE = {
  handshakeHash: b4a.from(Array.from({ length: 64 }, (_, i) => i)),
  initiatorKey: b4a.alloc(32, 0x11),
  responderKey: b4a.alloc(32, 0x22),
};
export type Handshake = typeof HANDSHAKE;

export const privateRoom = (n: number): RoomKeys => keysFromSeed(privateRoomSeed(b4a.alloc(32, n)));

/** A protected room without its stretching: one number is its name, the other its passphrase. */
export const protectedRoom = (name: number, passphrase: number): RoomKeys =>
  keysFromSeed({ tier: 'protected', rdv: b4a.alloc(32, name), sec: b4a.alloc(32, passphrase) });

/** The initiator's end: Ann's unless said otherwise. */
export const initiator = (
  rooms: readonly RoomKeys[],
  { handshakeHash, initiatorKey, responderKey }: Handshake = HANDSHAKE,
  more: Partial<RoomProofOptions> = {},
): RoomProof =>
  new RoomProof({
    isInitiator: true,
    handshakeHash,
    localKey: initiatorKey,
    remoteKey: responderKey,
    rooms,
    identity: ANN,
    ...more,
  });

/** The responder's end: Bob's unless said otherwise. */
export const responder = (
  rooms: readonly RoomKeys[],
  { handshakeHash, initiatorKey, responderKey }: Handshake = HANDSHAKE,
  more: Partial<RoomProofOptions> = {},
): RoomProof =>
  new RoomProof({
    isInitiator: false,
    handshakeHash,
    localKey: responderKey,
    remoteKey: initiatorKey,
    rooms,
    identity: BOB,
    ...more,
  });

interface Ending {
  outcome: ProofOutcome;
  violation: Violation | null;
}

export interface Run {
  i: Ending;
  r: Ending;
  /** As they were sent, in order. */
  frames: { from: 'I' | 'R'; frame: Uint8Array }[];
}

/**
 * Lets two ends talk until nothing is left to say. `change` sees each frame on its way, numbered from 0: it returns
 * what arrives, or null if nothing does. Any error but a ProtocolError is thrown.
 */
export function run(
  i: RoomProof,
  r: RoomProof,
  change: (frame: Uint8Array, number: number) => Uint8Array | null = (frame) => frame,
): Run {
  const ends = {
    I: { proof: i, outcome: 'waiting' as ProofOutcome, violation: null as Violation | null },
    R: { proof: r, outcome: 'waiting' as ProofOutcome, violation: null as Violation | null },
  };
  const frames: Run['frames'] = [{ from: 'I', frame: i.start() as Uint8Array }];
  for (let number = 0; number < frames.length; number++) {
    const { from, frame } = frames[number] as Run['frames'][number];
    const to = from === 'I' ? 'R' : 'I';
    const end = ends[to];
    const arrives = change(frame, number);
    if (!arrives || end.outcome !== 'waiting' || end.violation) continue;
    try {
      const { send, outcome } = end.proof.receive(arrives);
      end.outcome = outcome;
      for (const answer of send) frames.push({ from: to, frame: answer });
    } catch (err) {
      if (!(err instanceof ProtocolError)) throw err;
      end.violation = err.violation;
    }
  }
  const ending = ({ outcome, violation }: Ending): Ending => ({ outcome, violation });
  return { i: ending(ends.I), r: ending(ends.R), frames };
}

/** The frame of this number in an undisturbed run between the two ends. */
export const recorded = (i: RoomProof, r: RoomProof): Uint8Array[] =>
  run(i, r).frames.map(({ frame }) => frame);
