import b4a from 'b4a';
import { LIMITS } from '../limits.js';
import type { BulkFlow, BulkSource } from '../protocol/session-channel.js';
import { CausalMerge } from './causal-merge.js';
import type { ChatMessages } from './chat-channel.js';
import { type ChatStore, FLAG, type StoredMessage } from './chat-store.js';
import { type LogId, type Messages, SIGNATURE_BYTES } from './message.js';

const NO_BODY = b4a.alloc(0);
const UNSIGNED = b4a.alloc(SIGNATURE_BYTES);
/** Read ahead while the link is busy. */
const AHEAD = 2 * LIMITS.chatBatchMessages;

export interface ServingDependencies {
  store: ChatStore;
  messages: Messages;
  request: number;
  wanted: ReadonlyMap<LogId, number>;
  /** All of it was handed over, or reading it failed. */
  onEnd: (err?: unknown) => void;
}

/** The answer to one request for history: read as the link has room for it. */
export class Serving implements BulkSource<ChatMessages> {
  readonly #deps: ServingDependencies;
  readonly #merge: CausalMerge;
  #flow: BulkFlow | null = null;
  #ready: StoredMessage[] = [];
  #reading = false;
  #read = false;
  #ended = false;

  constructor(deps: ServingDependencies) {
    this.#deps = deps;
    this.#merge = new CausalMerge(deps.store, deps.wanted);
  }

  /** `flow` asks this source. */
  begin(flow: BulkFlow): void {
    this.#flow = flow;
    this.#readOn();
  }

  next(roomBytes: number) {
    if (this.#ended || (this.#ready.length === 0 && !this.#read)) return null;
    const batch = this.#take(Math.min(roomBytes, LIMITS.chatBatchBytes));
    const last = this.#read && this.#ready.length === 0;
    if (last)
      queueMicrotask(() => this.#end()); // a flow that is closed while it is asked sends nothing
    else this.#readOn();
    const { request } = this.#deps;
    return {
      name: 'history' as const,
      value: { request, messages: this.#asWire(batch), last: last ? 1 : 0 },
    };
  }

  failed(err: unknown): void {
    this.#end(err);
  }

  close(): void {
    this.#ended = true;
    this.#flow?.close();
  }

  #take(roomBytes: number): StoredMessage[] {
    let bytes = 0;
    let count = 0;
    for (const { headerBytes, body } of this.#ready) {
      bytes += headerBytes.byteLength + SIGNATURE_BYTES + (body?.byteLength ?? 0) + 4;
      if (count > 0 && (bytes > roomBytes || count >= LIMITS.chatBatchMessages)) break;
      count++;
    }
    return this.#ready.splice(0, count);
  }

  /** The last of each log in a batch is what the others are proven by, so its signature is known to be right. */
  #asWire(batch: readonly StoredMessage[]) {
    const { messages } = this.#deps;
    const last = new Map(batch.map((message) => [message.log, message]));
    return batch.map((message) => ({
      header: message.headerBytes,
      signature: last.get(message.log) !== message || this.#isSigned(message) ? message.signature : UNSIGNED,
      body: message.body && messages.isWhole(message) ? message.body : NO_BODY, // the disk may have changed it
    }));
  }

  #isSigned(message: StoredMessage): boolean {
    if ((message.flags & FLAG.unchecked) === 0) return true;
    const read = this.#deps.messages.read(message.headerBytes, message.signature, null);
    return read !== null && this.#deps.messages.isSigned(read);
  }

  #readOn(): void {
    if (this.#reading || this.#read || this.#ended || this.#ready.length >= AHEAD) return;
    this.#reading = true;
    this.#merge.next(LIMITS.chatBatchMessages).then(
      (messages) => {
        this.#reading = false;
        if (this.#ended) return;
        const damaged = messages.findIndex((message) => !this.#deps.messages.isPlaced(message));
        if (damaged >= 0) this.#deps.store.damaged(); // nobody would take it, nor what builds on it
        this.#ready.push(...(damaged < 0 ? messages : messages.slice(0, damaged)));
        this.#read = damaged >= 0 || messages.length < LIMITS.chatBatchMessages;
        this.#readOn();
        this.#flow?.wake();
      },
      (err: unknown) => this.#end(err),
    );
  }

  #end(err?: unknown): void {
    if (this.#ended) return;
    this.close();
    this.#deps.onEnd(err);
  }
}
