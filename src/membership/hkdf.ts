import { createHmac, hkdfSync } from 'node:crypto';
import b4a from 'b4a';

/** RFC 5869 with SHA-512; an empty `salt` stands for 64 zero bytes, as the RFC has it. */
export const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer =>
  Buffer.from(hkdfSync('sha512', ikm, salt, info, length));

export const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
  createHmac('sha512', key).update(b4a.concat(parts)).digest();

export const EMPTY = b4a.alloc(0);
