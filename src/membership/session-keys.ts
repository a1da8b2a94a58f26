import b4a from 'b4a';
import { hmac } from './hkdf.js';

/** 32 bytes: the id of the channel `name` for who proved the room with this session key (PROTOCOL.md [W3]). */
export const channelId = (session: Uint8Array, name: string): Uint8Array =>
  hmac(session, b4a.from(`roomproof/v1/chan/${name}`)).subarray(0, 32);
