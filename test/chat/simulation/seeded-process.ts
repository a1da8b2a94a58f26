import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import sodium from 'sodium-native';
import type { SeededRandom } from '../../support/seeded-random.js';

/** Whatever draws random bytes in this process draws them from here until the function given back is called. */
export function drawEverythingFrom(random: SeededRandom): () => void {
  const real = { buffer: sodium.randombytes_buf, bytes: crypto.randomBytes };
  sodium.randombytes_buf = (buffer) => void random.fill(buffer);
  crypto.randomBytes = ((count: number) => random.bytes(count)) as typeof crypto.randomBytes;
  syncBuiltinESMExports();
  return () => {
    sodium.randombytes_buf = real.buffer;
    crypto.randomBytes = real.bytes;
    syncBuiltinESMExports();
  };
}
