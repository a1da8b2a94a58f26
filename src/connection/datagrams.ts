import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import sodium from 'sodium-native';
import { LIMITS } from '../limits.js';
import { datagramKeys } from '../membership/session-keys.js';
import { ReplayWindow } from '../replay-window.js';

const TAG_BYTES = 4;
const COUNTER_BYTES = 4;
const HEADER_BYTES = TAG_BYTES + COUNTER_BYTES;
const COUNTER_MAX = 2 ** 32 - 1;

/** What a UDX stream has beside its order of bytes. */
interface UnorderedStream {
  trySend(bytes: Uint8Array): void;
  on(event: 'message', fn: (bytes: Uint8Array) => void): unknown;
}

/** One channel's datagrams on one stream. */
export interface DatagramLane {
  /** Sends at once, perhaps for nothing. False where it cannot be sent so: it is too long, or the lane is over. */
  send(bytes: Uint8Array): boolean;
  close(): void;
}

/**
 * Datagrams beside one stream, sealed for the channels of the rooms that were proven on it (PROTOCOL.md [W5]).
 *
 * secret-stream's own `send` is not used: its key is made of the handshake's hash alone, which is made of nothing but
 * what everybody on the way has seen.
 *
 * 1. Nobody but the other end of the proof is heard, and of that no datagram twice. What anybody else sends is dropped,
 *    and has no other consequence.
 * 2. A key and a counter are used once: keys are fresh with each proof, and a counter that has run out sends nothing more.
 */
export class Datagrams {
  readonly #stream: UnorderedStream;
  readonly #isInitiator: boolean;
  readonly #lanes = new Map<number, (sealed: Uint8Array) => void>();

  private constructor(stream: UnorderedStream, isInitiator: boolean) {
    this.#stream = stream;
    this.#isInitiator = isInitiator;
    stream.on('message', (bytes) => {
      if (bytes.byteLength > HEADER_BYTES) this.#lanes.get(tagOf(bytes))?.(bytes);
    });
  }

  /** Null where the stream is carried by something that knows order alone. */
  static beside({ rawStream, isInitiator }: NoiseSecretStream): Datagrams | null {
    return isUnordered(rawStream) ? new Datagrams(rawStream, isInitiator) : null;
  }

  /** Opens the channel `name` of a room whose proof gave `session`. `onMessage` gets bytes of its own. */
  open(session: Uint8Array, name: string, onMessage: (bytes: Uint8Array) => void): DatagramLane {
    const { tag, initiator, responder } = datagramKeys(session, name);
    const [ownKey, otherKey] = this.#isInitiator ? [initiator, responder] : [responder, initiator];
    const number = tagOf(tag);
    const window = new ReplayWindow();
    const receive = (sealed: Uint8Array) => {
      const counter = counterOf(sealed);
      const plain = openBox(sealed.subarray(HEADER_BYTES), counter, otherKey);
      if (plain && window.take(counter)) onMessage(plain); // Invariant 1
    };
    this.#lanes.set(number, receive);
    let counter = 0;
    let closed = false;
    return {
      send: (bytes) => {
        if (closed || counter > COUNTER_MAX || bytes.byteLength > LIMITS.datagramBytes) return false; // Invariant 2
        this.#stream.trySend(seal(bytes, tag, counter++, ownKey));
        return true;
      },
      close: () => {
        closed = true;
        if (this.#lanes.get(number) === receive) this.#lanes.delete(number);
      },
    };
  }
}

function isUnordered(stream: unknown): stream is UnorderedStream {
  return typeof (stream as Partial<UnorderedStream> | null)?.trySend === 'function';
}

function seal(plain: Uint8Array, tag: Uint8Array, counter: number, key: Uint8Array): Uint8Array {
  const sealed = b4a.alloc(HEADER_BYTES + sodium.crypto_secretbox_MACBYTES + plain.byteLength);
  sealed.set(tag);
  viewOf(sealed).setUint32(TAG_BYTES, counter, true);
  sodium.crypto_secretbox_easy(sealed.subarray(HEADER_BYTES), plain, nonceOf(counter), key);
  return sealed;
}

function openBox(box: Uint8Array, counter: number, key: Uint8Array): Uint8Array | null {
  const bytes = box.byteLength - sodium.crypto_secretbox_MACBYTES;
  if (bytes < 1) return null;
  const plain = b4a.alloc(bytes);
  return sodium.crypto_secretbox_open_easy(plain, box, nonceOf(counter), key) ? plain : null;
}

function nonceOf(counter: number): Uint8Array {
  const nonce = b4a.alloc(sodium.crypto_secretbox_NONCEBYTES);
  viewOf(nonce).setUint32(0, counter, true);
  return nonce;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const tagOf = (bytes: Uint8Array) => viewOf(bytes).getUint32(0, true);
const counterOf = (bytes: Uint8Array) => viewOf(bytes).getUint32(TAG_BYTES, true);
