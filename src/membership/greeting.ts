import { randomBytes, timingSafeEqual } from 'node:crypto';
import b4a from 'b4a';
import { hmac } from './hkdf.js';
import { decodeGreeting, encodeGreeting, FRAME, HELLO_TAGS } from './proof-frames.js';
import type { RoomKeys } from './room-keys.js';

/** Who greets: the stream's initiator with HELLO, or its responder asking to be greeted with ASK. */
type Role = 'I' | 'R';

/** More tags than this are for a later run on the proven stream. */
const MAX_TAGS = 8;

/** 16 bytes that only who can derive the room's hello key can tell from random ones. */
export const helloTag = (
  room: RoomKeys,
  role: Role,
  handshakeHash: Uint8Array,
  nonce: Uint8Array,
): Uint8Array =>
  hmac(room.helloKey, b4a.from(`roomproof/v1/hello-tag${role}`), handshakeHash, nonce).subarray(0, 16);

/**
 * A HELLO (role I) or ASK (role R) for up to eight room names, among random tags that hide how many there are;
 * and the rooms that each tag stands for: several where protected rooms share a name.
 */
export function greet(
  rooms: readonly RoomKeys[],
  role: Role,
  handshakeHash: Uint8Array,
): { frame: Uint8Array; roomsOfTag: RoomKeys[][] } {
  const nonce = randomBytes(16);
  const byTag = new Map<string, { tag: Uint8Array; rooms: RoomKeys[] }>();
  for (const room of rooms) {
    const tag = helloTag(room, role, handshakeHash, nonce);
    const key = b4a.toString(tag, 'hex');
    const known = byTag.get(key);
    if (known) known.rooms.push(room);
    else if (byTag.size < MAX_TAGS) byTag.set(key, { tag, rooms: [room] });
  }
  const slots = [...byTag.values()];
  const size = HELLO_TAGS.find((count) => count >= slots.length) as number;
  while (slots.length < size) slots.push({ tag: randomBytes(16), rooms: [] });
  slots.sort((a, b) => b4a.compare(a.tag, b.tag)); // so that a place tells nothing either
  const frame = encodeGreeting(role === 'I' ? FRAME.hello : FRAME.ask, {
    nonce,
    tags: slots.map(({ tag }) => tag),
  });
  return { frame, roomsOfTag: slots.map((slot) => slot.rooms) };
}

/** Those of `rooms` that a HELLO or ASK has a tag for, with that tag's place. Throws PROOF_MALFORMED. */
export function greeted(
  frame: Uint8Array,
  rooms: readonly RoomKeys[],
  role: Role,
  handshakeHash: Uint8Array,
): { room: RoomKeys; place: number }[] {
  const { nonce, tags } = decodeGreeting(frame, role === 'I' ? FRAME.hello : FRAME.ask);
  return rooms.flatMap((room) => {
    const expected = helloTag(room, role, handshakeHash, nonce);
    const place = tags.findIndex((tag) => timingSafeEqual(tag, expected));
    return place === -1 ? [] : [{ room, place }];
  });
}
