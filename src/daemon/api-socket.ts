import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import {
  Answer,
  API_VERSION,
  type ApiEvent,
  CLOSE,
  Hello,
  RequestFrame,
  type ServerFrame,
  type Snapshot,
} from './api.js';
import { EventBatch } from './event-batch.js';
import type { EventLog } from './event-log.js';
import { sameSecret } from './guard.js';
import { type PageKey, type PageKeys, pageProof } from './page-keys.js';
import type { Requests } from './requests.js';

export interface ApiSocketDependencies {
  requests: Requests;
  events: EventLog;
  snapshot: () => Snapshot;
  token: string;
  pages: PageKeys;
  /** The port that the API is reached at. */
  port: number;
  clock: Clock;
  /** The upgrade request bore the token already. */
  authorized: boolean;
}

/** How long a client has to say hello. */
const HELLO_MS = 5_000;
/** Requests of one client that may be under way at once. */
const REQUESTS_AT_ONCE = 64;
/**
 * One WebSocket client: hello first, then requests and events.
 *
 * 1. Nothing is told before the hello has shown the token, or a tab of the page its code or key; a `welcome` comes first, missed events follow, then new
 *    ones: in that order, without a gap.
 * 2. Who does not read is let go when `apiSendQueueBytes` wait for it; it comes back and asks from its last event on.
 * 3. Nothing that comes after the end was decided is done.
 */
export class ApiSocket {
  readonly #socket: WebSocket;
  readonly #deps: ApiSocketDependencies;
  #welcomed = false;
  /** What the next frame is taken for until the client is let in. */
  #entering: ((frame: unknown) => void) | null;
  #underWay = 0;
  /** Null until it is welcome. */
  #batch: EventBatch | null = null;

  constructor(socket: WebSocket, deps: ApiSocketDependencies) {
    this.#socket = socket;
    this.#deps = deps;
    this.#entering = (frame) => this.#hello(frame);
    const deadline = deps.clock.after(HELLO_MS, () => socket.close(CLOSE.policy));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      deadline.cancel();
      this.#batch?.close();
    });
    socket.on('message', (data, isBinary) => {
      if (this.closed) return; // Invariant 3
      if (isBinary) return socket.close(CLOSE.protocol);
      const frame = parse((data as Buffer).toString());
      if (this.#welcomed) return void this.#request(frame);
      const enter = this.#entering;
      this.#entering = null;
      if (!enter) return socket.close(CLOSE.protocol); // it did not wait to be let in
      enter(frame);
      if (!this.#entering) deadline.cancel();
    });
  }

  get closed(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN;
  }

  event(event: ApiEvent): void {
    if (!this.closed) this.#batch?.add(event);
  }

  /** Says that the node ends since somebody wanted it to: there is no other to go to. */
  dismiss(): void {
    this.#batch?.flush();
    this.#socket.close(CLOSE.stopped);
  }

  close(): void {
    this.#socket.terminate();
  }

  #hello(frame: unknown): void {
    const { token, authorized, pages } = this.#deps;
    const hello = Hello.safeParse(frame);
    if (!hello.success) return this.#socket.close(CLOSE.policy);
    const { code, page } = hello.data;
    if (authorized || sameSecret(hello.data.token ?? '', token)) return this.#welcome(hello.data);
    if (code !== undefined) return void this.#trade(code, hello.data);
    const key = page ? pages.find(page.id) : null;
    if (!page || !key) return this.#socket.close(CLOSE.policy);
    this.#challenge(key, page.nonce, hello.data);
  }

  async #trade(code: string, hello: Hello): Promise<void> {
    const page = await this.#deps.pages.redeem(code);
    if (this.closed) return;
    if (page) this.#welcome(hello, page);
    else this.#socket.close(CLOSE.policy);
  }

  #challenge({ key }: PageKey, theirs: string, hello: Hello): void {
    const { port } = this.#deps;
    const nonces: [string, string] = [theirs, randomBytes(16).toString('base64url')];
    this.#entering = (frame) => {
      const answer = Answer.safeParse(frame);
      const right = answer.success && sameSecret(answer.data.proof, pageProof(key, 'page', port, nonces));
      if (right) this.#welcome(hello);
      else this.#socket.close(CLOSE.policy);
    };
    this.#send({ challenge: nonces[1], proof: pageProof(key, 'node', port, nonces) });
  }

  #welcome({ since, everyMs = 0 }: Hello, page?: PageKey): void {
    const { events, snapshot, clock } = this.#deps;
    const missed = since ? replay(events, since) : null;
    this.#welcomed = true; // Invariant 1: nothing else can come between, all of this is one tick
    this.#send({
      welcome: API_VERSION,
      epoch: events.epoch,
      seq: events.seq,
      resync: missed ? null : snapshot(),
      ...(page ? { page: { id: page.id, key: page.key } } : {}),
    });
    this.#batch = new EventBatch(clock, everyMs, (frame) => this.#write(frame));
    for (const event of missed ?? []) this.#batch.add({ ...event, old: true });
  }

  async #request(frame: unknown): Promise<void> {
    const request = RequestFrame.safeParse(frame);
    if (!request.success) return this.#socket.close(CLOSE.protocol);
    const { id, do: method, params: inside, ...beside } = request.data;
    const params = inside ?? beside;
    if (this.#underWay >= REQUESTS_AT_ONCE)
      return this.#refuse(id, 'API_BAD_REQUEST', 'Too many requests at once.');
    this.#underWay++;
    try {
      this.#send({ id, ok: await this.#deps.requests.answer(method, params, { lease: this }) });
    } catch (err) {
      const { code, message } = ChatterError.from(err);
      this.#refuse(id, code, message);
    } finally {
      this.#underWay--;
    }
  }

  #refuse(id: number, code: ErrorCode, text: string): void {
    this.#send({ id, error: { code, text } });
  }

  /** What happened before is told before: who asks for something hears of it before the answer. */
  #send(frame: ServerFrame): void {
    this.#batch?.flush();
    this.#write(JSON.stringify(frame));
  }

  #write(frame: string): void {
    if (this.closed) return;
    if (this.#socket.bufferedAmount > LIMITS.apiSendQueueBytes) return this.#socket.terminate(); // Invariant 2
    this.#socket.send(frame);
  }
}

/** What a client missed, or null if it is gone or too much to be sent at once. */
function replay(events: EventLog, { epoch, seq }: { epoch: string; seq: number }): ApiEvent[] | null {
  const missed = events.since(epoch, seq);
  const bytes = missed?.reduce((sum, event) => sum + JSON.stringify(event).length, 0) ?? 0;
  return bytes < LIMITS.apiSendQueueBytes / 2 ? missed : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
