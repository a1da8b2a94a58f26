import { ChatterError, ERRORS, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Codec } from '../media/codecs.js';
import { decodeConfig, decodeFrame, type Frame, type VideoConfig } from '../media/frame.js';
import { FrameGate } from '../media/frame-gate.js';
import type { DataFolder } from '../storage/data-folder.js';
import type { MediaEvent, MediaMethod, MediaParams, MediaResult } from './call-api.js';
import { findNode } from './find-node.js';

type Socket = import('ws').WebSocket;
type Said =
  | { id: number; ok?: unknown; error?: { code: ErrorCode; text: string } }
  | MediaEvent
  | { welcome: 1 };

/** One picture that can be decoded if those before it were; `config` comes with key frames. */
export interface WatchedFrame extends Frame {
  readonly video: VideoConfig | null;
}

const CONNECT_MS = 5_000;

/**
 * A program's own media socket, from which it watches a camera or screen of a call.
 *
 * 1. A frame counts as taken when the next one is asked for: who takes them slowly gets fewer, and holds nothing up.
 */
export class MediaClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (err: Error) => void }>();
  #frames: Uint8Array[] = [];
  #wake: () => void = () => {};
  #over = false;
  #lost = false;
  #nextId = 0;
  #takenBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#frames.push(new Uint8Array(data as Buffer));
      else this.#onText(JSON.parse((data as Buffer).toString()) as Said);
      this.#wake();
    });
    socket.on('close', () => {
      this.#lost = !this.#over;
      this.close();
      for (const { reject } of this.#waiting.values()) reject(new ChatterError('NODE_LOST'));
    });
  }

  /** Throws NODE_NOT_RUNNING, and NODE_LOST for a node that does not answer. */
  static async connect(folder: DataFolder): Promise<MediaClient> {
    const address = findNode(folder);
    if (!address) throw new ChatterError('NODE_NOT_RUNNING');
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`ws://127.0.0.1:${address.port}/api/media`, {
      headers: { Authorization: `Bearer ${address.token}` },
      handshakeTimeout: CONNECT_MS,
      perMessageDeflate: false,
      maxPayload: 2 * LIMITS.mediaFrameBytes,
    });
    socket.on('error', () => {}); // 'close' follows
    await new Promise<void>((resolve, reject) => {
      socket.once('close', () => reject(new ChatterError('NODE_LOST')));
      socket.once('open', () => {
        socket.send(JSON.stringify({ hello: 1 }));
        resolve();
      });
    });
    return new MediaClient(socket);
  }

  request<M extends MediaMethod>(method: M, params: MediaParams<M>): Promise<MediaResult<M>> {
    if (this.#socket.readyState !== this.#socket.OPEN) return Promise.reject(new ChatterError('NODE_LOST'));
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ ...params, id, do: method }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /**
   * The pictures of a track of the call that was joined, from a key frame on, until it ends or `close()`. Throws
   * TRACK_UNKNOWN, and NODE_LOST where the node ends first.
   */
  async *watch(track: string, codec: Codec): AsyncGenerator<WatchedFrame> {
    const gate = new FrameGate();
    const { consumer } = await this.request('consume', { track });
    while (!this.#over || this.#frames.length > 0) {
      const bytes = this.#frames.shift();
      if (!bytes) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#takenBytes += bytes.byteLength;
      const frame = decodeFrame(bytes);
      const verdict = gate.take(frame.header);
      if (verdict === 'decode')
        yield { ...frame, video: frame.header.key ? decodeConfig(frame.config, codec) : null };
      else if (verdict === 'need-key') await this.request('key', { consumer });
      this.#say({ got: this.#takenBytes }); // Invariant 1
    }
    if (this.#lost) throw new ChatterError('NODE_LOST');
  }

  /** Ends what is watched; may be called any number of times. */
  close(): void {
    this.#over = true;
    this.#wake();
    this.#socket.close();
  }

  #onText(said: Said): void {
    if ('event' in said) {
      if (said.event === 'consumer-closed' || said.event === 'ended' || said.event === 'moved') this.close();
    } else if ('id' in said) {
      const waiting = this.#waiting.get(said.id);
      this.#waiting.delete(said.id);
      if (!said.error) waiting?.resolve(said.ok as never);
      else {
        const { code, text } = said.error;
        waiting?.reject(new ChatterError(Object.hasOwn(ERRORS, code) ? code : 'INTERNAL', { message: text }));
      }
    }
  }

  #say(text: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(text));
  }
}
