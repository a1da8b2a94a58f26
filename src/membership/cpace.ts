import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import b4a from 'b4a';
import sodium from 'sodium-native';
import { hkdf, hmac } from './hkdf.js';
import { info, TIER_BYTE, type Tier } from './tier.js';

/**
 * CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace, in initiator-responder mode with mutual key confirmation, bound to
 * the Noise handshake (PROTOCOL.md [P2]). Sodium has no ristretto255, so the group is @noble/curves'.
 */

/** What both ends of a run know before it. */
export interface CpaceContext {
  tier: Tier;
  /** 64 bytes: the room's password, stretched. */
  prs: Uint8Array;
  /** 64 bytes: the Noise handshake hash. */
  handshakeHash: Uint8Array;
  /** 32 bytes each: the transport keys of the Noise initiator and responder. */
  initiatorKey: Uint8Array;
  responderKey: Uint8Array;
}

/** What a completed run gives; equal on both ends exactly if their contexts are. */
export interface CpaceKeys {
  /** 32 bytes each: what the initiator and the responder show each other. */
  initiatorTag: Uint8Array;
  responderTag: Uint8Array;
  /** 32 bytes: SESS. */
  session: Uint8Array;
}

export interface CpaceShare {
  /** The secret scalar; drop it after `cpaceKeys`. */
  scalar: bigint;
  /** 32 bytes, sent to the other end. */
  share: Uint8Array;
}

/** An element of ristretto255. */
interface GroupElement {
  multiply(scalar: bigint): GroupElement;
  toBytes(): Uint8Array;
}

const DSI = utf8('CPaceRistretto255');
const HASH_BLOCK_BYTES = 128;
const IDENTITY_ELEMENT = b4a.alloc(32);

const { Point } = ristretto255;

/** A fresh share of this end's. */
export function cpaceShare(
  context: CpaceContext,
  random: (bytes: number) => Uint8Array = randomBytes,
): CpaceShare {
  const scalar = uniformScalar(random(64));
  return { scalar, share: generator(context).multiply(scalar).toBytes() };
}

/**
 * Completes a run with the other end's share; null if that share is none: it does not decode, is the identity
 * element, or is this end's own sent back. `isInitiator` says which of the two shares is YI.
 */
export function cpaceKeys(
  context: CpaceContext,
  own: CpaceShare,
  remoteShare: Uint8Array,
  isInitiator: boolean,
): CpaceKeys | null {
  const shared = multiply(remoteShare, own.scalar);
  if (!shared || b4a.equals(remoteShare, own.share)) return null;
  const [yi, yr] = isInitiator ? [own.share, remoteShare] : [remoteShare, own.share];
  const sid = context.handshakeHash;
  const isk = sha512(
    lengthValues(utf8('CPaceRistretto255_ISK'), sid, shared),
    lengthValues(yr, utf8('R')),
    lengthValues(yi, utf8('I')),
  );
  const mac = sha512(utf8('CPaceMac'), sid, isk);
  const keys = {
    initiatorTag: hmac(mac, lengthValues(yi, utf8('I'))).subarray(0, 32),
    responderTag: hmac(mac, lengthValues(yr, utf8('R'))).subarray(0, 32),
    session: hkdf(isk, sid, info('session', context.tier), 32),
  };
  for (const secret of [shared, isk, mac]) sodium.sodium_memzero(secret);
  return keys;
}

/** Compares two tags of 32 bytes in constant time. */
export const sameTag = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && timingSafeEqual(a, b);

/** The generator of a run: different in each, since the handshake hash is. Exported for the known answers. */
export function generator(context: CpaceContext): GroupElement {
  const channel = lengthValues(
    utf8('roomproof/v1'),
    b4a.from([TIER_BYTE[context.tier]]),
    b4a.concat([utf8('R'), context.responderKey]),
    b4a.concat([utf8('I'), context.initiatorKey]),
  );
  return generatorOf(context.prs, channel, context.handshakeHash);
}

/** `calculate_generator` of the draft, section 7.3.1: the password fills one hash block of its own. */
export function generatorOf(prs: Uint8Array, ci: Uint8Array, sid: Uint8Array): GroupElement {
  const padding = Math.max(0, HASH_BLOCK_BYTES - 1 - lengthValues(prs).length - lengthValues(DSI).length);
  const uniform = sha512(lengthValues(DSI, prs, b4a.alloc(padding), ci, sid));
  // RFC 9496 section 4.3.4; the type says that not every group has it, this one does.
  return (ristretto255_hasher.deriveToCurve as (bytes: Uint8Array) => GroupElement)(uniform);
}

/** Each value after its LEB128 length: `lv_cat` of the draft. */
export function lengthValues(...values: Uint8Array[]): Uint8Array {
  return b4a.concat(values.flatMap((value) => [leb128(value.length), value]));
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return b4a.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

/** `scalar_mult_vfy`: null for what is no element or gives the identity, which decodes without an error. */
function multiply(share: Uint8Array, scalar: bigint): Uint8Array | null {
  try {
    const product = Point.fromBytes(share).multiply(scalar).toBytes();
    return b4a.equals(product, IDENTITY_ELEMENT) || b4a.equals(share, IDENTITY_ELEMENT) ? null : product;
  } catch {
    return null; // noble throws for every encoding that RFC 9496 section 4.3.1 refuses
  }
}

/** 512 random bits modulo the group's order: its bias is below 2^-250. */
function uniformScalar(random: Uint8Array): bigint {
  const wide = BigInt(`0x${b4a.toString(random, 'hex')}`);
  const scalar = wide % Point.Fn.ORDER;
  return scalar === 0n ? 1n : scalar;
}

const sha512 = (...parts: Uint8Array[]): Buffer => createHash('sha512').update(b4a.concat(parts)).digest();

function utf8(text: string): Uint8Array {
  return b4a.from(text);
}
