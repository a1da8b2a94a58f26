import b4a from 'b4a';
import { ProtocolError } from '../errors.js';

/** The frames of a proof (PROTOCOL.md [P1]): fixed layouts, so that a frame is right to the byte or refused. */
export const FRAME = { hello: 1, offer: 2, prove: 3, accept: 4, identity: 5, ask: 6 } as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export const HELLO_TAGS = [1, 2, 4, 8];
export const MAX_ENTRIES = 4;

export interface Greeting {
  nonce: Uint8Array;
  tags: Uint8Array[];
}
export interface OfferEntry {
  /** Place of the greeting's tag; two entries may share one. An entry's own number is its place in the OFFER. */
  place: number;
  share: Uint8Array;
}
export interface ProveEntry {
  entry: number;
  share: Uint8Array;
  tag: Uint8Array;
}
export interface AcceptEntry {
  entry: number;
  accepted: boolean;
  tag: Uint8Array;
}
export interface IdentityFrame {
  identity: Uint8Array;
  signatures: Uint8Array[];
}

const MAGIC = b4a.from('RPF1');

const byte = (value: number) => b4a.from([value]);
const frame = (type: FrameType, ...parts: Uint8Array[]) => b4a.concat([MAGIC, byte(type), ...parts]);

export const encodeGreeting = (type: 1 | 6, { nonce, tags }: Greeting): Uint8Array =>
  frame(type, nonce, byte(tags.length), ...tags);

export const encodeOffer = (entries: readonly OfferEntry[]): Uint8Array =>
  frame(FRAME.offer, byte(entries.length), ...entries.flatMap(({ place, share }) => [byte(place), share]));

export const encodeProve = (entries: readonly ProveEntry[]): Uint8Array =>
  frame(
    FRAME.prove,
    byte(entries.length),
    ...entries.flatMap(({ entry, share, tag }) => [byte(entry), share, tag]),
  );

export const encodeAccept = (entries: readonly AcceptEntry[]): Uint8Array =>
  frame(
    FRAME.accept,
    byte(entries.length),
    ...entries.flatMap(({ entry, accepted, tag }) => [byte(entry), byte(accepted ? 0 : 1), tag]),
  );

export const encodeIdentity = ({ identity, signatures }: IdentityFrame): Uint8Array =>
  frame(FRAME.identity, identity, byte(signatures.length), ...signatures);

/** The type of a frame. Throws PROOF_MALFORMED for what is none. */
export function frameType(bytes: Uint8Array): FrameType {
  const type = bytes[MAGIC.length];
  const known = (Object.values(FRAME) as number[]).includes(type ?? 0);
  if (!b4a.equals(bytes.subarray(0, MAGIC.length), MAGIC) || !known) throw malformed();
  return type as FrameType;
}

export function decodeGreeting(bytes: Uint8Array, type: 1 | 6): Greeting {
  const read = new Reader(bytes, type);
  const nonce = read.bytes(16);
  const count = read.byte();
  if (!HELLO_TAGS.includes(count)) throw malformed();
  return read.end({ nonce, tags: read.times(count, () => read.bytes(16)) });
}

export function decodeOffer(bytes: Uint8Array): OfferEntry[] {
  const read = new Reader(bytes, FRAME.offer);
  return read.counted(() => ({ place: read.byte(), share: read.bytes(32) }));
}

export function decodeProve(bytes: Uint8Array): ProveEntry[] {
  const read = new Reader(bytes, FRAME.prove);
  return read.entries(() => ({ entry: read.byte(), share: read.bytes(32), tag: read.bytes(32) }));
}

export function decodeAccept(bytes: Uint8Array): AcceptEntry[] {
  const read = new Reader(bytes, FRAME.accept);
  return read.entries(() => ({ entry: read.byte(), accepted: read.flag(), tag: read.bytes(32) }));
}

export function decodeIdentity(bytes: Uint8Array): IdentityFrame {
  const read = new Reader(bytes, FRAME.identity);
  const identity = read.bytes(32);
  const count = read.byte();
  if (count < 1 || count > MAX_ENTRIES) throw malformed();
  return read.end({ identity, signatures: read.times(count, () => read.bytes(64)) });
}

const malformed = () => new ProtocolError('PROOF_MALFORMED');

/** Reads one frame from its body on; what is read is copied, since the stream reuses its buffers. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = MAGIC.length + 1;

  constructor(bytes: Uint8Array, type: FrameType) {
    if (frameType(bytes) !== type) throw malformed();
    this.#bytes = bytes;
  }

  bytes(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw malformed();
    this.#at += count;
    return b4a.from(this.#bytes.subarray(this.#at - count, this.#at));
  }

  byte(): number {
    return this.bytes(1)[0] as number;
  }

  /** 0 is yes, as in an exit status. */
  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw malformed();
    return value === 0;
  }

  times<T>(count: number, fn: () => T): T[] {
    return Array.from({ length: count }, fn);
  }

  /** A counted list up to the frame's end. */
  counted<T>(fn: () => T): T[] {
    const count = this.byte();
    if (count > MAX_ENTRIES) throw malformed();
    return this.end(this.times(count, fn));
  }

  /** A counted list in which no entry comes twice. */
  entries<T extends { entry: number }>(fn: () => T): T[] {
    const list = this.counted(fn);
    if (new Set(list.map(({ entry }) => entry)).size !== list.length) throw malformed();
    return list;
  }

  /** `value`, if nothing follows it. */
  end<T>(value: T): T {
    if (this.#at !== this.#bytes.length) throw malformed();
    return value;
  }
}
