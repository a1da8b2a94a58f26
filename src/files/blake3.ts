import { createRequire } from 'node:module';
import { blake3 as portable } from '@noble/hashes/blake3.js';

type Hash = (bytes: Uint8Array) => Uint8Array;

/** Length of a digest. */
export const DIGEST_BYTES = 32;

/** Some of 5 GB/s where there is a native build for this machine, some of 0.04 GB/s of the same digests elsewhere. */
export const blake3: Hash = native() ?? portable;

/** The slow way, always there: tests compare the two. */
export const portableBlake3: Hash = portable;

function native(): Hash | null {
  try {
    const { blake3: hash } = createRequire(import.meta.url)('@napi-rs/blake-hash') as {
      blake3: (bytes: Uint8Array) => Buffer;
    };
    return (bytes) => hash(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return null; // no build for this machine
  }
}
