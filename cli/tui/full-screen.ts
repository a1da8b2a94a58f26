import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import type { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { goesOnLines } from '../transfer-lines.js';
import { ALONE_MS, aloneLines } from './alone.js';
import { Attention } from './attention.js';
import { boundHeap } from './heap-bounds.js';
import { KeyDecoder } from './keys.js';
import { withPeers } from './reduce-event.js';
import { type Effect, reduceKey } from './reduce-key.js';
import { RoomReader } from './room-reader.js';
import { Screen } from './screen.js';
import { emptyState } from './state.js';
import { View } from './view.js';
import { Writing } from './writing.js';

/** Escape is a key of its own when nothing follows it in this time. */
const ESCAPE_MS = 50;
const PEERS_MS = 2_000;
/** Whoever closes the window is let go, even by a node that does not answer. */
const LEAVE_MS = 500;
const END_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** A room on the whole terminal: here the node, the keyboard and the signals meet. */
export class FullScreen {
  readonly #client: Client;
  readonly #context: Context;
  readonly #view: View;
  readonly #reader: RoomReader;
  readonly #attention: Attention;
  readonly #writing: Writing;
  readonly #keys = new KeyDecoder();
  #escapeTimer: NodeJS.Timeout | undefined;
  #lost: ChatterError | null = null;
  #close: () => void = () => {};

  constructor(client: Client, context: Context, room: Result<'join'>) {
    this.#client = client;
    this.#context = context;
    const screen = new Screen(process.stdin, process.stdout);
    const state = withPeers(emptyState(room, screen.size, Date.now()), room.people);
    this.#view = new View(screen, state, { isColored: context.out.isColored, onDraw: this.#onDraw });
    client.on('event', (event) => this.#view.hear(event)); // first: whoever asks on an event takes it in
    this.#reader = new RoomReader(client, this.#view);
    this.#attention = new Attention(client, this.#view);
    this.#writing = new Writing(client, this.#view, {
      attention: this.#attention,
      quit: () => this.#close(),
      done: () => void this.#reader.people(),
    });
    for (const notice of room.notices) this.#view.note([notice], 'risk');
  }

  /** Resolves to the exit code when the window was closed; the terminal is as it was then. Throws NODE_LOST. */
  async run(): Promise<number> {
    const closed = new Promise<void>((resolve) => {
      this.#close = resolve;
    });
    boundHeap();
    this.#listen();
    const peersTimer = setInterval(() => void this.#reader.people(), PEERS_MS);
    const aloneTimer = setTimeout(() => this.#view.note(aloneLines(this.#view.state), 'dim'), ALONE_MS);
    try {
      this.#view.enter();
      void this.#reader.all();
      void this.#writing.goOn();
      await closed;
      await Promise.race([this.#writing.keep(), sleep(LEAVE_MS, undefined, { ref: false })]);
    } finally {
      clearInterval(peersTimer);
      clearTimeout(aloneTimer);
      clearTimeout(this.#escapeTimer);
      process.stdin.off('data', this.#onData);
      process.stdout.off('resize', this.#view.repaint);
      for (const signal of END_SIGNALS) process.off(signal, this.#onSignal);
      this.#reader.close();
      this.#attention.close();
      this.#writing.close();
      this.#view.close();
    }
    if (this.#lost) throw this.#lost;
    for (const line of goesOnLines(this.#view.state.transfers.values())) this.#context.out.note(line);
    return EXIT.done;
  }

  #listen(): void {
    this.#client.on('resync', () => void this.#reader.again().catch((err: unknown) => this.#view.fail(err)));
    this.#client.on('lost', () => this.#view.set({ ...this.#view.state, linked: false }));
    this.#client.on('failed', (err) => {
      this.#lost = err;
      this.#close();
    });
    process.stdin.on('data', this.#onData);
    process.stdin.once('end', this.#onSignal);
    process.stdout.on('resize', this.#view.repaint);
    for (const signal of END_SIGNALS) process.on(signal, this.#onSignal);
  }

  #onSignal = (): void => this.#close();

  #onDraw = (): void => {
    this.#reader.refresh();
    this.#attention.looks();
  };

  #onData = (chunk: string | Buffer): void => {
    clearTimeout(this.#escapeTimer);
    for (const key of this.#keys.push(chunk.toString())) this.#onKey(key);
    if (!this.#keys.waits) return;
    this.#escapeTimer = setTimeout(() => {
      for (const key of this.#keys.flush()) this.#onKey(key);
    }, ESCAPE_MS);
  };

  #onKey(key: Parameters<typeof reduceKey>[1]): void {
    this.#view.takeEvents();
    const { state, effect } = reduceKey(this.#view.state, key, Date.now());
    this.#view.set(state);
    if (effect) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'submit':
        return void this.#writing.submit(effect.text, effect.target);
      case 'complete':
        return void this.#writing.complete();
      case 'typing':
        return this.#writing.typed();
      case 'older':
        return void this.#reader.older();
      case 'repaint':
        return this.#view.repaint();
      case 'suspend':
        return this.#suspend();
      case 'close':
        return this.#close();
    }
  }

  #suspend(): void {
    if (process.platform === 'win32') return;
    this.#view.leave();
    process.once('SIGCONT', () => this.#view.enter());
    process.kill(process.pid, 'SIGTSTP');
  }
}
