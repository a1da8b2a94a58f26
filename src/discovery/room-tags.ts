import { createHmac, randomBytes } from 'node:crypto';
import b4a from 'b4a';
import { LIMITS } from '../limits.js';

/** What an mDNS record says of rooms (PROTOCOL.md [D2]): who is in a room recognises its tag, nobody else can. */
export interface TagRecord {
  /** 16 bytes. */
  nonce: Uint8Array;
  /** 6 bytes each. */
  tags: Uint8Array[];
}

const TAG_BYTES = 6;
const NONCE_BYTES = 16;
const TAGS_PER_STRING = 16;
const PADDED = [4, 8, 16, 32, 64];

/** Six bytes: 2^-48 of false alarms a tag, and a proof follows anyway. */
export const roomTag = (mdnsKey: Uint8Array, nonce: Uint8Array): Uint8Array =>
  createHmac('sha512', mdnsKey).update('roomproof/v1/mdns-tag').update(nonce).digest().subarray(0, TAG_BYTES);

export const newNonce = (): Uint8Array => randomBytes(NONCE_BYTES);

/** The tags of these rooms among random ones, in an order that says nothing. */
export function makeTags(mdnsKeys: readonly Uint8Array[], nonce: Uint8Array): TagRecord {
  const tags: Uint8Array[] = mdnsKeys.slice(0, LIMITS.mdnsTagsPerRecord).map((key) => roomTag(key, nonce));
  const size = PADDED.find((count) => count >= tags.length) as number;
  while (tags.length < size) tags.push(randomBytes(TAG_BYTES));
  return { nonce, tags: tags.sort(b4a.compare) };
}

/** The record as TXT strings: at most 134 bytes each, since one of over 255 would silently be lost. */
export function toTxt({ nonce, tags }: TagRecord): Record<string, string> {
  const txt: Record<string, string> = { v: '1', n: b4a.toString(nonce, 'hex') };
  for (let i = 0; i * TAGS_PER_STRING < tags.length; i++) {
    const packed = b4a.concat(tags.slice(i * TAGS_PER_STRING, (i + 1) * TAGS_PER_STRING));
    txt[`t${i}`] = Buffer.from(packed).toString('base64url');
  }
  return txt;
}

/** Reads TXT strings as they came from the network; null for anything but a record of this version. */
export function fromTxt(strings: readonly Uint8Array[]): TagRecord | null {
  if (strings.reduce((sum, { length }) => sum + length + 1, 0) > LIMITS.mdnsTxtBytes) return null;
  const txt = new Map<string, string>();
  for (const string of strings) {
    const match = /^([a-z]\d?)=([\w-]*)$/.exec(b4a.toString(b4a.from(string), 'latin1'));
    if (match) txt.set(match[1] as string, match[2] as string);
  }
  const nonce = Buffer.from(txt.get('n') ?? '', 'hex');
  if (txt.get('v') !== '1' || nonce.length !== NONCE_BYTES) return null;
  const tags: Uint8Array[] = [];
  for (let i = 0; i * TAGS_PER_STRING < LIMITS.mdnsTagsPerRecord; i++) {
    const packed = Buffer.from(txt.get(`t${i}`) ?? '', 'base64url');
    if (packed.length > TAGS_PER_STRING * TAG_BYTES) return null;
    for (let at = 0; at + TAG_BYTES <= packed.length; at += TAG_BYTES)
      tags.push(packed.subarray(at, at + TAG_BYTES));
  }
  return { nonce, tags };
}

/** Whether two records say the same, so that nothing need be looked up again. */
export const sameTags = (a: TagRecord, b: TagRecord): boolean =>
  b4a.equals(a.nonce, b.nonce) &&
  a.tags.length === b.tags.length &&
  a.tags.every((tag, i) => b4a.equals(tag, b.tags[i] as Uint8Array));

/** The ids of those of `rooms` that the record has a tag for. */
export function matchTags(
  record: TagRecord,
  rooms: Iterable<{ readonly id: string; readonly mdnsKey: Uint8Array }>,
): string[] {
  const tags = new Set(record.tags.map((tag) => b4a.toString(tag, 'hex')));
  return [...rooms]
    .slice(0, LIMITS.rooms)
    .filter(({ mdnsKey }) => tags.has(b4a.toString(roomTag(mdnsKey, record.nonce), 'hex')))
    .map(({ id }) => id);
}
