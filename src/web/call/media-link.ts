import type { ErrorCode } from '../../errors.js';
import { RequestError } from '../node/node-connection.js';
import { trustedScript } from './trusted-script.js';
// oxlint-disable-next-line import/default -- Vite builds it and gives its address
import workerUrl from './worker/media-worker.ts?worker&url';
import type { FromWorker, SocketState, ToWorker, WorkerReport } from './worker/messages.js';

export interface MediaLinkEvents {
  onState: (state: SocketState, code: number) => void;
  onEvent: (event: { event: string } & Record<string, unknown>) => void;
  onLevels: (senders: Record<string, number>, receivers: Record<number, number>) => void;
  onSendFailed: (local: string, reason: string) => void;
  /** The computer slept. */
  onSlept: () => void;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (err: RequestError) => void;
}

/**
 * The window's end of the media worker.
 *
 * 1. Every request is answered or rejected: a socket that closes rejects those under way with NODE_LOST.
 */
export class MediaLink {
  readonly #worker: Worker;
  readonly #events: MediaLinkEvents;
  readonly #waiting = new Map<number, Waiting>();
  #state: SocketState = 'closed';
  #nextId = 0;

  constructor(events: MediaLinkEvents) {
    this.#events = events;
    this.#worker = new Worker(trustedScript(workerUrl), { type: 'module', name: 'chatter-media' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#on(data);
  }

  get state(): SocketState {
    return this.#state;
  }

  /** `ticket` is the node's, for one use. Resolves when the socket is open. Rejects with NODE_LOST. */
  connect(ticket: string): Promise<void> {
    const opened = new Promise<unknown>((resolve, reject) => this.#waiting.set(OPENING, { resolve, reject }));
    this.tell({ do: 'connect', url: `ws://${location.host}/api/media`, ticket });
    return opened.then(() => {});
  }

  tell(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Asks the node over the media socket. Rejects with RequestError. */
  request<T>(method: string, params: object = {}): Promise<T> {
    const id = this.#nextId++;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ do: 'request', id, method, params });
    }) as Promise<T>;
  }

  /** What encoders and decoders have done until now. */
  stats(): Promise<WorkerReport> {
    const id = this.#nextId++;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ do: 'stats', id });
    }) as Promise<WorkerReport>;
  }

  close(): void {
    this.#worker.terminate();
    this.#lost();
  }

  #on(message: FromWorker): void {
    switch (message.say) {
      case 'socket':
        this.#state = message.state;
        if (message.state === 'open') this.#settle(OPENING, undefined);
        if (message.state === 'closed') this.#lost();
        return this.#events.onState(message.state, message.code);
      case 'answer': {
        const { id, ok, error } = message;
        if (!error) return this.#settle(id, ok);
        const waiting = this.#take(id);
        return waiting?.reject(new RequestError(error.code as ErrorCode, error.text));
      }
      case 'stats':
        return this.#settle(message.id, message.report);
      case 'event':
        return this.#events.onEvent(message.event);
      case 'levels':
        return this.#events.onLevels(message.senders, message.receivers);
      case 'slept':
        return this.#events.onSlept();
      case 'send-failed':
        return this.#events.onSendFailed(message.local, message.reason);
    }
  }

  #settle(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #lost(): void {
    const lost = new RequestError('NODE_LOST', 'The call lost its connection to Chatter.');
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#waiting.clear();
  }
}

/** Stands for the opening of the socket among the requests. */
const OPENING = -1;
