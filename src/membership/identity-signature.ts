import b4a from 'b4a';
import sodium from 'sodium-native';
import type { RoomKeys } from './room-keys.js';

/**
 * What an identity signs to be bound to one end of one stream in one room (PROTOCOL.md [P3]). The role keeps an end
 * from sending the other's signature back as its own.
 */
export const identityMessage = (role: 'I' | 'R', handshakeHash: Uint8Array, room: RoomKeys): Uint8Array =>
  b4a.concat([b4a.from('chatter/identity/1'), b4a.from(role), handshakeHash, room.roomId]);

/** True if `signature` (64 bytes) over `message` is by the holder of `publicKey` (32 bytes). */
export const signedBy = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  sodium.crypto_sign_verify_detached(signature, message, publicKey);
