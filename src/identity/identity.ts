import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import b4a from 'b4a';
import sodium from 'sodium-native';
import { ChatterError } from '../errors.js';
import { type PeerId, peerId } from './peer-id.js';

const FORMAT = 'chatter-identity-1';

/** Who somebody is: an Ed25519 key pair on disk. */
export class Identity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly id: PeerId;
  readonly #secretKey: Uint8Array;

  private constructor(seed: Uint8Array) {
    this.publicKey = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    this.#secretKey = b4a.alloc(sodium.crypto_sign_SECRETKEYBYTES);
    sodium.crypto_sign_seed_keypair(this.publicKey, this.#secretKey, seed);
    this.id = peerId(this.publicKey);
  }

  /**
   * Reads the identity in `file`, or makes one there. Whoever else makes one at the same time, and whenever a process
   * dies, there is one whole identity or none. Throws IDENTITY_DAMAGED, or DATA_FOLDER_UNUSABLE.
   */
  static async load(file: string): Promise<Identity> {
    try {
      const content = (await read(file)) ?? (await create(file));
      return new Identity(decode(file, content));
    } catch (err) {
      if (err instanceof ChatterError) throw err;
      throw new ChatterError('DATA_FOLDER_UNUSABLE', {
        message: `${file} cannot be read or written.`,
        cause: err,
      });
    }
  }

  /** Makes the identity of a 32-byte seed live in `file`. Throws IDENTITY_EXISTS, or DATA_FOLDER_UNUSABLE. */
  static async restore(file: string, seed: Uint8Array): Promise<Identity> {
    const restored = new Identity(seed);
    try {
      await create(file, seed);
    } catch (cause) {
      throw new ChatterError('DATA_FOLDER_UNUSABLE', { message: `${file} cannot be written.`, cause });
    }
    const identity = await Identity.load(file);
    if (identity.id !== restored.id) throw new ChatterError('IDENTITY_EXISTS');
    return identity;
  }

  /** 32 bytes: the secret of everything, for a sealed backup alone. */
  get seed(): Uint8Array {
    return this.#secretKey.slice(0, sodium.crypto_sign_SEEDBYTES);
  }

  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    const signature = b4a.alloc(sodium.crypto_sign_BYTES);
    sodium.crypto_sign_detached(signature, message, this.#secretKey);
    return signature;
  }

  /**
   * `plain` for one other person alone; both of them can open it again (X25519, XSalsa20-Poly1305). `nonce` of 24
   * bytes, never used twice. Null if `other` is no key that anybody can have.
   */
  box(plain: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array | null {
    const publicKey = boxKey(other);
    if (!publicKey) return null;
    const box = b4a.alloc(plain.length + sodium.crypto_box_MACBYTES);
    sodium.crypto_box_easy(box, plain, nonce, publicKey, this.#boxSecret);
    return box;
  }

  /** What was boxed by this person for `other`, or by `other` for this person; null for anything else. */
  unbox(box: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array | null {
    const publicKey = boxKey(other);
    if (!publicKey || box.length < sodium.crypto_box_MACBYTES) return null;
    const plain = b4a.alloc(box.length - sodium.crypto_box_MACBYTES);
    return sodium.crypto_box_open_easy(plain, box, nonce, publicKey, this.#boxSecret) ? plain : null;
  }

  get #boxSecret(): Uint8Array {
    const secret = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    sodium.crypto_sign_ed25519_sk_to_curve25519(secret, this.#secretKey);
    return secret;
  }
}

function boxKey(ed25519: Uint8Array): Uint8Array | null {
  const key = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
  try {
    sodium.crypto_sign_ed25519_pk_to_curve25519(key, ed25519);
    return key;
  } catch {
    return null;
  }
}

async function read(file: string): Promise<string | null> {
  try {
    const content = await readFile(file, 'utf8');
    // Someone may have copied it with looser rights: the key is its owner's alone.
    if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
    return content;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw err;
  }
}

/** Writes a whole file under another name first; `link` then fails rather than replace an identity made meanwhile. */
async function create(
  file: string,
  seed: Uint8Array = randomBytes(sodium.crypto_sign_SEEDBYTES),
): Promise<string> {
  const content = encode(seed);
  sodium.sodium_memzero(seed);
  const temporary = `${file}.${randomBytes(8).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(path.dirname(file));
  return readFile(file, 'utf8');
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const checksum = (seed: string) =>
  createHash('sha256').update(`${FORMAT} ${seed}`).digest('hex').slice(0, 16);

function encode(seed: Uint8Array): string {
  const text = Buffer.from(seed).toString('base64url');
  return `${FORMAT} ${text} ${checksum(text)}\n`;
}

function decode(file: string, content: string): Uint8Array {
  const [format, seed = '', sum] = content.trimEnd().split(' ');
  const bytes = Buffer.from(seed, 'base64url');
  if (format !== FORMAT || sum !== checksum(seed) || bytes.length !== sodium.crypto_sign_SEEDBYTES) {
    throw new ChatterError('IDENTITY_DAMAGED', {
      message: `${file} is damaged. Put a copy of it back, or move it away to begin as somebody new.`,
    });
  }
  return bytes;
}
