import b4a from 'b4a';
import { TRANSFER_ID_BYTES, type TransferId, transferId } from '../files/signed.js';
import type { Transfer } from '../files/transfer.js';
import { LIMITS } from '../limits.js';
import { CALL_ID_BYTES } from '../media/media-channel.js';
import { type Codec, decodeAll, encodeAll, fixed, record, text, uint } from '../protocol/codec.js';

/** Something was offered to the whole room; whoever has it gives it. */
export interface FileEntry {
  readonly transfer: TransferId;
  /** Of what was named: the first of it where it is several. */
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
}

/** A call of the room began, or its last member left it. */
export interface CallEntry {
  /** 32 hex digits. */
  readonly call: string;
  readonly what: 'started' | 'ended';
  /** How long it was; 0 where it began. */
  readonly seconds: number;
}

const WHAT = ['started', 'ended'] as const;
/** A century: nobody's clock makes a call longer. */
const CALL_SECONDS = 100 * 365 * 24 * 60 * 60;

const file = record<{ transfer: Uint8Array; name: string; files: number; bytes: number }>({
  transfer: fixed(TRANSFER_ID_BYTES),
  name: text(LIMITS.fileNameBytes),
  files: uint(LIMITS.fileEntries),
  bytes: uint(LIMITS.fileBytes),
});
const call = record<{ call: Uint8Array; what: number; seconds: number }>({
  call: fixed(CALL_ID_BYTES),
  what: uint(WHAT.length - 1),
  seconds: uint(CALL_SECONDS),
});

/** The entry of an offer to the room (PROTOCOL.md [H9]). */
export function fileEntry({ id, manifest }: Transfer): Uint8Array {
  const [root] = manifest.roots;
  return encodeAll(file, {
    transfer: b4a.from(id, 'hex'),
    name: cut(root?.name ?? '', LIMITS.fileNameBytes),
    files: manifest.files.length,
    bytes: manifest.totalBytes,
  });
}

/** The entry of a call (PROTOCOL.md [H9]). */
export const callEntry = ({ call: id, what, seconds }: CallEntry): Uint8Array =>
  encodeAll(call, {
    call: b4a.from(id, 'hex'),
    what: WHAT.indexOf(what),
    seconds: Math.min(Math.max(Math.round(seconds), 0), CALL_SECONDS),
  });

/** What the entry of a file says; null for bytes that are none. */
export function readFileEntry(entry: Uint8Array): FileEntry | null {
  const read = decoded(file, entry);
  return read && { ...read, transfer: transferId(read.transfer) };
}

/** What the entry of a call says; null for bytes that are none. */
export function readCallEntry(entry: Uint8Array): CallEntry | null {
  const read = decoded(call, entry);
  return (
    read && {
      call: b4a.toString(read.call, 'hex'),
      what: WHAT[read.what] ?? 'started',
      seconds: read.seconds,
    }
  );
}

/** An entry's author wrote it, and whoever handed it on is not to blame for what is in it. */
function decoded<T>(codec: Codec<T>, entry: Uint8Array): T | null {
  try {
    return decodeAll(codec, entry);
  } catch {
    return null;
  }
}

/** The beginning of a name, by whole characters, in at most so many bytes. */
function cut(name: string, bytes: number): string {
  let short = '';
  for (const character of name) {
    if (b4a.byteLength(short + character) > bytes) break;
    short += character;
  }
  return short;
}
