import { decodeFrame, encodeFrame, type Frame } from '../../../media/frame.js';
import type { SocketState } from './messages.js';

interface MediaSocketEvents {
  onState: (state: SocketState, code: number) => void;
  onEvent: (event: { event: string } & Record<string, unknown>) => void;
  onAnswer: (id: number, answer: { ok?: unknown; error?: { code: string; text: string } }) => void;
  onFrame: (frame: Frame) => void;
}

/** How often the node is told what has been taken, so that it holds back for a page that is too slow. */
const GOT_EVERY_MS = 100;

/**
 * The media socket to this page's node: requests, events and frames (`src/daemon/README.md`, "The call").
 *
 * 1. Nothing is sent before the node has let this page in.
 * 2. A frame that is no frame is left out; the node checks what peers send, so this is the second look.
 */
export class MediaSocket {
  readonly #socket: WebSocket;
  readonly #events: MediaSocketEvents;
  #welcomed = false;
  #got = 0;
  #told = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(url: string, ticket: string, events: MediaSocketEvents) {
    this.#events = events;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => this.#socket.send(JSON.stringify({ hello: 1, ticket }));
    this.#socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#onText(JSON.parse(data));
      else this.#onBytes(data);
    };
    this.#socket.onclose = ({ code }) => this.#onClose(code);
    events.onState('connecting', 0);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  request(id: number, method: string, params: object): void {
    if (this.#welcomed) this.#say({ ...params, id, do: method });
    else
      this.#events.onAnswer(id, { error: { code: 'NODE_LOST', text: 'Chatter does not answer just now.' } });
  }

  send(frame: Frame): void {
    if (!this.#welcomed || this.#socket.readyState !== WebSocket.OPEN) return; // Invariant 1
    this.#socket.send(encodeFrame(frame) as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    this.#socket.close();
  }

  #onText(text: Record<string, unknown>): void {
    if ('welcome' in text) this.#onWelcome();
    else if ('event' in text) this.#events.onEvent(text as { event: string });
    else if ('id' in text) this.#events.onAnswer(text.id as number, text);
  }

  #onWelcome(): void {
    this.#welcomed = true;
    this.#timer = setInterval(() => {
      if (this.#got === this.#told) return;
      this.#told = this.#got;
      this.#say({ got: this.#got });
    }, GOT_EVERY_MS);
    this.#events.onState('open', 0);
  }

  #onBytes(bytes: ArrayBuffer): void {
    this.#got += bytes.byteLength;
    let frame: Frame;
    try {
      frame = decodeFrame(new Uint8Array(bytes));
    } catch {
      return; // Invariant 2
    }
    this.#events.onFrame(frame);
  }

  #onClose(code: number): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#welcomed = false;
    this.#events.onState('closed', code);
  }

  #say(text: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(text));
  }
}
