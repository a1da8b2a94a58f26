import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { bytes, fixed, list, record, text, uint } from '../protocol/codec.js';
import { DIGEST_BYTES } from './blake3.js';
import { OFFER_BYTES, SIGNATURE_BYTES } from './signed.js';

/** Numbers a question among those of one peer. */
const ask = uint(2 ** 32);
const path = text(LIMITS.filePathBytes);
/** Why nothing is lent: there is no such thing now; it cannot be read, or is too much for one transfer. */
export const NOT_LENT = ['missing', 'unreadable'] as const;
const FOUND_BYTES = 64 * 1024;
export const FOUND_ENTRIES = 256;

export interface WireEntry {
  path: string;
  folder: number;
  size: number;
  files: number;
  mtimeMs: number;
  hash: Uint8Array[];
}

const entry = record<WireEntry>({
  path,
  folder: uint(1),
  size: uint(Number.MAX_SAFE_INTEGER),
  files: uint(LIMITS.fileEntries),
  mtimeMs: uint(8.64e15),
  hash: list(fixed(DIGEST_BYTES), 1),
});

/** `chatter/shares/1`: what members share, and the asking for it. */
export const sharesChannel = defineChannel('chatter/shares/1', {
  /** What lies in `path` (empty: the shares themselves), or all whose name fits `pattern`; one of the two. */
  ask: message(
    'urgent',
    LIMITS.filePathBytes + 1040,
    record<{ ask: number; path: string; pattern: string }>({ ask, path, pattern: text(1024) }),
  ),
  /** Some of the answer; `last` 1 is its end, 2 its end where there was more than is told. */
  found: message(
    'bulk',
    FOUND_BYTES + LIMITS.filePathBytes,
    record<{ ask: number; entries: WireEntry[]; last: number }>({
      ask,
      entries: list(entry, FOUND_ENTRIES),
      last: uint(2),
    }),
  ),
  /** Make this ready to be fetched. */
  fetch: message('urgent', LIMITS.filePathBytes + 16, record<{ ask: number; path: string }>({ ask, path })),
  /** It is: an offer as of `chatter/files/1`, whose manifest and blocks are asked for there. */
  lent: message(
    'urgent',
    OFFER_BYTES + SIGNATURE_BYTES + 16,
    record<{ ask: number; offer: Uint8Array; signature: Uint8Array }>({
      ask,
      offer: bytes(OFFER_BYTES),
      signature: fixed(SIGNATURE_BYTES),
    }),
  ),
  notLent: message(
    'urgent',
    16,
    record<{ ask: number; reason: number }>({ ask, reason: uint(NOT_LENT.length - 1) }),
  ),
  /** What is shared is not what it was. */
  changed: message('urgent', 16, record<object>({})),
});

/** Bytes of entries that one `found` holds at most. */
export const FOUND_ROOM = FOUND_BYTES;
