/** A stretch of a body: from `start` up to and without `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * The stretch that a `Range` header asks for (RFC 9110 section 14): null is all of it, as for no header, several
 * stretches or what cannot be read; `none` is one that lies outside.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | null | 'none' {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'none' : { start: size - length, end: size };
  }
  const start = Number(from);
  const end = to === '' ? size : Math.min(Number(to) + 1, size);
  if (to !== '' && Number(to) < start) return null;
  return start >= size ? 'none' : { start, end };
}
