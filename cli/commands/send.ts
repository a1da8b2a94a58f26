import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ApiEvent, Person } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { ChatterError, ERRORS, type ErrorCode } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT, exitCode } from '../exit-codes.js';
import { beforeInterrupt } from '../interrupt.js';
import { lookAfterLoss } from '../look-again.js';
import { safe } from '../output.js';
import { personLabel } from '../person-commands.js';
import { settled } from '../settled.js';
import { goesOnLine, LEFT_OUT, Progress, shortId, speedWords, title } from '../transfer-lines.js';

/** Off a terminal nobody sees that it still waits. */
const ANSWER_MS = 10 * 60_000;

/** Offers files and folders, and waits until those who are here have them or have said no. */
export async function run(
  context: Context,
  [room, ...given]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const wait = asCount(options.wait as string | undefined);
  const spool = given.length === 1 && given[0] === '-' ? await readInput(context, options.as) : null;
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    if (joined.people.length <= 1 && (await settled(client, joined.roomId, context.timeoutMs)) === 0) {
      throw new ChatterError('NOBODY_THERE', {
        message: `Nobody was in ${joined.room} in time; nothing was offered.`,
      });
    }
    const watched = new Receivers(client, context, joined.roomId);
    const to = options.to as string | undefined;
    const sent = await client.request('send', {
      room: joined.roomId,
      paths: spool ? [spool] : given.map((each) => path.resolve(each)),
      to,
      as: spool ? undefined : (options.as as string | undefined),
      exclude: options.exclude as string[] | undefined,
    });
    for (const { path: left, why } of sent.skipped)
      out.note(`Left out: ${safe(left)} (${LEFT_OUT[why] ?? why})`);
    if (!out.json) out.note(`Offered ${title(sent)}  [${shortId(sent)}]`);
    const people = (await client.request('peers', { room: joined.roomId })).filter(
      (peer) => !peer.self && (!sent.to || peer.id === sent.to.id),
    );
    const code = await watched.all(sent, people, {
      wait,
      answerMs: answerMs(options.answerTimeout as number | undefined),
    });
    if (spool) await client.request('withdraw', { transfer: sent.transfer }); // it is gone with this command
    return code;
  } finally {
    await client.close();
    if (spool) rmSync(path.dirname(spool), { recursive: true, force: true });
  }
}

function answerMs(seconds: number | undefined): number | null {
  if (seconds !== undefined) return Math.min(seconds * 1000, 2 ** 31 - 1);
  return process.stderr.isTTY ? null : ANSWER_MS;
}

/** What `--wait` says: how many are to have it; null is everybody who is here. */
function asCount(wait: string | undefined): number | null {
  if (wait === undefined || wait === 'all') return null;
  if (!/^\d{1,4}$/.test(wait))
    throw new ChatterError('USAGE', { message: '--wait takes a number or "all".' });
  return Number(wait);
}

/** Standard input as a file of the data folder's. */
async function readInput(context: Context, as: unknown): Promise<string> {
  if (typeof as !== 'string' || as !== path.basename(as))
    throw new ChatterError('USAGE', { message: 'Standard input needs a name: --as NAME.' });
  const { folder } = context;
  folder.create();
  const place = path.join(folder.path, 'transfers', randomBytes(8).toString('hex'));
  mkdirSync(place, { mode: 0o700, recursive: true });
  const file = path.join(place, as);
  try {
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600, flags: 'wx' }));
  } catch (cause) {
    rmSync(place, { recursive: true, force: true });
    throw new ChatterError('DISK_FAILED', { message: 'Standard input could not be kept.', cause });
  }
  return file;
}

interface Waiting {
  wait: number | null;
  answerMs: number | null;
}

/** How it stands at each receiver, until there is nothing more to wait for. */
class Receivers {
  readonly #client: Client;
  readonly #context: Context;
  readonly #progress: Progress;
  readonly #gone = new Set<string>();
  #sent: TransferInfo | null = null;
  /** Bytes that each has got, on an average. */
  #arrived = 0;
  #lost: ChatterError | null = null;
  #check: () => void = () => {};
  readonly #stopLooking: () => void;
  readonly #startedAt = performance.now();

  constructor(client: Client, context: Context, roomId: string) {
    this.#client = client;
    this.#context = context;
    this.#progress = new Progress(context.out);
    client.on('event', (event) => {
      if ('roomId' in event && event.roomId === roomId) this.#onEvent(event);
    });
    this.#stopLooking = lookAfterLoss(
      client,
      () => this.#look(),
      (err) => {
        this.#lost = err;
        this.#check();
      },
    );
  }

  async all(
    sent: TransferInfo,
    people: readonly Person[],
    { wait, answerMs: limit }: Waiting,
  ): Promise<number> {
    this.#sent ??= sent;
    const takeBack = beforeInterrupt(() => {
      this.#progress.clear();
      if (this.#arrived > 0) this.#context.out.note(goesOnLine(sent, this.#arrived));
    });
    await this.#look();
    let timer: NodeJS.Timeout | undefined;
    let late = false;
    await new Promise<void>((resolve) => {
      const needed = wait === null ? people.length : wait;
      this.#check = () => {
        const answers = this.#answers(people);
        const open = people.filter(({ id }) => !FINAL.includes(answers.get(id) ?? '') && !this.#gone.has(id));
        const done = [...answers.values()].filter((answer) => answer === 'done').length;
        if (this.#lost || late || this.#sent?.code || open.length === 0 || (wait !== null && done >= needed))
          resolve();
      };
      if (limit !== null) {
        timer = setTimeout(() => {
          late = true;
          this.#check();
        }, limit);
      }
      this.#check();
    });
    clearTimeout(timer);
    takeBack();
    this.#stopLooking();
    this.#progress.clear();
    if (this.#lost) throw this.#lost;
    return this.#report(people, wait);
  }

  #answers(people: readonly Person[]): Map<string, string> {
    const said = new Map(this.#sent?.receivers.map(({ peer, answer }) => [peer.id, answer]));
    return new Map([...people.map(({ id }): [string, string] => [id, 'waiting']), ...said]);
  }

  #report(people: readonly Person[], wait: number | null): number {
    const { out } = this.#context;
    const sent = this.#sent as TransferInfo;
    const known = new Map(
      [...people, ...sent.receivers.map(({ peer }) => peer)].map((person) => [person.id, person]),
    );
    const results = [...this.#answers(people)].map(([id, answer]) => ({
      peer: known.get(id) as Person,
      state: FINAL.includes(answer)
        ? answer
        : this.#gone.has(id)
          ? 'unreachable'
          : answer === 'waiting'
            ? 'waiting'
            : 'unfinished',
      code: sent.receivers.find(({ peer }) => peer.id === id)?.code ?? null,
    }));
    const seconds = (performance.now() - this.#startedAt) / 1000;
    if (out.json) {
      const { transfer, entries, total: bytes } = sent;
      out.object({ type: 'sent', transfer, entries, bytes, seconds, code: sent.code, receivers: results });
    } else
      for (const { peer, state, code } of results)
        out.line(`${personLabel(peer)}: ${state}${code ? `, ${code}` : ''}`);
    if (sent.code)
      throw new ChatterError(sent.code as ErrorCode, { message: ERRORS[sent.code as ErrorCode] });
    const done = results.filter(({ state }) => state === 'done').length;
    if (done > 0 && done >= (wait ?? 1)) {
      if (!out.json) out.note(`${speedWords(sent.total, seconds)}.`);
      return EXIT.done;
    }
    if (results.length > 0 && results.every(({ state }) => state === 'declined'))
      return exitCode('TRANSFER_DECLINED');
    const failure = results.find(({ code }) => code !== null && code !== 'TRANSFER_DECLINED')?.code;
    if (failure) return exitCode(failure as ErrorCode);
    return results.some(({ state }) => state === 'waiting' || state === 'unreachable')
      ? EXIT.nobodyThere
      : EXIT.failed;
  }

  async #look(): Promise<void> {
    const sent = this.#sent;
    if (!sent) return;
    const all = await this.#client.request('transfers', { room: sent.roomId });
    this.#sent = all.find(({ transfer }) => transfer === sent.transfer) ?? sent;
    this.#check();
  }

  #onEvent(event: ApiEvent): void {
    if (event.type === 'peer-left' && event.reason === 'left') this.#gone.add(event.peer.id);
    if (event.type === 'peer-joined') this.#gone.delete(event.peer.id);
    const sent = this.#sent;
    if (sent && 'transfer' in event && event.transfer === sent.transfer) {
      if (this.#context.out.json) this.#context.out.object(event);
      if (event.type === 'transfer-changed') this.#sent = event;
      if (event.type === 'transfer-progress') {
        const receivers = Math.max(1, sent.receivers.length);
        this.#arrived = event.bytes / receivers;
        this.#progress.show({ ...event, total: event.total * receivers });
      }
    }
    this.#check();
  }
}

const FINAL = ['done', 'declined', 'cancelled', 'failed'];
