import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { renderUnicodeCompact } from 'uqr';
import type { Client } from '../../src/daemon/client.js';
import type { GuestInfo } from '../../src/daemon/guest-api.js';
import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { ask, canAsk } from '../prompt.js';
import { size } from '../transfer-lines.js';

const WARNING =
  'This page is not encrypted: others on this network could look on, or change what is sent. ' +
  'Whoever has its link can read its notes and files and hand files in.';

/** Serves a page for guests until it ends; lines that are typed are notes, `y` and `n` answer what was handed in. */
export async function run(
  context: Context,
  [room, ...given]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  out.note(WARNING);
  if (options.yes !== true) {
    if (!canAsk()) throw new ChatterError('USAGE', { message: 'Off a terminal a guest page needs --yes.' });
    if (!/^y(es)?$/i.test((await ask('Open it? [y/N] ')) ?? '')) return EXIT.failed;
  }
  const client = await context.connect();
  try {
    const { roomId } = await enter(client, context, chosen, options.yes === true);
    const opened = await client.request('guestOpen', {
      room: roomId,
      consent: true,
      bound: true,
      minutes: options.minutes as number | undefined,
      address: options.address as string | undefined,
    });
    const paths = given.map((each) => path.resolve(each));
    if (paths.length > 0) await client.request('guestPut', { room: roomId, paths });
    if (out.json) out.object(opened);
    else out.line(`${opened.url}\n${process.stdout.isTTY ? renderUnicodeCompact(opened.url) : ''}`);
    out.note(`It ends at ${opened.until} or with Ctrl-C. Type a note, or y and n to what is handed in.`);
    await new Desk(client, context, roomId, options.take === true).serve(opened);
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** What the host sees of the page, and says. */
class Desk {
  readonly #client: Client;
  readonly #context: Context;
  readonly #room: string;
  readonly #takes: boolean;
  readonly #asked = new Set<string>();
  #notes = 0;

  constructor(client: Client, context: Context, room: string, takes: boolean) {
    this.#client = client;
    this.#context = context;
    this.#room = room;
    this.#takes = takes;
  }

  /** Resolves when the page has ended, or Ctrl-C was pressed. */
  async serve(opened: GuestInfo): Promise<void> {
    const lines = createInterface({ input: process.stdin });
    const ended = new Promise<void>((resolve, reject) => {
      this.#client.on('failed', reject);
      this.#client.on('event', (event) => {
        if (event.type !== 'guest-changed' || event.roomId !== this.#room) return;
        if (event.guest) this.#show(event.guest);
        else resolve();
      });
    });
    lines.on(
      'line',
      (line) => void this.#say(line.trim()).catch((err: Error) => this.#context.out.note(err.message)),
    );
    this.#show(opened);
    await Promise.race([ended, once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    lines.close();
    this.#context.out.note('The page has ended.');
  }

  #show(guest: GuestInfo): void {
    const { out } = this.#context;
    if (out.json) out.object({ type: 'guest-changed', ...guest });
    for (const { from, text } of guest.notes.slice(this.#notes))
      if (from === 'guest' && !out.json) out.line(`Guest: ${safe(text)}`);
    this.#notes = guest.notes.length;
    for (const { upload, names, risky, bytes, state } of guest.uploads) {
      if (state !== 'waiting' || this.#asked.has(upload)) continue;
      this.#asked.add(upload);
      const risk = risky.length > 0 ? ` Programs or scripts: ${safe(risky.join(', '))}.` : '';
      if (!out.json) out.line(`A guest hands in ${safe(names.join(', '))} (${size(bytes)}).${risk}`);
      if (this.#takes) void this.#answer(upload, true).catch((err: Error) => out.note(err.message));
      else if (!out.json) out.note('y gives it to the room, n drops it.');
    }
  }

  async #say(line: string): Promise<void> {
    if (line === '') return;
    const [waiting] = this.#asked;
    if (waiting !== undefined && /^(y|n|yes|no)$/i.test(line)) return this.#answer(waiting, /^y/i.test(line));
    await this.#client.request('guestSay', { room: this.#room, text: line });
  }

  async #answer(upload: string, accept: boolean): Promise<void> {
    this.#asked.delete(upload);
    await this.#client.request('guestAnswer', { room: this.#room, upload, accept });
    this.#context.out.note(accept ? 'It is offered to the room.' : 'It was dropped.');
  }
}
