import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ApiEvent } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { ChatterError, ERRORS, type ErrorCode } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT, exitCode } from '../exit-codes.js';
import { lookAfterLoss } from '../look-again.js';
import { safe } from '../output.js';
import { ask, canAsk } from '../prompt.js';
import {
  goesOnLines,
  offerLines,
  Progress,
  reusedWords,
  shortId,
  speedWords,
  title,
} from '../transfer-lines.js';

/** Takes what is offered in a room: asks about each offer, or with `--yes` takes those of `--from`. */
export async function run(
  context: Context,
  [room]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const yes = options.yes === true;
  const from = options.from as string | undefined;
  if (yes && !canAsk() && !from)
    throw new ChatterError('USAGE', {
      message: 'Off a terminal --yes needs to know from whom: --from name#tag, an id, or --from anyone.',
    });
  if (!yes && !canAsk())
    throw new ChatterError('USAGE', {
      message: 'There is no terminal to ask at: give --yes and --from PEER.',
    });
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const out = options.out === undefined ? undefined : path.resolve(options.out as string);
  if (out !== undefined) makeFolder(out);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, yes);
    const receiver = new Receiver(client, context, joined.roomId, {
      yes,
      from,
      once: options.once === true,
      accept: {
        out,
        ifExists: options.ifExists as 'number' | 'skip' | 'fail' | undefined,
        modes: options.modes === true,
      },
    });
    return await receiver.run();
  } finally {
    await client.close();
  }
}

function makeFolder(out: string): void {
  try {
    mkdirSync(out, { recursive: true });
  } catch (cause) {
    throw new ChatterError('DISK_FAILED', { message: `${out} cannot be made.`, cause });
  }
}

interface ReceiveOptions {
  yes: boolean;
  from: string | undefined;
  once: boolean;
  accept: { out?: string; ifExists?: 'number' | 'skip' | 'fail'; modes: boolean };
}

class Receiver {
  readonly #client: Client;
  readonly #context: Context;
  readonly #roomId: string;
  readonly #options: ReceiveOptions;
  readonly #progress: Progress;
  readonly #seen = new Set<string>();
  readonly #startedAt = new Map<string, number>();
  #asking: Promise<void> = Promise.resolve();
  #end: (code: number) => void = () => {};
  #fail: (err: unknown) => void = () => {};

  constructor(client: Client, context: Context, roomId: string, options: ReceiveOptions) {
    this.#client = client;
    this.#context = context;
    this.#roomId = roomId;
    this.#options = options;
    this.#progress = new Progress(context.out);
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.#client.on('event', (event) => {
      if ('roomId' in event && event.roomId === this.#roomId) this.#onEvent(event);
    });
    const stopLooking = lookAfterLoss(this.#client, () => this.#look(), this.#fail);
    const stop = () => void this.#stop();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
    if (!this.#context.out.json) this.#context.out.note('Waiting for offers; Ctrl-C ends this.');
    await this.#look();
    try {
      return await ended;
    } finally {
      stopLooking();
      this.#progress.clear();
    }
  }

  /** What was taken goes on without this window. */
  async #stop(): Promise<void> {
    const all = await this.#client.request('transfers', { room: this.#roomId }).catch(() => []);
    this.#progress.clear();
    for (const line of goesOnLines(all.filter(({ transfer, mine }) => !mine && this.#seen.has(transfer))))
      this.#context.out.note(line);
    this.#end(EXIT.done);
  }

  async #look(): Promise<void> {
    for (const transfer of await this.#client.request('transfers', { room: this.#roomId })) {
      if (transfer.mine) continue;
      if (transfer.state === 'offered') this.#onOffer(transfer);
      else if (transfer.state === 'active') this.#seen.add(transfer.transfer); // goes on from before
    }
  }

  #onOffer(offer: TransferInfo): void {
    if (this.#seen.has(offer.transfer) || !this.#isFrom(offer)) return;
    this.#seen.add(offer.transfer);
    this.#asking = this.#asking.then(() => this.#decide(offer)).catch(this.#fail);
  }

  async #decide(offer: TransferInfo): Promise<void> {
    const { out } = this.#context;
    if (!out.json)
      for (const [i, line] of offerLines(offer).entries())
        out.note(i === 0 ? `${line}  [${shortId(offer)}]` : line);
    if (!this.#options.yes) {
      const answer = await ask('Take it? [y/N] ');
      if (answer === null) return this.#end(EXIT.done);
      if (!/^y(es)?$/i.test(answer.trim())) {
        await this.#client.request('decline', { transfer: offer.transfer });
        if (this.#options.once) this.#end(EXIT.declined);
        return;
      }
    }
    this.#startedAt.set(offer.transfer, performance.now());
    try {
      await this.#client.request('accept', {
        transfer: offer.transfer,
        ...this.#options.accept,
        unasked: this.#options.yes,
      });
    } catch (err) {
      const failure = ChatterError.from(err);
      if (this.#options.once) throw failure;
      out.note(`${shortId(offer)}: ${failure.message}`);
    }
  }

  #isFrom({ from }: TransferInfo): boolean {
    const wanted = this.#options.from;
    if (wanted === undefined || wanted === 'anyone') return true;
    return (
      from.id === wanted ||
      `${from.name}#${from.tag}` === wanted ||
      from.tag === wanted ||
      (canAsk() && from.name === wanted)
    );
  }

  /** Where it lies, how much it is, and how fast it came. */
  #tellDone(event: Extract<ApiEvent, { type: 'transfer-done' }>): void {
    const { out } = this.#context;
    const { transfer, paths, bytes, reused } = event;
    const seconds = (performance.now() - (this.#startedAt.get(transfer) ?? performance.now())) / 1000;
    this.#progress.clear();
    if (out.json) return out.object({ ...event, seconds });
    for (const place of paths) out.line(place);
    if (paths.length === 0) return out.note('It was there already.');
    const here = reused > 0 ? ` ${reusedWords(event)}` : '';
    out.note(`${speedWords(bytes, seconds, reused)}, every byte checked.${here}`);
  }

  #onEvent(event: ApiEvent): void {
    const { out } = this.#context;
    if (event.type === 'file-offered') {
      if (out.json) out.object(event);
      return this.#onOffer(event);
    }
    if (event.type === 'file-refused') {
      if (out.json) out.object(event);
      else out.note(`${safe(event.from.name)}#${event.from.tag}: ${event.text}`);
      return;
    }
    if (!('transfer' in event) || !this.#seen.has(event.transfer)) return;
    if (event.type === 'transfer-progress') this.#progress.show(event);
    if (event.type === 'transfer-done') {
      this.#tellDone(event);
      if (this.#options.once) this.#end(EXIT.done);
    } else if (out.json) out.object(event);
    if (event.type === 'transfer-failed' && event.code !== 'TRANSFER_DECLINED') {
      this.#progress.clear();
      const code = event.code as ErrorCode;
      if (this.#options.once) {
        // What only waits for room on the disk can be gone on with: chatter resume.
        this.#end(exitCode(code));
      }
      process.stderr.write(`chatter: ${code}: ${ERRORS[code] ?? safe(event.text)}\n`);
    }
    if (event.type === 'transfer-changed' && event.state === 'active' && !out.json)
      out.note(`Taking ${title(event)}  [${shortId(event)}]`);
  }
}
