import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import { systemClock } from '../../src/clock.js';
import { Link } from '../../src/connection/link.js';
import { RoomSession } from '../../src/connection/room-session.js';
import type { PeerId } from '../../src/identity/peer-id.js';
import type { SessionChannel } from '../../src/protocol/session-channel.js';
import { type BulkChannelMessages, bulkChannel } from '../support/bulk-channel.js';

export interface Figures {
  megabytesPerSecond: number;
  /** Round trips of words of 64 bytes, in milliseconds. */
  roundTrips: number[];
  /** Processor seconds a gigabyte. */
  sender: number;
  receiver: number;
}

const KEY = b4a.alloc(32, 7);
const WORD_BYTES = 64;
const NAIVE_FRAME_BYTES = 256 * 1024 - 64;
const BYTES_A_TURN = 1024 * 1024;

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** A room's session on one stream, with a channel that has a message of each class. */
export class BenchSession {
  readonly channel: SessionChannel<BulkChannelMessages>;
  readonly #link: Link;
  readonly #roundTrips: number[] = [];
  #echoes = false;
  #heard = 0;
  /** What the other end said last: bytes heard, its processor seconds, and when. */
  #told = { bytes: 0, cpu: 0, at: 0, own: 0 };
  #from = this.#told;

  constructor(noise: NoiseSecretStream) {
    const peer = { id: 'x' as PeerId, instance: 'x', path: 'direct', address: '', rttMs: null } as const;
    const end = ({ violation }: { violation: string }) => {
      throw new Error(violation);
    };
    this.#link = new Link({
      noise,
      carrier: 'tcp',
      path: 'direct',
      address: '',
      clock: systemClock,
      onProof: () => {},
      onViolation: end,
      onClose: () => {},
    });
    const session = new RoomSession('room', { ...peer, bytesPerSecond: 0, bytes: 0 }, end);
    this.channel = session.open(bulkChannel(), {
      piece: ({ data }) => {
        this.#heard += data.byteLength;
      },
      frame: (data) => {
        this.#heard += data.byteLength;
      },
      word: (word) => this.#word(word),
    });
    session.attach(this.#link, KEY);
  }

  /** Answers each word, with what has been heard so far. */
  echo(): void {
    this.#echoes = true;
  }

  async opened(): Promise<void> {
    const [...channels] = this.#link.mux;
    await Promise.all(channels.map((channel) => channel.fullyOpened()));
  }

  ask(): void {
    const word = b4a.alloc(WORD_BYTES);
    new DataView(word.buffer, word.byteOffset).setFloat64(0, performance.now());
    this.channel.send('word', word);
  }

  /** Writes whenever the stream takes it, as if there was no window. */
  flood(): void {
    const data = b4a.alloc(NAIVE_FRAME_BYTES, 3);
    const { mux } = this.#link;
    const pump = () => {
      for (let bytes = 0; mux.drained; bytes += data.byteLength) {
        if (bytes >= BYTES_A_TURN) break;
        this.channel.send('frame', data);
      }
      setImmediate(pump);
    };
    pump();
  }

  begin(): void {
    this.#roundTrips.length = 0;
    this.#from = this.#told;
  }

  figures(): Figures {
    const { bytes, cpu, at, own } = this.#told;
    const heard = bytes - this.#from.bytes;
    const gigabytes = Math.max(heard, 1) / 1e9;
    return {
      megabytesPerSecond: heard / 1e3 / (at - this.#from.at),
      roundTrips: this.#roundTrips,
      sender: (own - this.#from.own) / gigabytes,
      receiver: (cpu - this.#from.cpu) / gigabytes,
    };
  }

  #word(word: Uint8Array): void {
    const view = new DataView(word.buffer, word.byteOffset, word.byteLength);
    if (this.#echoes) {
      const answer = b4a.from(word);
      const numbers = new DataView(answer.buffer, answer.byteOffset);
      numbers.setFloat64(8, this.#heard);
      numbers.setFloat64(16, cpuSeconds());
      this.channel.send('word', answer);
      return;
    }
    const at = performance.now();
    this.#told = { bytes: view.getFloat64(8), cpu: view.getFloat64(16), at, own: cpuSeconds() };
    this.#roundTrips.push(at - view.getFloat64(0));
  }
}
