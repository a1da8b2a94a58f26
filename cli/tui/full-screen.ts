import type { ApiEvent, Result } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { inputLine } from '../input-line.js';
import { isLive } from '../live-room.js';
import { isMessageVerb, reply } from '../message-commands.js';
import { sharedNames } from '../share-slash.js';
import { ShownMessages } from '../shown-messages.js';
import { slashCommand } from '../slash-commands.js';
import { goesOnLines, listLine } from '../transfer-lines.js';
import { begun, withWords, wordsFor } from './complete.js';
import { Draft } from './draft.js';
import { withText } from './editor.js';
import { type Entry, messagesOf, type Tone, withEntries } from './entries.js';
import { KeyDecoder } from './keys.js';
import { layout } from './layout.js';
import { withRequests } from './message-entry.js';
import { paint } from './paint.js';
import { reduceEvents, withPeers, withTransfers } from './reduce-event.js';
import { isFull, withNewest, withOlder } from './reduce-history.js';
import { type Effect, reduceKey } from './reduce-key.js';
import { Screen } from './screen.js';
import { emptyState, type Hint, type State, type Target } from './state.js';
import { withTarget } from './target.js';

/** A flood of events costs at most so many drawings a second. */
const DRAW_MS = 33;
/** On a slow machine a flood leaves so many times what a drawing takes to whoever types. */
const REST = 6;
/** What was typed is to be seen at once; a paste comes in many pieces. */
const KEY_DRAW_MS = 5;
/** Escape is a key of its own when nothing follows it in this time. */
const ESCAPE_MS = 50;
const PEERS_MS = 2_000;
const NEWEST_PAGE = 100;
const OLDER_PAGE = 200;
/** Others forget after 6 s that somebody writes. */
const TYPING_EVERY_MS = 3_000;
const READ_EVERY_MS = 500;

/**
 * A room on the whole terminal. The state is changed by pure functions alone (`reduceEvents`, `reduceKey`), and drawn
 * by `layout`; here the node, the keyboard and the clock meet.
 */
export class FullScreen {
  readonly #client: Client;
  readonly #context: Context;
  readonly #screen = new Screen(process.stdin, process.stdout);
  readonly #keys = new KeyDecoder();
  #state: State;
  /** Events that wait for the next drawing. */
  #events: ApiEvent[] = [];
  #drawTimer: NodeJS.Timeout | null = null;
  #drawAt = 0;
  #drawnAt = 0;
  /** How long after a drawing events cause the next one. */
  #restMs = DRAW_MS;
  #escapeTimer: NodeJS.Timeout | undefined;
  #notes = 0;
  /** Found by a command, and not in the log. */
  readonly #found = new ShownMessages();
  /** True while the history has to be read again: much of it has changed. */
  #stale = false;
  #reading: Promise<void> | null = null;
  #typingAt = Number.NEGATIVE_INFINITY;
  /** Id of the newest message that was told to be read. */
  #readUpTo: string | null = null;
  #readTimer: NodeJS.Timeout | null = null;
  readonly #draft: Draft;
  #lost: ChatterError | null = null;
  #close: () => void = () => {};

  constructor(client: Client, context: Context, room: Result<'join'>) {
    this.#client = client;
    this.#context = context;
    this.#draft = new Draft(client, room.roomId);
    this.#state = withPeers(emptyState(room, this.#screen.size, Date.now()), room.people);
    for (const notice of room.notices) this.#note([notice], 'risk');
  }

  /** Resolves to the exit code when the window was closed; the terminal is as it was then. Throws NODE_LOST. */
  async run(): Promise<number> {
    const closed = new Promise<void>((resolve) => {
      this.#close = resolve;
    });
    this.#listen();
    const peersTimer = setInterval(() => void this.#readPeers(), PEERS_MS);
    try {
      this.#enter();
      void this.#readRequests().then(() => this.#readHistory());
      void this.#readDraft();
      void this.#readPeers();
      void this.#readTransfers();
      await closed;
      if (this.#state.joined) await this.#draft.keep(this.#written());
    } finally {
      clearInterval(peersTimer);
      if (this.#readTimer) clearTimeout(this.#readTimer);
      this.#draft.close();
      clearTimeout(this.#escapeTimer);
      if (this.#drawTimer) clearTimeout(this.#drawTimer);
      process.stdin.off('data', this.#onData);
      process.stdout.off('resize', this.#onResize);
      for (const signal of END_SIGNALS) process.off(signal, this.#onSignal);
      this.#screen.leave();
    }
    if (this.#lost) throw this.#lost;
    for (const line of goesOnLines(this.#state.transfers.values())) this.#context.out.note(line);
    return EXIT.done;
  }

  #listen(): void {
    this.#client.on('event', (event) => {
      this.#events.push(event);
      this.#draw(this.#restMs);
      if (event.type === 'peer-joined' || event.type === 'peer-path') void this.#readPeers();
      if (event.type === 'history-changed' && event.roomId === this.#state.roomId) this.#stale = true;
    });
    this.#client.on('resync', () => void this.#resync().catch((err: unknown) => this.#fail(err)));
    this.#client.on('lost', () => this.#set({ ...this.#state, linked: false }));
    this.#client.on('failed', (err) => {
      this.#lost = err;
      this.#close();
    });
    process.stdin.on('data', this.#onData);
    process.stdin.once('end', this.#onSignal);
    process.stdout.on('resize', this.#onResize);
    for (const signal of END_SIGNALS) process.on(signal, this.#onSignal);
  }

  #enter(): void {
    this.#screen.enter();
    this.#state = { ...this.#state, ...this.#screen.size };
    this.#draw(0);
  }

  #onSignal = (): void => this.#close();

  #onResize = (): void => {
    this.#screen.clear();
    this.#set({ ...this.#state, ...this.#screen.size });
  };

  #onData = (chunk: string | Buffer): void => {
    clearTimeout(this.#escapeTimer);
    const keys = this.#keys.push(chunk.toString());
    for (const key of keys) this.#onKey(key);
    if (!this.#keys.waits) return;
    this.#escapeTimer = setTimeout(() => {
      for (const key of this.#keys.flush()) this.#onKey(key);
    }, ESCAPE_MS);
  };

  #onKey(key: Parameters<typeof reduceKey>[1]): void {
    this.#takeEvents();
    const { state, effect } = reduceKey(this.#state, key, Date.now());
    this.#set(state, KEY_DRAW_MS);
    if (effect) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'submit':
        return void this.#submit(effect.text, effect.target).catch((err: unknown) =>
          this.#giveBack(effect.text, effect.target, err),
        );
      case 'complete':
        return void this.#complete();
      case 'repaint':
        return this.#screen.clear();
      case 'suspend':
        return this.#suspend();
      case 'close':
        return this.#close();
      case 'older':
        return void this.#readOlder();
      case 'typing':
        return this.#tellTyping();
    }
  }

  /** What could not be done is there to be tried again. */
  #giveBack(text: string, target: Target | null, err: unknown): void {
    this.#fail(err);
    if (this.#state.editor.text === '')
      this.#set({ ...this.#state, target, editor: withText(this.#state.editor, text) });
  }

  #tellTyping(): void {
    const now = performance.now();
    this.#draft.keepSoon(() => this.#written());
    if (now - this.#typingAt < TYPING_EVERY_MS) return;
    this.#typingAt = now;
    void this.#client.request('typing', { room: this.#state.roomId, on: true }).catch(() => undefined);
  }

  async #submit(text: string, target: Target | null): Promise<void> {
    this.#typingAt = Number.NEGATIVE_INFINITY;
    void this.#draft.keep(this.#written());
    const { roomId: room } = this.#state;
    if (target?.verb === 'edit') {
      await this.#client.request('edit', { room, id: target.message.id, text });
      return;
    }
    const line = inputLine(text);
    switch (line.type) {
      case 'quit':
        return this.#close();
      case 'say': {
        if (target) return reply(this.#client, target.message, line.text);
        const { recipients } = await this.#client.request('say', { room, text: line.text });
        if (recipients === 0 && isLive(this.#state))
          this.#hint({
            text: 'Nobody is here: nobody got this, and nothing of the lobby is kept.',
            tone: 'risk',
          });
        return;
      }
      case 'command':
        return this.#command(line.text);
    }
  }

  async #command(text: string): Promise<void> {
    const [, verb = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
    const begun = isMessageVerb(verb) ? withTarget(this.#state, verb, rest.trim()) : null;
    if (begun) return this.#set(begun);
    const { room, roomId } = this.#state;
    const lines = await slashCommand(text, {
      client: this.#client,
      room: { room, roomId },
      messages: [...this.#found, ...messagesOf(this.#state.entries)],
      see: (message) => this.#found.see(message),
    });
    this.#note(lines, 'plain');
    void this.#readPeers();
  }

  async #complete(): Promise<void> {
    const { text, cursor } = this.#state.editor;
    const word = begun(text, cursor);
    const shared = sharedNames(this.#client, this.#state.roomId);
    const words = word ? await wordsFor(this.#state, word, shared) : [];
    const { editor } = this.#state;
    // Something was typed meanwhile: what was looked for is not wanted any more.
    if (editor.text !== text || editor.cursor !== cursor) return;
    if (word) this.#set(withWords(this.#state, word, words));
    else this.#hint({ text: 'Tab completes /commands, their names and paths, and @names.', tone: 'dim' });
  }

  #suspend(): void {
    if (process.platform === 'win32') return;
    this.#screen.leave();
    process.once('SIGCONT', () => this.#enter());
    process.kill(process.pid, 'SIGTSTP');
  }

  async #readPeers(): Promise<void> {
    if (!this.#state.joined) return;
    const peers = await this.#client.request('peers', { room: this.#state.roomId }).catch(() => null);
    if (!peers) return; // lost, or left just now: an event tells it
    this.#takeEvents();
    this.#set({ ...withPeers(this.#state, peers), linked: true }, DRAW_MS);
  }

  async #readTransfers(): Promise<void> {
    const transfers = await this.#client.request('transfers', { room: this.#state.roomId }).catch(() => null);
    if (!transfers) return;
    this.#takeEvents();
    this.#set(withTransfers(this.#state, transfers));
    const waiting = transfers.filter(({ state, mine }) => state === 'offered' && !mine);
    if (waiting.length > 0)
      this.#note([...waiting.map(listLine), 'These wait for your answer: /accept ID, /decline ID'], 'strong');
  }

  /** Whoever wants to write to one alone waits, however long ago they wrote. */
  async #readRequests(): Promise<void> {
    const { roomId: room, openedAt } = this.#state;
    const waiting = await this.#client.request('requests', { room }).catch(() => []);
    this.#takeEvents();
    const people = waiting.map(({ person }) => person);
    this.#set(withRequests(this.#state, people, openedAt));
  }

  /** Reads the newest page again where the history has changed, unless somebody reads further up just now. */
  async #readHistory(): Promise<void> {
    const { roomId: room } = this.#state;
    this.#stale = false;
    const page = await this.#client.request('history', { room, limit: NEWEST_PAGE }).catch(() => null);
    if (!page) return; // lost, or left just now: an event tells it
    this.#takeEvents();
    this.#set(withNewest(this.#state, page));
  }

  async #readOlder(): Promise<void> {
    const { older, roomId: room, entries } = this.#state;
    const before = messagesOf(entries)[0]?.id;
    if (older === 'none')
      return this.#hint({ text: 'This is the beginning of what is known here.', tone: 'dim' });
    if (older !== 'more' || before === undefined) return;
    if (isFull(this.#state))
      return this.#hint({ text: 'There is more: npx chatter history, or npx chatter export.', tone: 'dim' });
    this.#set({ ...this.#state, older: 'loading' });
    const page = await this.#client.request('history', { room, before, limit: OLDER_PAGE }).catch(() => null);
    this.#takeEvents();
    this.#set(page ? withOlder(this.#state, page) : { ...this.#state, older: 'more' });
  }

  /** What one had begun to write here, in this window or another. */
  async #readDraft(): Promise<void> {
    const text = await this.#draft.read();
    if (text !== '' && this.#state.editor.text === '')
      this.#set({ ...this.#state, editor: withText(this.#state.editor, text) });
  }

  /** What is being written to be said, as against commands and changes of what was said. */
  #written(): string {
    const { editor, target } = this.#state;
    return target?.verb === 'edit' || editor.text.startsWith('/') ? '' : editor.text;
  }

  /** What stands on the screen is read when somebody looks at it. */
  #tellRead(): void {
    const { focused, scroll, entries, joined, roomId: room } = this.#state;
    const newest = entries.findLast((entry) => entry.type === 'message')?.key;
    if (!focused || scroll || !joined || newest === undefined || newest === this.#readUpTo || this.#readTimer)
      return;
    this.#readTimer = setTimeout(() => {
      this.#readTimer = null;
      this.#readUpTo = newest;
      void this.#client.request('read', { room, upTo: newest }).catch(() => undefined);
      this.#tellRead();
    }, READ_EVERY_MS);
  }

  /** What was missed while the connection to the node was gone is not known: see how things stand. */
  async #resync(): Promise<void> {
    const { roomId } = this.#state;
    const people = await this.#client.request('peers', { room: roomId });
    this.#events = [];
    this.#set({ ...withPeers(this.#state, people), linked: true });
    await this.#readHistory();
    this.#note(['Connected again.'], 'dim');
    await this.#readTransfers();
  }

  #fail(err: unknown): void {
    const { message } = ChatterError.from(err);
    this.#note([`! ${message}`], 'failed');
  }

  #note(lines: readonly string[], tone: Tone): void {
    if (lines.length === 0) return;
    this.#takeEvents();
    const entry: Entry = { type: 'note', key: `note:${++this.#notes}`, at: Date.now(), tone, lines };
    this.#set({ ...this.#state, entries: withEntries(this.#state.entries, [entry]) });
  }

  #hint(hint: Hint): void {
    this.#set({ ...this.#state, hint });
  }

  #set(state: State, withinMs = KEY_DRAW_MS): void {
    this.#state = state;
    this.#draw(withinMs);
  }

  #takeEvents(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    const linked = this.#state.linked || events.some(({ type }) => type === 'joined');
    this.#state = { ...reduceEvents(this.#state, events), linked };
  }

  /** Draws soon: so long after the last drawing, or earlier where that was asked for already. */
  #draw(withinMs: number): void {
    const at = Math.max(performance.now(), this.#drawnAt + withinMs);
    if (this.#drawTimer) {
      if (at >= this.#drawAt) return;
      clearTimeout(this.#drawTimer);
    }
    this.#drawAt = at;
    this.#drawTimer = setTimeout(this.#drawNow, at - performance.now());
  }

  #drawNow = (): void => {
    this.#drawTimer = null;
    const startedAt = performance.now();
    this.#takeEvents();
    if (this.#stale && !this.#state.scroll && !this.#reading)
      this.#reading = this.#readHistory().finally(() => (this.#reading = null));
    this.#tellRead();
    const frame = layout(this.#state, Date.now());
    this.#screen.draw(paint(frame, this.#context.out.isColored), frame.cursor);
    this.#drawnAt = performance.now();
    this.#restMs = Math.max(DRAW_MS, REST * (this.#drawnAt - startedAt));
  };
}

const END_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
