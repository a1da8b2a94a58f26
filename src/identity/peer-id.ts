import b4a from 'b4a';
import sodium from 'sodium-native';

/** A person's public key: 64 lower-case hex digits of an Ed25519 key. */
export type PeerId = string & { readonly brand: 'PeerId' };

/** Crockford's base 32: no I, L, O or U, so that a tag can be read out. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TAG_CHARACTERS = 6;
const TAG_DOMAIN = b4a.from('chatter/peer-tag/1');

/** `publicKey` of 32 bytes. */
export const peerId = (publicKey: Uint8Array): PeerId => b4a.toString(publicKey, 'hex') as PeerId;

export const publicKeyOf = (id: PeerId): Uint8Array => b4a.from(id, 'hex');

/**
 * Six characters (30 bits) that tell two people of one name apart: `name#tag`. Hashed, so that a key made to begin
 * like another's does not get its tag; verifying somebody takes the safety number.
 */
export function peerTag(id: PeerId): string {
  const digest = b4a.alloc(16);
  sodium.crypto_generichash(digest, publicKeyOf(id), TAG_DOMAIN);
  return Array.from(digest.subarray(0, TAG_CHARACTERS), (byte) => ALPHABET[byte % 32]).join('');
}
