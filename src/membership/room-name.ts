import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** The open room of the network that one is in (PROTOCOL.md [M5]). */
export const LOBBY = 'lobby';

const bytesOf = (text: string) => Buffer.byteLength(text);
/** Control characters, and what is never drawn: U+2800 is a braille cell without dots. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** As two spellings of one name are compared (PROTOCOL.md [M1]); checks nothing. */
export const foldRoomName = (name: string): string =>
  name
    .replace(/[\ufe0e\ufe0f]/gu, '') // how a picture is drawn, not which one it is
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .trim()
    .replace(/\s+/gu, '-');

/** The one spelling of a room name. Throws ROOM_NAME_INVALID. */
export function normaliseRoomName(name: string): string {
  // The length counts before and after: one character can become eleven.
  if (!name.isWellFormed() || bytesOf(name) > LIMITS.roomNameBytes)
    throw new ChatterError('ROOM_NAME_INVALID');
  const folded = foldRoomName(name);
  if (folded === '' || bytesOf(folded) > LIMITS.roomNameBytes || FORBIDDEN.test(folded)) {
    throw new ChatterError('ROOM_NAME_INVALID');
  }
  return folded;
}

/** The one spelling of a passphrase (RFC 8265 OpaqueString). Throws PASSPHRASE_INVALID. */
export function normalisePassphrase(passphrase: string): string {
  const normal = passphrase.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  const bytes = bytesOf(normal);
  const short = bytes < LIMITS.passphraseMinBytes;
  if (!passphrase.isWellFormed() || short || bytes > LIMITS.passphraseMaxBytes || /\p{Cc}/u.test(normal)) {
    throw new ChatterError('PASSPHRASE_INVALID');
  }
  return normal;
}
