/**
 * These bytes with the one bit changed that makes them right; null if there is none. A disk that ages changes bits one at a
 * time, and what is named by its hash can be found again by trying: eight hashes a byte.
 */
export function withOneBit(bytes: Uint8Array, isRight: (bytes: Uint8Array) => boolean): Uint8Array | null {
  const tried = new Uint8Array(bytes);
  for (let at = 0; at < tried.length; at++) {
    const was = tried[at] as number;
    for (let bit = 0; bit < 8; bit++) {
      tried[at] = was ^ (1 << bit);
      if (isRight(tried)) return tried;
    }
    tried[at] = was;
  }
  return null;
}
