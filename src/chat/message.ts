import b4a from 'b4a';
import sodium from 'sodium-native';
import { type PeerId, peerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { type Codec, decodeAll, encodeAll, fixed, list, record, uint } from '../protocol/codec.js';

/** Names a message for ever: the hash of its header, as 64 hex digits. */
export type MessageId = string & { readonly brand: 'MessageId' };

export const ID_BYTES = 32;
export const WRITER_BYTES = 6;
export const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
const NOTHING = b4a.alloc(ID_BYTES);

/** What a message is. The number is its byte in the header: append, never reorder (PROTOCOL.md [H2]). */
export const KINDS = ['text', 'me', 'edit', 'delete', 'react', 'direct', 'file', 'call'] as const;
export type Kind = (typeof KINDS)[number];

/** The part of a message that is hashed and signed; the body hangs on it by its hash and can go (PROTOCOL.md [H1]). */
export interface Header {
  readonly author: PeerId;
  /** 12 hex digits: one data folder of the author's. Author and writer name a log. */
  readonly writer: string;
  /** Place in its log, from 0 on. */
  readonly seq: number;
  /** The message before it in its log; null for the first. */
  readonly prev: MessageId | null;
  /** The newest messages of others that the author knew, up to `LIMITS.chatParents`. */
  readonly parents: readonly MessageId[];
  /** One more than the highest clock of `prev` and `parents`. */
  readonly clock: number;
  /** Milliseconds since 1970 as the author's computer had it: for showing only. */
  readonly wall: number;
  /** Its byte on the wire; a newer node may know kinds that this one does not. */
  readonly kind: number;
  /** The message that an edit, a delete or a reaction is about. */
  readonly target: MessageId | null;
  /** 32 bytes. */
  readonly bodyHash: Uint8Array;
}

export interface Message {
  readonly id: MessageId;
  readonly header: Header;
  /** As hashed. */
  readonly headerBytes: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** Null where it is gone: deleted, expired, or not given by who handed the message on. */
  readonly body: Uint8Array | null;
}

/** Where a message is kept, which follows from its header. */
export interface Placed extends Pick<Header, 'seq' | 'clock' | 'kind' | 'target'> {
  readonly log: LogId;
}

/** Who writes messages: an identity. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

interface WireHeader {
  author: Uint8Array;
  writer: Uint8Array;
  seq: number;
  prev: Uint8Array;
  parents: Uint8Array[];
  clock: number;
  wall: number;
  kind: number;
  target: Uint8Array[];
  bodyHash: Uint8Array;
}

const headerCodec: Codec<WireHeader> = record<WireHeader>({
  author: fixed(KEY_BYTES),
  writer: fixed(WRITER_BYTES),
  seq: uint(Number.MAX_SAFE_INTEGER),
  prev: fixed(ID_BYTES),
  parents: list(fixed(ID_BYTES), LIMITS.chatParents),
  clock: uint(Number.MAX_SAFE_INTEGER),
  wall: uint(8.64e15),
  kind: uint(255),
  target: list(fixed(ID_BYTES), 1),
  bodyHash: fixed(ID_BYTES),
});

/** Longest encoding of a header. */
export const HEADER_BYTES =
  KEY_BYTES + WRITER_BYTES + 9 + ID_BYTES + 1 + LIMITS.chatParents * ID_BYTES + 9 + 9 + 3 + 1 + 2 * ID_BYTES;

export const messageId = (bytes: Uint8Array): MessageId => b4a.toString(bytes, 'hex') as MessageId;
export const idBytes = (id: MessageId): Uint8Array => b4a.from(id, 'hex');

const MESSAGE_DOMAIN = b4a.from('chatter/chat/1/message\0');
const SIGNATURE_DOMAIN = b4a.from('chatter/chat/1/signature\0');

function bodyHash(body: Uint8Array): Uint8Array {
  const hash = b4a.alloc(ID_BYTES);
  sodium.crypto_generichash(hash, body);
  return hash;
}

/** Makes and reads the messages of one room: one of another room has another id, and its signature is of no use. */
export class Messages {
  readonly #domain: Uint8Array;

  /** `roomId` of 64 hex digits. */
  constructor(roomId: string) {
    this.#domain = b4a.concat([MESSAGE_DOMAIN, b4a.from(roomId, 'hex')]);
  }

  make(header: Omit<Header, 'author' | 'bodyHash'>, body: Uint8Array, signer: Signer): Message {
    const full: Header = { ...header, author: peerId(signer.publicKey), bodyHash: bodyHash(body) };
    const headerBytes = encodeAll(headerCodec, {
      ...full,
      author: signer.publicKey,
      writer: b4a.from(full.writer, 'hex'),
      prev: full.prev ? idBytes(full.prev) : NOTHING,
      parents: full.parents.map(idBytes),
      target: full.target ? [idBytes(full.target)] : [],
    });
    const id = this.#id(headerBytes);
    return { id, header: full, headerBytes, signature: signer.sign(signed(id)), body };
  }

  /**
   * Reads a message and checks what it says about itself: its body is the one that was hashed. Its signature is for
   * `isSigned`. Throws ProtocolError. Copies, so that nothing points into a frame.
   */
  read(headerBytes: Uint8Array, signature: Uint8Array, body: Uint8Array | null): Message | null {
    const copy = b4a.from(headerBytes);
    const wire = decodeAll(headerCodec, copy);
    if (body && !b4a.equals(bodyHash(body), wire.bodyHash)) return null;
    const { author, writer, prev, parents, target, ...rest } = wire;
    const header: Header = {
      ...rest,
      author: peerId(author),
      writer: b4a.toString(writer, 'hex'),
      prev: b4a.equals(prev, NOTHING) ? null : messageId(prev),
      parents: parents.map(messageId),
      target: target[0] ? messageId(target[0]) : null,
    };
    if ((header.prev === null) !== (header.seq === 0)) return null;
    return {
      id: this.#id(copy),
      header,
      headerBytes: copy,
      signature: b4a.from(signature),
      body: body && b4a.from(body),
    };
  }

  /** Whether a stored message is still the one that its id names. */
  isWhole({ id, headerBytes, body }: Pick<Message, 'id' | 'headerBytes' | 'body'>): boolean {
    if (this.#id(headerBytes) !== id) return false;
    return body === null || b4a.equals(bodyHash(body), headerBytes.subarray(-ID_BYTES));
  }

  /** Whether a stored message stands where its header says, and is still the one that its id names. */
  isPlaced(stored: Pick<Message, 'id' | 'headerBytes' | 'signature'> & Placed): boolean {
    const { id, headerBytes, signature, log, seq, clock, kind, target } = stored;
    if (this.#id(headerBytes) !== id) return false;
    const header = this.read(headerBytes, signature, null)?.header;
    if (header === undefined || logId(header) !== log) return false;
    return header.seq === seq && header.clock === clock && header.kind === kind && header.target === target;
  }

  isSigned({ id, header, signature }: Message): boolean {
    return sodium.crypto_sign_verify_detached(signature, signed(id), b4a.from(header.author, 'hex'));
  }

  #id(headerBytes: Uint8Array): MessageId {
    const hash = b4a.alloc(ID_BYTES);
    sodium.crypto_generichash_batch(hash, [this.#domain, headerBytes]);
    return messageId(hash);
  }
}

const signed = (id: MessageId) => b4a.concat([SIGNATURE_DOMAIN, idBytes(id)]);

/** Author and writer: the log that a message stands in. */
export type LogId = string & { readonly brand: 'LogId' };
export const logId = ({ author, writer }: Pick<Header, 'author' | 'writer'>): LogId =>
  `${author}${writer}` as LogId;
export const authorOf = (log: LogId): PeerId => log.slice(0, 2 * KEY_BYTES) as PeerId;
export const logBytes = (log: LogId): Uint8Array => b4a.from(log, 'hex');
export const LOG_BYTES = KEY_BYTES + WRITER_BYTES;
