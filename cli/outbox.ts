import type { Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { LIMITS } from '../src/limits.js';

/** Of lines that one request holds: what is read of a pipe at once, and with six characters a byte, as JSON may need, a frame. */
const BATCH_BYTES = 128 * 1024;
/** Messages of the history that are read at once. */
const PAGE = 500;

type Line = Result<'sayAll'>['lines'][number];

export interface OutboxEvents {
  /** True while lines are with the node and not yet said: nothing more is to be read. */
  busy(busy: boolean): void;
  said(id: string): void;
  failed(err: ChatterError): void;
  /** Fewer lines are left that nobody has. */
  changed(): void;
}

/**
 * The lines of a pipe on their way into a room whose history is kept.
 *
 * 1. What was read at once is handed to the node at once, which says it whatever becomes of this process.
 * 2. Lines are said in their order, each once: after the node has died its history tells which of them were said.
 * 3. A line counts as pending until somebody else has it.
 */
export class Outbox {
  readonly #client: Client;
  readonly #roomId: string;
  readonly #selfId: string;
  readonly #events: OutboxEvents;
  #lines: string[] = [];
  #handing: Promise<void> | null = null;
  #timer: NodeJS.Immediate | null = null;
  /** Clocks of lines that were said and that nobody is known to have; ascending. */
  #clocks: number[] = [];
  /** Up to here somebody else has everything. */
  #reached = 0;
  /** The own message that was said last, as far as it is known here. */
  #last: string | undefined;
  #nodeIsBack: () => void = () => {};
  #closed = false;

  constructor(client: Client, room: Pick<Result<'join'>, 'roomId' | 'self' | 'last'>, events: OutboxEvents) {
    this.#client = client;
    this.#roomId = room.roomId;
    this.#selfId = room.self.id;
    this.#last = room.last?.id;
    this.#events = events;
    client.on('resync', () => this.#nodeIsBack());
    client.on('event', (event) => {
      if (!('roomId' in event) || event.roomId !== this.#roomId) return;
      if (event.type === 'receipt' && event.peer.id !== this.#selfId) this.#reach(event.delivered);
      if (event.type === 'left') this.#forget();
    });
  }

  /** Lines that nobody else has yet. */
  get pending(): number {
    return this.#lines.length + this.#clocks.length + (this.#handing ? 1 : 0);
  }

  say(text: string): void {
    if (Buffer.byteLength(text) > LIMITS.lineBytes)
      return this.#events.failed(new ChatterError('MESSAGE_INVALID'));
    this.#lines.push(text);
    this.#events.busy(true);
    // Once everything that was read together is here (Invariant 1).
    if (!this.#handing) this.#timer ??= setImmediate(this.#hand);
  }

  /** Resolves when every line was said, or cannot be. */
  async idle(): Promise<void> {
    if (this.#timer) this.#hand();
    while (this.#handing) await this.#handing;
  }

  /** Nothing more can be said: `idle` waits for nothing. */
  close(): void {
    this.#closed = true;
    this.#lines = [];
    this.#nodeIsBack();
  }

  #hand = (): void => {
    if (this.#timer) clearImmediate(this.#timer);
    this.#timer = null;
    this.#handing ??= this.#handAll().finally(() => {
      this.#handing = null;
      this.#events.busy(false);
      this.#events.changed();
    });
  };

  async #handAll(): Promise<void> {
    while (this.#lines.length > 0) {
      const batch = this.#lines.splice(0, batchLength(this.#lines));
      await this.#sayAll(batch).catch((err: unknown) => this.#events.failed(ChatterError.from(err)));
    }
  }

  async #sayAll(texts: readonly string[]): Promise<void> {
    let left = texts;
    while (left.length > 0 && !this.#closed) {
      const isBack = new Promise<void>((resolve) => (this.#nodeIsBack = resolve));
      try {
        const { lines } = await this.#client.request('sayAll', { room: this.#roomId, texts: [...left] });
        for (const line of lines) this.#account(line);
        return;
      } catch (err) {
        if (ChatterError.from(err).code !== 'NODE_LOST') throw err;
        await isBack;
        if (!this.#closed) left = left.slice(await this.#alreadySaid(left)); // Invariant 2
      }
    }
  }

  /** How many of these the node had said before it died: those that stand at the end of what oneself said. */
  async #alreadySaid(texts: readonly string[]): Promise<number> {
    await this.#client.request('join', { room: this.#roomId });
    let said = 0;
    let after = this.#last;
    for (;;) {
      const { messages, more } = await this.#client.request('history', {
        room: this.#roomId,
        from: this.#selfId,
        ...(after === undefined ? {} : { after }),
        limit: PAGE,
      });
      for (const { id, clock, text } of messages) {
        if (text !== texts[said]) continue; // said in another window
        said++;
        this.#account({ id, clock });
      }
      after = messages.at(-1)?.id;
      if (!more) return said;
    }
  }

  #account(line: Line): void {
    if ('code' in line) return this.#events.failed(new ChatterError(line.code, { message: line.text }));
    this.#last = line.id;
    if (line.clock > this.#reached) this.#clocks.push(line.clock);
    this.#events.said(line.id);
  }

  /** The room was left: nobody tells any more who has what. */
  #forget(): void {
    this.#clocks = [];
    this.#events.changed();
  }

  #reach(clock: number): void {
    if (clock <= this.#reached) return;
    this.#reached = clock;
    const first = this.#clocks.findIndex((each) => each > clock);
    this.#clocks.splice(0, first < 0 ? this.#clocks.length : first);
    this.#events.changed();
  }
}

/** How many of the lines, at least one, are handed over at once. */
function batchLength(lines: readonly string[]): number {
  let bytes = 0;
  const end = lines.findIndex((line, i) => {
    bytes += Buffer.byteLength(line);
    return i > 0 && (bytes > BATCH_BYTES || i >= LIMITS.linesAtOnce);
  });
  return end < 0 ? lines.length : end;
}
