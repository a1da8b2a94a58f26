import b4a from 'b4a';
import sodium from 'sodium-native';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import {
  bytes,
  type Codec,
  decodeAll,
  encodeAll,
  fixed,
  list,
  record,
  text,
  uint,
} from '../protocol/codec.js';
import { ID_BYTES, idBytes, KINDS, type Kind, type MessageId, messageId } from './message.js';

/** What a message says, once it can be read. */
export type Content =
  | { readonly kind: 'text' | 'me'; readonly text: string; readonly replyTo: MessageId | null }
  | { readonly kind: 'edit'; readonly text: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'react'; readonly emoji: string; readonly on: boolean }
  | { readonly kind: 'direct'; readonly sealed: Uint8Array }
  | { readonly kind: 'file' | 'call'; readonly entry: Uint8Array };

/** Makes the hash of a short body as hard to guess as that of a long one, since it outlives the body. */
const SALT_BYTES = 16;

const said = record<{ replyTo: Uint8Array[]; text: string }>({
  replyTo: list(fixed(ID_BYTES), 1),
  text: text(LIMITS.lineBytes),
});
const edited = record<{ text: string }>({ text: text(LIMITS.lineBytes) });
const reacted = record<{ emoji: string; on: number }>({ emoji: text(LIMITS.emojiBytes), on: uint(1) });
const sealed = record<{ sealed: Uint8Array }>({ sealed: bytes(LIMITS.chatBodyBytes) });
const opaque = record<{ entry: Uint8Array }>({ entry: bytes(LIMITS.entryBytes) });
const nothing = record<object>({});

/** The byte of a kind in a header. */
export const kindNumber = (kind: Kind): number => KINDS.indexOf(kind);

/** The body of a message that says this (PROTOCOL.md [H4]). */
export function encodeBody(content: Content): Uint8Array {
  const salt = b4a.alloc(SALT_BYTES);
  sodium.randombytes_buf(salt);
  return b4a.concat([salt, encodeContent(content)]);
}

/** What a body of this kind says; null for kinds of newer nodes, and for what cannot be read. */
export function decodeBody(kind: number, body: Uint8Array): Content | null {
  return decodeContent(KINDS[kind], body.subarray(SALT_BYTES));
}

function encodeContent(content: Content): Uint8Array {
  switch (content.kind) {
    case 'text':
    case 'me':
      return encodeAll(said, {
        replyTo: content.replyTo ? [idBytes(content.replyTo)] : [],
        text: content.text,
      });
    case 'edit':
      return encodeAll(edited, content);
    case 'delete':
      return encodeAll(nothing, content);
    case 'react':
      return encodeAll(reacted, { emoji: content.emoji, on: content.on ? 1 : 0 });
    case 'direct':
      return encodeAll(sealed, content);
    default:
      return encodeAll(opaque, content);
  }
}

function decodeContent(kind: Kind | undefined, raw: Uint8Array): Content | null {
  switch (kind) {
    case 'text':
    case 'me': {
      const value = read(said, raw);
      const [replyTo] = value?.replyTo ?? [];
      return value && { kind, text: value.text, replyTo: replyTo ? messageId(replyTo) : null };
    }
    case 'edit': {
      const value = read(edited, raw);
      return value && { kind, text: value.text };
    }
    case 'delete':
      return { kind };
    case 'react': {
      const value = read(reacted, raw);
      return value && isEmoji(value.emoji) ? { kind, emoji: value.emoji, on: value.on === 1 } : null;
    }
    case 'direct': {
      const value = read(sealed, raw);
      return value && { kind, sealed: value.sealed };
    }
    case 'file':
    case 'call': {
      const value = read(opaque, raw);
      return value && { kind, entry: value.entry };
    }
    default:
      return null;
  }
}

function read<T>(codec: Codec<T>, raw: Uint8Array): T | null {
  try {
    return decodeAll(codec, raw);
  } catch (err) {
    if (err instanceof ProtocolError) return null; // its author's fault, not that of whoever handed it on
    throw err;
  }
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PICTURE = /^[\p{Emoji}\p{Extended_Pictographic}\p{Letter}\p{Number}\p{Punctuation}\p{Symbol}]/u;

/** One character that can be seen, as a reaction is. */
export function isEmoji(emoji: string): boolean {
  return (
    b4a.byteLength(emoji) <= LIMITS.emojiBytes &&
    PICTURE.test(emoji) &&
    [...graphemes.segment(emoji)].length === 1
  );
}

/** What only two people can read. */
export interface Box {
  box(plain: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array | null;
  unbox(box: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array | null;
}

/** Lengths of direct messages are told to the next multiple of this alone. */
const PADDING_BYTES = 256;
const KEY_BYTES = 32;
const NONCE_BYTES = sodium.crypto_box_NONCEBYTES;

const inner = record<{ kind: number; content: Uint8Array; padding: Uint8Array }>({
  kind: uint(KINDS.length - 1),
  content: bytes(LIMITS.chatBodyBytes),
  padding: bytes(PADDING_BYTES + 3),
});

/** Content for the person with key `to` (32 bytes) alone; null if that is no key. */
export function sealContent(content: Content, to: Uint8Array, box: Box): Content | null {
  const kind = kindNumber(content.kind);
  const encoded = encodeContent(content);
  const bare = encodeAll(inner, { kind, content: encoded, padding: b4a.alloc(0) }).byteLength;
  const padding = b4a.alloc((PADDING_BYTES - (bare % PADDING_BYTES)) % PADDING_BYTES);
  const plain = encodeAll(inner, { kind, content: encoded, padding });
  const nonce = b4a.alloc(NONCE_BYTES);
  sodium.randombytes_buf(nonce);
  const boxed = box.box(plain, nonce, to);
  return boxed && { kind: 'direct', sealed: b4a.concat([to, nonce, boxed]) };
}

/** Whom sealed content is for: 32 bytes. Null if it is too short to be any. */
export const sealedFor = (sealed: Uint8Array): Uint8Array | null =>
  sealed.byteLength > KEY_BYTES + NONCE_BYTES ? sealed.subarray(0, KEY_BYTES) : null;

/** What was sealed between this person and `other` (32 bytes); null if it was not, or is no message. */
export function openContent(sealed: Uint8Array, other: Uint8Array, box: Box): Content | null {
  const nonce = sealed.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES);
  if (nonce.byteLength !== NONCE_BYTES) return null;
  const plain = box.unbox(sealed.subarray(KEY_BYTES + NONCE_BYTES), nonce, other);
  const value = plain && read(inner, plain);
  const kind = value ? KINDS[value.kind] : undefined;
  return value && kind !== 'direct' ? decodeContent(kind, value.content) : null;
}
