import b4a from 'b4a';
import sodium from 'sodium-native';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { decodeAll, encodeAll, fixed, list, record, uint } from '../protocol/codec.js';
import { blake3, DIGEST_BYTES } from './blake3.js';

/** Names a transfer for ever: 32 hex digits of 16 random bytes. */
export type TransferId = string & { readonly brand: 'TransferId' };

export const TRANSFER_ID_BYTES = 16;
export const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;

/** Who makes transfers: an identity. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** What a sender promises: whose it is, for whom, and which manifest. Everything else of a transfer hangs on it. */
export interface Offer {
  readonly transfer: TransferId;
  /** 32 bytes: the sender's identity. */
  readonly author: Uint8Array;
  /** 32 bytes: the only one it is for; null is everybody in the room. */
  readonly to: Uint8Array | null;
  /** Milliseconds since 1970, as the sender's computer had it. */
  readonly wall: number;
  /** Digest and length of the manifest. */
  readonly manifest: Uint8Array;
  readonly manifestBytes: number;
  readonly entries: number;
  readonly totalBytes: number;
  /** It lies in a share of its author's: nobody is told of it, and whoever in the room asks may have it. */
  readonly shared: boolean;
}

export interface SignedOffer {
  readonly offer: Offer;
  /** As signed: an entry of a room's history can carry the same bytes. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

interface WireOffer {
  transfer: Uint8Array;
  author: Uint8Array;
  to: Uint8Array[];
  wall: number;
  manifest: Uint8Array;
  manifestBytes: number;
  entries: number;
  totalBytes: number;
  shared: number;
}

const offerCodec = record<WireOffer>({
  transfer: fixed(TRANSFER_ID_BYTES),
  author: fixed(KEY_BYTES),
  to: list(fixed(KEY_BYTES), 1),
  wall: uint(8.64e15),
  manifest: fixed(DIGEST_BYTES),
  manifestBytes: uint(LIMITS.manifestBytes),
  entries: uint(LIMITS.fileEntries),
  totalBytes: uint(LIMITS.fileBytes),
  shared: uint(1),
});

/** Longest encoding of an offer. */
export const OFFER_BYTES = TRANSFER_ID_BYTES + 2 * KEY_BYTES + 1 + DIGEST_BYTES + 4 * 9 + 1;

export const transferId = (bytes: Uint8Array): TransferId => b4a.toString(bytes, 'hex') as TransferId;
export const transferBytes = (id: TransferId): Uint8Array => b4a.from(id, 'hex');

/** Signs and checks what is said about the transfers of one room: a signature of one room means nothing in another. */
export class Signatures {
  readonly #room: Uint8Array;

  /** `roomId` of hex digits. */
  constructor(roomId: string) {
    this.#room = b4a.from(roomId, 'hex');
  }

  offer(offer: Offer, signer: Signer): SignedOffer {
    const bytes = encodeAll(offerCodec, {
      ...offer,
      transfer: transferBytes(offer.transfer),
      to: offer.to ? [offer.to] : [],
      shared: offer.shared ? 1 : 0,
    });
    return { offer, bytes, signature: signer.sign(this.#message('offer', bytes)) };
  }

  /** Throws ProtocolError for anything that its author has not signed for this room. */
  readOffer(bytes: Uint8Array, signature: Uint8Array): SignedOffer {
    const wire = decodeAll(offerCodec, bytes);
    if (!this.#verify('offer', wire.author, signature, bytes)) throw new ProtocolError('SIGNATURE_WRONG');
    const copy = b4a.from(bytes);
    const { transfer, author, to, shared, ...rest } = decodeAll(offerCodec, copy);
    const offer = {
      ...rest,
      transfer: transferId(transfer),
      author,
      to: to[0] ?? null,
      shared: shared === 1,
    };
    return { offer, bytes: copy, signature: b4a.from(signature) };
  }

  /** Of the hashes of one page of blocks. */
  page(id: TransferId, page: number, hashes: Uint8Array, signer: Signer): Uint8Array {
    return signer.sign(this.#message('page', this.#page(id, page, hashes)));
  }

  isPage(offer: Offer, page: number, hashes: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify('page', offer.author, signature, this.#page(offer.transfer, page, hashes));
  }

  /** Of the root of all that was sent: nothing changed until the last block was hashed. */
  seal(id: TransferId, root: Uint8Array, signer: Signer): Uint8Array {
    return signer.sign(this.#message('seal', b4a.concat([transferBytes(id), root])));
  }

  isSeal(offer: Offer, root: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify('seal', offer.author, signature, b4a.concat([transferBytes(offer.transfer), root]));
  }

  withdrawal(id: TransferId, signer: Signer): Uint8Array {
    return signer.sign(this.#message('withdraw', transferBytes(id)));
  }

  isWithdrawal(offer: Offer, signature: Uint8Array): boolean {
    return this.#verify('withdraw', offer.author, signature, transferBytes(offer.transfer));
  }

  #page(id: TransferId, page: number, hashes: Uint8Array): Uint8Array {
    return b4a.concat([transferBytes(id), encodeAll(uint(2 ** 32), page), blake3(hashes)]);
  }

  #message(kind: string, body: Uint8Array): Uint8Array {
    return b4a.concat([b4a.from(`chatter/files/1/${kind}\0`), this.#room, body]);
  }

  #verify(kind: string, author: Uint8Array, signature: Uint8Array, body: Uint8Array): boolean {
    return sodium.crypto_sign_verify_detached(signature, this.#message(kind, body), author);
  }
}

/** The root of some content: of its blocks, whatever the files are called. `pages` are hashes, page by page. */
export const contentRoot = (sizes: readonly number[], pages: readonly Uint8Array[]): Uint8Array =>
  blake3(
    b4a.concat([
      b4a.from('chatter/files/1/root\0'),
      encodeAll(list(uint(LIMITS.fileBytes), LIMITS.fileEntries), [...sizes]),
      ...pages.map(blake3),
    ]),
  );
