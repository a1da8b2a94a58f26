import { ChatterError } from '../../errors.js';

/** A part begins, or bytes of the part that began last. */
export type Multipart =
  | { type: 'part'; name: string; filename: string | null }
  | { type: 'bytes'; bytes: Buffer };

/** Longest head of a part: a name of 200 characters fits many times over. */
const HEAD_BYTES = 4096;

/** The boundary of a `multipart/form-data` body (RFC 2046 section 5.1.1: at most 70 characters). */
export function boundaryOf(contentType: string | undefined): string | null {
  const [, quoted, plain] =
    /^multipart\/form-data;\s*boundary=(?:"([\x20-\x7e]{1,70})"|([\w'()+,./:=?-]{1,70}))\s*$/i.exec(
      contentType ?? '',
    ) ?? [];
  return quoted ?? plain ?? null;
}

/**
 * Reads a form with files as it comes (RFC 7578), holding no more than one chunk and the head of a part. Throws
 * API_BAD_REQUEST for anything that is not one, or ends too soon.
 */
export async function* multipart(body: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<Multipart> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let held: Buffer = Buffer.from('\r\n'); // the first boundary has no line before it
  let state: 'before' | 'after' | 'head' | 'bytes' | 'end' = 'before';
  for await (const chunk of body) {
    if (state === 'end') continue; // what follows the last boundary means nothing
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let more = true; more; ) {
      more = false;
      if (state === 'before' || state === 'bytes') {
        const at = held.indexOf(delimiter);
        // What could be the beginning of a boundary waits for the rest of it.
        const whole = at < 0 ? Math.max(0, held.length - delimiter.length + 1) : at;
        if (state === 'bytes' && whole > 0) yield { type: 'bytes', bytes: held.subarray(0, whole) };
        if (state === 'before' && at !== 0 && whole > 0) throw malformed();
        held = held.subarray(at < 0 ? whole : at + delimiter.length);
        if (at >= 0) [state, more] = ['after', true];
      } else if (state === 'after') {
        if (held.length < 2) break;
        const line = held.toString('latin1', 0, 2);
        if (line === '--') {
          state = 'end';
          break;
        }
        if (line !== '\r\n') throw malformed();
        held = held.subarray(2);
        [state, more] = ['head', true];
      } else if (state === 'head') {
        const end = held.indexOf('\r\n\r\n');
        if (end > HEAD_BYTES || (end < 0 && held.length > HEAD_BYTES)) throw malformed();
        if (end < 0) break;
        yield { type: 'part', ...disposition(held.toString('utf8', 0, end)) };
        held = held.subarray(end + 4);
        [state, more] = ['bytes', true];
      }
    }
  }
  if (state !== 'end') throw malformed();
}

/** Browsers write `"`, CR and LF in names as `%22`, `%0D` and `%0A` (HTML, "multipart/form-data encoding algorithm"). */
function disposition(head: string): { name: string; filename: string | null } {
  const line = head.split('\r\n').find((each) => /^content-disposition:/i.test(each)) ?? '';
  const value = (key: string) =>
    new RegExp(`;\\s*${key}="([^"]*)"`, 'i').exec(line)?.[1]?.replaceAll('%22', '"');
  const name = value('name');
  if (name === undefined) throw malformed();
  return { name, filename: value('filename') ?? null };
}

const malformed = () => new ChatterError('API_BAD_REQUEST', { message: 'This is not a whole form.' });
