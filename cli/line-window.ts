import type { ApiEvent, Peer, Person, Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { type Context, failureLine } from './context.js';
import { requestLines } from './direct-requests.js';
import { eventLines, Names } from './event-lines.js';
import { EXIT } from './exit-codes.js';
import { inputLine } from './input-line.js';
import { InputLines } from './input-lines.js';
import { asRequest, doRequest } from './json-requests.js';
import { isLive } from './live-room.js';
import { messageLines } from './message-lines.js';
import { Outbox } from './outbox.js';
import { safe } from './output.js';
import { ShownMessages } from './shown-messages.js';
import { slashCommand } from './slash-commands.js';
import { type Transfers, withTransferEvent } from './transfer-news.js';

export interface LineOptions {
  /** Takes / commands from a pipe too. */
  commands: boolean;
  /** So many messages of before. Default 20 at a terminal, none on a pipe. */
  history?: number;
}

/**
 * One room on a pipe, or as appended lines at a terminal: events are printed, input lines are said, until `{quit}`,
 * `/quit` or the end of the input.
 */
export class LineWindow {
  readonly #client: Client;
  readonly #context: Context;
  readonly #room: Result<'join'>;
  readonly #input: InputLines;
  readonly #names = new Names();
  readonly #takesCommands: boolean;
  readonly #history: number;
  readonly #shown = new ShownMessages();
  /** Offered and under way, as far as this window has heard of it. */
  #transfers: Transfers = new Map();
  /** People whose wish to write to one alone was told. */
  readonly #asked = new Set<string>();
  /** Events that came before the history was shown. */
  #early: ApiEvent[] | null = [];
  #readTimer: NodeJS.Timeout | null = null;
  /** Others who are here. */
  readonly #here = new Map<string, string>();
  /** Own lines that nobody has yet, by id; only a pipe waits for them. */
  readonly #undelivered = new Set<string>();
  /** Confirmed before the node's own answer about the line was looked at. */
  readonly #confirmed = new Set<string>();
  /** Said on a pipe in the lobby, of which nothing is kept, while nobody was here. */
  readonly #held: string[] = [];
  /** Takes what a pipe says elsewhere. */
  readonly #outbox: Outbox | null;
  #releasing = false;
  /** Own messages that were said in this window, until the node has told of them. */
  readonly #own = new Set<string>();
  #saying: Promise<unknown> = Promise.resolve();
  #lost: ChatterError | null = null;
  #failure = 0;

  constructor(client: Client, context: Context, room: Result<'join'>, { commands, history }: LineOptions) {
    this.#client = client;
    this.#context = context;
    this.#room = room;
    this.#input = new InputLines(process.stdin, process.stdout);
    this.#takesCommands = commands || this.#input.isTerminal;
    // A program that is started again would take what was said before for something new.
    this.#history = history ?? (this.#input.isTerminal ? SHOWN_BEFORE : 0);
    this.#outbox =
      this.#input.isTerminal || isLive(room)
        ? null
        : new Outbox(client, room, {
            busy: (busy) => this.#input.rest(busy),
            said: (id) => context.out.json || this.#own.add(id),
            failed: (err) => this.#fail(err),
            changed: () => this.#checkDelivered(),
          });
  }

  async run(): Promise<number> {
    this.#client.on('event', (event) => {
      if (!('roomId' in event) || event.roomId !== this.#room.roomId) return;
      if (this.#early) this.#early.push(event);
      else this.#onEvent(event);
    });
    this.#greet();
    this.#client.on('resync', () => void this.#resync().catch((err: unknown) => this.#fail(err)));
    this.#client.on('failed', (err) => {
      this.#lost = err;
      this.#outbox?.close();
      this.#input.close();
    });
    this.#client.on('lost', () => this.#context.out.note('The node ended; starting it again.'));
    try {
      await this.#showHistory();
      for await (const line of this.#input) {
        if (line === '{quit}' || (this.#takesCommands && inputLine(line).type === 'quit')) break;
        await this.#take(line);
      }
      await this.#outbox?.idle();
      if (!this.#lost) await this.#delivered();
    } finally {
      this.#input.close();
      if (this.#readTimer) clearTimeout(this.#readTimer);
    }
    if (this.#lost) throw this.#lost;
    return this.#failure;
  }

  #greet(): void {
    const { out } = this.#context;
    const { self, people, room, roomId } = this.#room;
    const others = people.filter((person) => !person.self);
    for (const person of others) this.#here.set(person.id, person.name);
    this.#names.see(self);
    if (out.json) {
      const members = others.map(({ id, name, tag }) => ({ id, name, tag }));
      out.object({ type: 'joined', time: new Date().toISOString(), room, roomId, self, members });
      return;
    }
    const list = others.map((person) => this.#names.of(person)).join(', ');
    this.#print([
      `You are ${out.paint.bold(safe(self.name))} in ${out.paint.bold(safe(room))}. ` +
        (list ? `Here: ${list}.` : 'Nobody else is here yet; looking for others.'),
    ]);
    if (this.#input.isTerminal) this.#print(['/help lists commands; /quit or {quit} leaves.']);
  }

  /** What was said before, bounded; then what has come meanwhile, once. */
  async #showHistory(): Promise<void> {
    const { roomId: room } = this.#room;
    const { messages } =
      this.#history === 0
        ? { messages: [] }
        : await this.#client
            .request('history', { room, limit: this.#history })
            .catch(() => ({ messages: [] }));
    const { out } = this.#context;
    const before = new Set(messages.map(({ id }) => id));
    for (const message of messages) {
      this.#names.see(message.author);
      this.#shown.see(message);
      if (out.json) out.object({ type: 'message', time: message.sent, ...message, old: true });
      else if (!message.author.muted && !message.request)
        this.#print(messageLines(message, { paint: out.paint, nameOf: (person) => this.#names.of(person) }));
    }
    await this.#showRequests();
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) if (event.type !== 'message' || !before.has(event.id)) this.#onEvent(event);
    this.#tellRead();
  }

  /** Whoever wants to write to one alone waits, however long ago they wrote. */
  async #showRequests(): Promise<void> {
    const { room, roomId } = this.#room;
    const waiting = await this.#client.request('requests', { room: roomId }).catch(() => []);
    const people = waiting.map(({ person }) => person).filter(({ muted }) => !muted);
    for (const { id } of people) this.#asked.add(id);
    const { out } = this.#context;
    if (!out.json) return this.#print(requestLines(people, (person) => this.#names.of(person)).map(safe));
    const time = new Date().toISOString();
    for (const { person, messages } of waiting)
      out.object({ type: 'request', time, room, roomId, person, messages });
  }

  /** What stands before a person is read; what a program was given is not. */
  #tellRead(): void {
    if (!this.#input.isTerminal || this.#readTimer) return;
    this.#readTimer = setTimeout(() => {
      this.#readTimer = null;
      void this.#client.request('read', { room: this.#room.roomId }).catch(() => undefined);
    }, READ_EVERY_MS);
  }

  async #take(line: string): Promise<void> {
    if (line.trim() === '') return;
    try {
      const request = this.#context.out.json ? asRequest(line) : null;
      if (request) {
        this.#checkRoom(request.params.room);
        const { verb, params } = request;
        if (verb === 'say' && params.replyTo === undefined) return await this.#say(String(params.text));
        await this.#outbox?.idle(); // after what was said before it
        await doRequest(this.#client, request, this.#room.roomId);
        return;
      }
      const typed = this.#takesCommands ? inputLine(line) : ({ type: 'say', text: line } as const);
      if (typed.type === 'say') return await this.#say(typed.text);
      await this.#outbox?.idle();
      if (typed.type === 'command')
        this.#print(
          await slashCommand(typed.text, {
            client: this.#client,
            room: this.#room,
            messages: this.#shown,
            see: (message) => this.#shown.see(message),
          }),
        );
    } catch (err) {
      this.#fail(err);
    }
  }

  /** A request may name its room; only this window's is taken. */
  #checkRoom(room: unknown): void {
    if (room === undefined || room === this.#room.room || room === this.#room.roomId) return;
    throw new ChatterError('USAGE', { message: 'This window is in another room; nothing was said.' });
  }

  async #say(text: string): Promise<void> {
    if (this.#outbox) return this.#outbox.say(text);
    // A pipe cannot see that it is alone, so its lines wait for the first one to come, and for those before them.
    if (this.#input.isTerminal || (this.#here.size > 0 && this.#held.length === 0)) return this.#send(text);
    if (this.#held.length >= HELD_LINES)
      throw new ChatterError('NOBODY_THERE', { message: 'Nobody is here; the line was dropped.' });
    this.#held.push(text);
  }

  async #send(text: string): Promise<void> {
    const said = this.#client.request('say', { room: this.#room.roomId, text });
    this.#saying = said.then(
      ({ id }) => {
        if (!this.#context.out.json) this.#own.add(id);
      },
      () => {},
    );
    const { id, recipients } = await said;
    if (this.#confirmed.delete(id)) return;
    if (recipients > 0) this.#undelivered.add(id);
    else if (this.#input.isTerminal)
      this.#print([
        this.#room.room === 'lobby' ? NOBODY_IN_LOBBY : 'Nobody else is here: it is kept for who comes.',
      ]);
  }

  #onEvent(event: ApiEvent): void {
    const { out } = this.#context;
    if (event.type === 'peer-joined') {
      this.#here.set(event.peer.id, event.peer.name);
      void this.#release();
    }
    if (
      event.type === 'message-delivered' &&
      !this.#outbox &&
      !this.#undelivered.delete(event.id) &&
      event.count === 1
    ) {
      this.#confirmed.add(event.id);
      if (this.#confirmed.size > HELD_LINES)
        this.#confirmed.delete(this.#confirmed.values().next().value as string);
    }
    if (out.json) out.object(event);
    else void this.#show(event);
    if (event.type === 'peer-left') {
      this.#here.delete(event.peer.id);
      if (this.#here.size === 0) this.#undelivered.clear(); // nobody is left who could still confirm
    }
    this.#checkDelivered();
  }

  /** What was typed here stands here already; what oneself said in another window does not. */
  async #show(event: ApiEvent): Promise<void> {
    if (event.type === 'message') {
      this.#shown.see(event);
      if (event.self) {
        await (this.#outbox ? this.#outbox.idle() : this.#saying);
        if (this.#own.delete(event.id)) return;
      } else this.#tellRead();
      if (event.request && this.#asked.has(event.author.id)) return;
      if (event.request) this.#asked.add(event.author.id);
    }
    const nameOf = (person: Person) => this.#names.of(person);
    const shown = (id: string) => this.#shown.get(id);
    const { paint } = this.#context.out;
    this.#print(eventLines(event, { paint, nameOf, shown, transfers: this.#transfers }));
    this.#transfers = withTransferEvent(this.#transfers, event);
    if (event.type === 'message-edited') this.#shown.see(event);
    const known = event.type === 'reaction' ? this.#shown.get(event.id) : undefined;
    if (known && event.type === 'reaction') this.#shown.see({ ...known, reactions: event.reactions });
  }

  /** Says what was held, one after the other; each counts as held until it counts as said. */
  async #release(): Promise<void> {
    if (this.#releasing) return;
    this.#releasing = true;
    while (this.#held.length > 0 && this.#here.size > 0) {
      await this.#send(this.#held[0] as string).catch((err: unknown) => this.#fail(err));
      this.#held.shift();
    }
    this.#releasing = false;
    this.#checkDelivered();
  }

  /** What was missed while the connection to the node was gone is not known: say who is here now. */
  async #resync(): Promise<void> {
    const people: Peer[] = await this.#client.request('peers', { room: this.#room.roomId });
    this.#here.clear();
    for (const person of people) if (!person.self) this.#here.set(person.id, person.name);
    if (this.#context.out.json)
      this.#context.out.object({ type: 'resync', time: new Date().toISOString(), room: this.#room.room });
    else
      this.#print([
        `Connected again. Here: ${[...this.#here.values()].map(safe).join(', ') || 'nobody else'}.`,
      ]);
  }

  #checkDelivered: () => void = () => {};

  /** On a pipe: what was said reaches somebody before the window ends, or it is told that it did not. */
  async #delivered(): Promise<void> {
    if (this.#input.isTerminal) return;
    const pending = () => this.#held.length + this.#undelivered.size + (this.#outbox?.pending ?? 0);
    if (pending() === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#context.timeoutMs);
    });
    const delivered = new Promise<void>((resolve) => {
      this.#checkDelivered = () => {
        if (pending() === 0) resolve();
      };
      this.#checkDelivered();
    });
    await Promise.race([delivered, late, this.#input.interrupted]);
    clearTimeout(timer);
    const count = pending();
    if (count > 0) {
      const what = count === 1 ? 'one line' : `${count} lines`;
      throw new ChatterError('NOBODY_THERE', {
        message: this.#outbox
          ? `Nobody has ${what} yet; what was said is kept, and goes to whoever comes.`
          : `Nobody got ${what} in time.`,
      });
    }
  }

  #fail(err: unknown): void {
    const { code, message } = ChatterError.from(err);
    if (!this.#input.isTerminal) this.#failure = EXIT.failed;
    if (this.#context.out.json)
      this.#context.out.object({ type: 'error', time: new Date().toISOString(), code, text: message });
    this.#input.beside(() => process.stderr.write(`${failureLine(code, message)}\n`));
  }

  #print(lines: readonly string[]): void {
    if (lines.length > 0) this.#input.beside(() => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

const HELD_LINES = 10_000;
/** Messages of before that a person sees when they come. */
const SHOWN_BEFORE = 20;
const READ_EVERY_MS = 1_000;
const NOBODY_IN_LOBBY = 'Nobody is here: nobody got this, and nothing of the lobby is kept.';
