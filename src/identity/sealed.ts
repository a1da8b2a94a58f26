import b4a from 'b4a';
import sodium from 'sodium-native';
import { ChatterError } from '../errors.js';

const FORMAT = 'chatter-backup-1';
/** libsodium's MODERATE: a file can be guessed at for as long as somebody likes, so each guess costs more than a room's. */
const OPERATIONS = 3;
const MEMORY_BYTES = 256 * 1024 * 1024;
const SALT_BYTES = 16;

/** `plain` as one line of text that only the passphrase opens: Argon2id, then XSalsa20-Poly1305. Takes about a second. */
export async function seal(plain: Uint8Array, passphrase: string): Promise<string> {
  const [salt, nonce] = [b4a.alloc(SALT_BYTES), b4a.alloc(sodium.crypto_secretbox_NONCEBYTES)];
  sodium.randombytes_buf(salt);
  sodium.randombytes_buf(nonce);
  const box = b4a.alloc(plain.length + sodium.crypto_secretbox_MACBYTES);
  const key = await stretch(passphrase, salt);
  sodium.crypto_secretbox_easy(box, plain, nonce, key);
  sodium.sodium_memzero(key);
  return `${FORMAT} ${b4a.toString(b4a.concat([salt, nonce, box]), 'base64')}\n`;
}

/** What was sealed. Throws BACKUP_WRONG for another passphrase, and for anything but a whole sealed text. */
export async function unseal(sealed: string, passphrase: string): Promise<Uint8Array> {
  const [format, text = ''] = sealed.trim().split(' ');
  const bytes = b4a.from(text, 'base64');
  const boxAt = SALT_BYTES + sodium.crypto_secretbox_NONCEBYTES;
  const plainBytes = bytes.length - boxAt - sodium.crypto_secretbox_MACBYTES;
  if (format !== FORMAT || plainBytes < 0) throw new ChatterError('BACKUP_WRONG');
  const plain = b4a.alloc(plainBytes);
  const key = await stretch(passphrase, bytes.subarray(0, SALT_BYTES));
  const opened = sodium.crypto_secretbox_open_easy(
    plain,
    bytes.subarray(boxAt),
    bytes.subarray(SALT_BYTES, boxAt),
    key,
  );
  sodium.sodium_memzero(key);
  if (!opened) throw new ChatterError('BACKUP_WRONG');
  return plain;
}

let turn: Promise<unknown> = Promise.resolve();

/** One at a time, since each takes 256 MiB. */
function stretch(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  const run = turn.then(async () => {
    const key = b4a.alloc(sodium.crypto_secretbox_KEYBYTES);
    const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13;
    await sodium.crypto_pwhash_async(key, b4a.from(passphrase), salt, OPERATIONS, MEMORY_BYTES, algorithm);
    return key;
  });
  turn = run.catch(() => undefined); // the next one does not care whether this one failed
  return run;
}
