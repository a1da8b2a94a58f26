import b4a from 'b4a';
import sodium from 'sodium-native';
import { type PeerId, peerId } from '../../src/identity/peer-id.js';
import type { SeededRandom } from './seeded-random.js';

/** Somebody's key that follows from a seed, and all that is done with it. */
export class SeededIdentity {
  readonly publicKey = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
  readonly id: PeerId;
  readonly #secretKey = b4a.alloc(sodium.crypto_sign_SECRETKEYBYTES);

  constructor(random: SeededRandom) {
    sodium.crypto_sign_seed_keypair(
      this.publicKey,
      this.#secretKey,
      random.bytes(sodium.crypto_sign_SEEDBYTES),
    );
    this.id = peerId(this.publicKey);
  }

  sign(message: Uint8Array): Uint8Array {
    const signature = b4a.alloc(sodium.crypto_sign_BYTES);
    sodium.crypto_sign_detached(signature, message, this.#secretKey);
    return signature;
  }

  box(plain: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array {
    const box = b4a.alloc(plain.length + sodium.crypto_box_MACBYTES);
    sodium.crypto_box_easy(box, plain, nonce, curveKey(other), this.#curveSecret());
    return box;
  }

  unbox(box: Uint8Array, nonce: Uint8Array, other: Uint8Array): Uint8Array | null {
    if (box.length < sodium.crypto_box_MACBYTES) return null;
    const plain = b4a.alloc(box.length - sodium.crypto_box_MACBYTES);
    return sodium.crypto_box_open_easy(plain, box, nonce, curveKey(other), this.#curveSecret())
      ? plain
      : null;
  }

  #curveSecret(): Uint8Array {
    const secret = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
    sodium.crypto_sign_ed25519_sk_to_curve25519(secret, this.#secretKey);
    return secret;
  }
}

function curveKey(ed25519: Uint8Array): Uint8Array {
  const key = b4a.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
  sodium.crypto_sign_ed25519_pk_to_curve25519(key, ed25519);
  return key;
}
