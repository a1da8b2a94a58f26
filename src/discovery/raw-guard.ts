import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { FrameBuffers } from './frame-buffers.js';
import type { FrameReader } from './frame-reader.js';

/** Heard before others get the event loop: two blocks of a file, read, decrypted, hashed and written. */
const BYTES_A_TURN = 512 * 1024;

/**
 * Stands between a TCP socket and its Noise stream: what comes is bounded and cut by a `FrameReader`, what goes gives
 * its memory back, and a fast peer is heard by turns with everything else.
 */
export class RawGuard extends EventEmitter {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #buffers: FrameBuffers;
  #paused = false;
  #turn: { bytes: number; over: boolean } | null = null;

  /** `isRead`: the socket reads by the reader; otherwise it is handed what the socket emits. */
  constructor(
    socket: Socket,
    { reader, isRead, buffers }: { reader: FrameReader; isRead: boolean; buffers: FrameBuffers },
  ) {
    super();
    this.#socket = socket;
    this.#reader = reader;
    this.#buffers = buffers;
    reader.onData = (chunk) => this.#onData(chunk);
    reader.onRefused = () => socket.destroy();
    if (!isRead) socket.on('data', (chunk: Buffer) => reader.take(chunk));
    for (const event of ['end', 'drain', 'close', 'error'] as const) {
      socket.on(event, (...args: unknown[]) => void this.emit(event, ...args));
    }
    this.on('error', () => {}); // the Noise stream ends by it; alone it must not throw
  }

  /** The handshake is done: see `FrameReader`. */
  secured(): void {
    this.#reader.secured();
  }

  write(data: Uint8Array): boolean {
    if (!this.#buffers.has(data)) return this.#socket.write(data);
    return this.#socket.write(data, (err) => {
      if (!err) this.#buffers.giveBack(data); // otherwise the system may still look at it
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(err?: Error): void {
    this.#socket.destroy(err);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#turn?.over) this.#socket.resume();
  }

  #onData(chunk: Buffer): void {
    this.#count(chunk.byteLength);
    this.emit('data', chunk);
  }

  /** libuv reads on for as long as there is something, up to 32 times, before it looks at anything else. */
  #count(bytes: number): void {
    this.#turn ??= this.#beginTurn();
    this.#turn.bytes += bytes;
    if (this.#turn.over || this.#turn.bytes < BYTES_A_TURN) return;
    this.#turn.over = true;
    this.#socket.pause();
  }

  #beginTurn() {
    const turn = { bytes: 0, over: false };
    setImmediate(() => {
      this.#turn = null;
      if (turn.over && !this.#paused) this.#socket.resume();
    });
    return turn;
  }
}
