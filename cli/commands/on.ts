import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiEvent, Person } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { runHook } from '../run-hook.js';

/** What a program can be run on, as it is written and as events call it. */
const KINDS = { message: 'message', join: 'peer-joined', leave: 'peer-left' } as const;

interface Options extends RoomChoice {
  event?: (keyof typeof KINDS)[];
  verified?: boolean;
  reply?: boolean;
  yes?: boolean;
}

type Hooked = Extract<ApiEvent, { type: (typeof KINDS)[keyof typeof KINDS] }>;

/** Events that wait while the program runs; the oldest go first. */
const WAITING = 1000;
/** Two programs that answer each other must not fill a room. */
const BETWEEN_ANSWERS_MS = 500;

/** Runs a program on what others do in a room, one after the other, until a signal. */
export async function run(context: Context, [room, ...command]: string[], options: Options): Promise<number> {
  const chosen = await chooseRoom(context, room, options);
  const client = await context.connect();
  const ended = new AbortController();
  let lost: ChatterError | null = null;
  client.on('failed', (err) => {
    lost = err;
    ended.abort();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ended.abort());
  try {
    const { roomId } = await enter(client, context, chosen, options.yes === true);
    const waiting = new Waiting(context);
    client.on('event', (event) => {
      if ('roomId' in event && event.roomId === roomId && wanted(event, options))
        waiting.push(event as Hooked);
    });
    ended.signal.addEventListener('abort', () => waiting.end());
    context.out.note(
      `Listening in ${chosen.room.includes('chatter://') ? 'the room' : chosen.room}; Ctrl-C ends.`,
    );
    const hook = {
      command: command as [string, ...string[]],
      json: context.out.json,
      capture: options.reply === true,
    };
    for await (const event of waiting) {
      const { printed, code } = await runHook(hook, event, subject(event), ended.signal);
      if (ended.signal.aborted) break;
      if (code !== 0) context.out.note(`${command[0]} ended with ${code}.`);
      else if (options.reply && printed) await reply(client, roomId, printed, context);
    }
    if (lost) throw lost as ChatterError;
    return EXIT.done;
  } finally {
    await client.close();
  }
}

async function reply(client: Client, room: string, text: string, { out }: Context): Promise<void> {
  try {
    await client.request('say', { room, text });
  } catch (err) {
    out.note(ChatterError.from(err).message);
  }
  await sleep(BETWEEN_ANSWERS_MS);
}

const subject = (event: Hooked): Person => (event.type === 'message' ? event.author : event.peer);

function wanted(event: ApiEvent, { event: kinds = ['message'], verified }: Options): event is Hooked {
  if (event.old || !kinds.some((kind) => KINDS[kind] === event.type)) return false;
  if (event.type === 'message' && event.self) return false;
  const person = subject(event as Hooked);
  return !person.muted && (!verified || person.verified === true);
}

/** A bounded line of events. */
class Waiting implements AsyncIterable<Hooked> {
  readonly #context: Context;
  readonly #events: Hooked[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(context: Context) {
    this.#context = context;
  }

  push(event: Hooked): void {
    this.#events.push(event);
    if (this.#events.length > WAITING) {
      this.#events.shift();
      this.#context.out.note('The program is too slow: the oldest event was dropped.');
    }
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Hooked> {
    while (!this.#ended) {
      const event = this.#events.shift();
      if (event) yield event;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}
