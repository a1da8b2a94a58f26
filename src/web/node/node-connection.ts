import type {
  ApiEvent,
  Challenge,
  Frame,
  Method,
  Params,
  Result,
  ServerFrame,
  Snapshot,
  Welcome,
} from '../../daemon/api.js';
import type { ErrorCode } from '../../errors.js';
import type { LinkState } from '../state/model.js';
import { keepKey, loadKey, type PageKey, pageProof, randomNonce } from './page-key.js';

export interface ConnectionEvents {
  onState: (state: LinkState) => void;
  /** What happened since the last ones, in order. */
  onEvents: (events: readonly ApiEvent[]) => void;
  /** Events were missed for good, or none was seen yet: this is how things stand. */
  onSnapshot: (snapshot: Snapshot) => void;
}

/** What the node answers when it refuses; its text is a sentence for people. */
export class RequestError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, text: string) {
    super(text);
    this.code = code;
  }
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (err: RequestError) => void;
}

/** A picture's time: the node need not tell what happens more often. */
const FRAME_MS = 16;
const AGAIN_MIN_MS = 300;
const AGAIN_MAX_MS = 4_000;
const CLOSED_POLICY = 1008;
const CLOSED_STOPPED = 4001;

/**
 * This tab's WebSocket to the node.
 *
 * 1. Events are heard once each, in order; where some were missed for good a snapshot comes in between.
 * 2. A node that ended is looked for at the same address until it is back; rooms that were joined here are joined
 *    there again, so that the lease goes on.
 * 3. Nothing is told to whoever listens at the address before it has proven that it knows this tab's key.
 */
export class NodeConnection {
  readonly #events: ConnectionEvents;
  readonly #waiting = new Map<number, Waiting>();
  readonly #joined = new Set<string>();
  #code: string | null;
  #key: PageKey | null;
  #socket: WebSocket | null = null;
  #since: { epoch: string; seq: number } | null = null;
  #nextId = 0;
  #againMs = AGAIN_MIN_MS;

  /** `code` is the one-time code of the address that this tab was opened with, if it had one. */
  constructor(events: ConnectionEvents, code: string | null) {
    this.#events = events;
    this.#code = code;
    this.#key = loadKey();
    this.#connect();
  }

  /** Rejects with RequestError; NODE_LOST where it cannot be known whether it was done. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const result = await this.#ask<M>(method, params);
    if (method === 'join') this.#joined.add((result as Result<'join'>).roomId);
    if (method === 'leave') this.#joined.delete((result as Result<'leave'>).roomId);
    return result;
  }

  /** Looks for the node at once, as after a stop. */
  again(): void {
    if (this.#socket === null) this.#connect();
  }

  #ask<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new RequestError('NODE_LOST', 'Chatter does not answer just now.'));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, do: method, params }));
    });
  }

  #connect(): void {
    if (!this.#code && !this.#key) return this.#events.onState('locked');
    this.#events.onState('connecting');
    const socket = new WebSocket(`ws://${location.host}/api/socket`);
    this.#socket = socket;
    const nonce = randomNonce();
    const since = this.#since ?? undefined;
    let answered = Promise.resolve();
    socket.onopen = () => {
      const { id } = this.#key ?? {};
      const who = this.#code ? { code: this.#code } : { page: { id, nonce } };
      socket.send(JSON.stringify({ hello: 1, ...who, since, everyMs: FRAME_MS }));
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data as string) as ServerFrame;
      if ('challenge' in frame) answered = this.#answer(socket, frame, nonce);
      else if ('welcome' in frame) void answered.then(() => this.#onWelcome(frame));
      else if ('events' in frame) this.#onEvents(frame.events);
      else if ('event' in frame) this.#onEvents([frame.event]);
      else this.#onAnswer(frame);
    };
    socket.onclose = ({ code }) => this.#onClose(socket, code);
  }

  async #answer(socket: WebSocket, { challenge, proof }: Challenge, nonce: string): Promise<void> {
    const key = this.#key as PageKey;
    const nonces: [string, string] = [nonce, challenge];
    if ((await pageProof(key, 'node', location.port, nonces)) !== proof) return socket.close(); // Invariant 3
    socket.send(JSON.stringify({ proof: await pageProof(key, 'page', location.port, nonces) }));
  }

  #onWelcome({ epoch, seq, resync, page }: Welcome): void {
    if (page) {
      this.#key = page;
      keepKey(page);
    }
    this.#code = null;
    this.#againMs = AGAIN_MIN_MS;
    if (resync) {
      this.#since = { epoch, seq };
      this.#events.onSnapshot(resync);
    }
    void this.#ask('hold', {}).catch(() => {}); // an open tab keeps the node
    this.#events.onState('open');
    for (const room of this.#joined) void this.#ask('join', { room }).catch(() => {}); // lost again: again then
  }

  #onEvents(events: readonly ApiEvent[]): void {
    const { epoch, seq } = events.at(-1) as ApiEvent;
    this.#since = { epoch, seq };
    this.#events.onEvents(events);
  }

  #onAnswer(frame: Exclude<Frame, { event: ApiEvent }>): void {
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    if ('ok' in frame) waiting?.resolve(frame.ok as never);
    else waiting?.reject(new RequestError(frame.error.code, frame.error.text));
  }

  #onClose(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    const lost = new RequestError('NODE_LOST', 'Chatter ended before it answered.');
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#waiting.clear();
    if (code === CLOSED_STOPPED) return this.#events.onState('stopped');
    if (code === CLOSED_POLICY && this.#code && this.#key) {
      this.#code = null; // an old address in a tab that has a key
      return this.#connect();
    }
    if (code === CLOSED_POLICY) return this.#events.onState('locked');
    this.#events.onState('lost');
    setTimeout(() => this.again(), this.#againMs);
    this.#againMs = Math.min(this.#againMs * 1.5, AGAIN_MAX_MS);
  }
}
