import b4a from 'b4a';
import { hmac } from './hkdf.js';

/** 32 bytes: the id of the channel `name` for who proved the room with this session key (PROTOCOL.md [W3]). */
export const channelId = (session: Uint8Array, name: string): Uint8Array =>
  hmac(session, b4a.from(`roomproof/v1/chan/${name}`)).subarray(0, 32);

/** Keys of 32 bytes for the datagrams of the channel `name`, one a direction, and 4 bytes that tell them from others' (PROTOCOL.md [W5]). */
export function datagramKeys(session: Uint8Array, name: string) {
  const keys = hmac(session, b4a.from(`roomproof/v1/datagrams/${name}`));
  const tag = hmac(session, b4a.from(`roomproof/v1/datagram-tag/${name}`)).subarray(0, 4);
  return { tag, initiator: keys.subarray(0, 32), responder: keys.subarray(32, 64) };
}
