/** The part of sodium-native 5.1.0 that is used here; it ships no types. */
declare module 'sodium-native' {
  const crypto_sign_PUBLICKEYBYTES: 32;
  const crypto_sign_SECRETKEYBYTES: 64;
  const crypto_sign_SEEDBYTES: 32;
  const crypto_sign_BYTES: 64;
  const crypto_pwhash_ALG_ARGON2ID13: number;
  /** `out` of 16 to 64 bytes; `key` of 16 to 64 bytes. */
  function crypto_generichash(out: Uint8Array, input: Uint8Array, key?: Uint8Array): void;
  function crypto_generichash_batch(out: Uint8Array, inputs: Uint8Array[], key?: Uint8Array): void;
  function crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void;
  function crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  function crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  function crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
  /** Argon2id off the event loop; `memoryBytes` in bytes. */
  function crypto_pwhash_async(
    out: Uint8Array,
    password: Uint8Array,
    salt: Uint8Array,
    operations: number,
    memoryBytes: number,
    algorithm: number,
  ): Promise<void>;
  const crypto_secretbox_KEYBYTES: 32;
  const crypto_secretbox_NONCEBYTES: 24;
  const crypto_secretbox_MACBYTES: 16;
  /** `box` is `crypto_secretbox_MACBYTES` longer than `plain`. */
  function crypto_secretbox_easy(
    box: Uint8Array,
    plain: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void;
  function crypto_secretbox_open_easy(
    plain: Uint8Array,
    box: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): boolean;
  const crypto_box_NONCEBYTES: 24;
  const crypto_box_MACBYTES: 16;
  /** X25519, XSalsa20-Poly1305; keys of 32 bytes, `box` is `crypto_box_MACBYTES` longer than `plain`. */
  function crypto_box_easy(
    box: Uint8Array,
    plain: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): void;
  function crypto_box_open_easy(
    plain: Uint8Array,
    box: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): boolean;
  /** The X25519 keys that belong to Ed25519 ones. Throws if `ed25519` is no point that can be used. */
  function crypto_sign_ed25519_pk_to_curve25519(curve25519: Uint8Array, ed25519: Uint8Array): void;
  function crypto_sign_ed25519_sk_to_curve25519(curve25519: Uint8Array, ed25519: Uint8Array): void;
  function randombytes_buf(out: Uint8Array): void;
  function sodium_memzero(buffer: Uint8Array): void;
  function sodium_memcmp(a: Uint8Array, b: Uint8Array): boolean;
}
