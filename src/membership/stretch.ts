import { createHash } from 'node:crypto';
import b4a from 'b4a';
import sodium from 'sodium-native';

/** PROTOCOL.md [M2]; measured 138 ms. */
const OPERATIONS = 3;
const MEMORY_BYTES = 64 * 1024 * 1024;

let turn: Promise<unknown> = Promise.resolve();

/** Argon2id of `password` to 32 bytes, off the event loop; one at a time, since each takes 64 MiB. */
export function stretch(password: Uint8Array, saltInput: Uint8Array): Promise<Uint8Array> {
  const run = turn.then(async () => {
    const out = b4a.alloc(32);
    const salt = createHash('sha512').update(saltInput).digest().subarray(0, 16);
    await sodium.crypto_pwhash_async(
      out,
      password,
      salt,
      OPERATIONS,
      MEMORY_BYTES,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
    );
    return out;
  });
  turn = run.catch(() => undefined); // the next one does not care whether this one failed
  return run;
}
