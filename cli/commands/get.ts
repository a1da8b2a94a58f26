import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ApiEvent } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { ChatterError, ERRORS, type ErrorCode } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { beforeInterrupt } from '../interrupt.js';
import { lookAfterLoss } from '../look-again.js';
import { ask, canAsk } from '../prompt.js';
import { settled } from '../settled.js';
import { differing } from '../share-lines.js';
import { goesOnLines, Progress, reusedWords, speedWords, title } from '../transfer-lines.js';

interface Wanted {
  room: string;
  name: string;
  from?: string;
  hash?: string;
  out?: string;
  ifExists?: 'number' | 'skip' | 'fail';
  modes: boolean;
}

/** Fetches what somebody shares, by its name, from everybody who has it. */
export async function run(
  context: Context,
  [room, name = '']: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const toOutput = options.out === '-';
  const spool = toOutput ? spoolFolder(context) : null;
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    if (joined.people.length <= 1 && (await settled(client, joined.roomId, context.timeoutMs)) === 0)
      throw new ChatterError('NOBODY_THERE', { message: `Nobody was in ${joined.room} in time.` });
    const fetching = new Fetching(client, context, { quiet: toOutput });
    const out = spool ?? (options.out === undefined ? undefined : path.resolve(options.out as string));
    const transfers = await request(
      client,
      context,
      {
        room: joined.roomId,
        name,
        from: options.from as string | undefined,
        hash: options.hash as string | undefined,
        out,
        ifExists: options.ifExists as Wanted['ifExists'],
        modes: options.modes === true,
      },
      joined.self.id,
    );
    if (toOutput) refuseMany(transfers);
    const paths = await fetching.all(transfers);
    if (toOutput) await pipeline(createReadStream(paths[0] as string), process.stdout, { end: false });
    return EXIT.done;
  } finally {
    await client.close();
    if (spool) rmSync(spool, { recursive: true, force: true });
  }
}

/** Asks for it; where one name means several contents, a person at a terminal says which. */
async function request(
  client: Client,
  context: Context,
  wanted: Wanted,
  selfId: string,
): Promise<TransferInfo[]> {
  try {
    return (await client.request('get', wanted)).transfers;
  } catch (err) {
    if (!(err instanceof ChatterError) || err.code !== 'FILE_AMBIGUOUS') throw err;
    const { entries } = await client.request('ls', {
      room: wanted.room,
      pattern: wanted.name,
      from: wanted.from,
    });
    const choices = differing(entries.filter(({ owner }) => owner.id !== selfId));
    for (const [i, line] of choices.entries()) context.out.note(`${i + 1}) ${line.text}`);
    const answer = canAsk() ? await ask(`Which one? [1-${choices.length}] `) : null;
    const choice = choices[Number(answer) - 1];
    if (!choice)
      throw new ChatterError('FILE_AMBIGUOUS', {
        message: `${ERRORS.FILE_AMBIGUOUS} Say which: its whole path, --from PEER or --hash DIGITS.`,
      });
    const { path: place, hash, owner } = choice.entry;
    return (
      await client.request('get', { ...wanted, name: place, ...(hash ? { hash } : { from: owner.id }) })
    ).transfers;
  }
}

function refuseMany(transfers: readonly TransferInfo[]): void {
  if (transfers.length !== 1 || transfers[0]?.files !== 1 || transfers[0].entries[0]?.folder)
    throw new ChatterError('USAGE', { message: 'Only one file can go to standard output.' });
}

function spoolFolder({ folder }: Context): string {
  folder.create();
  const place = path.join(folder.path, 'transfers', randomBytes(8).toString('hex'));
  mkdirSync(place, { mode: 0o700, recursive: true });
  return place;
}

/** Waits until everything that was asked for is here. */
class Fetching {
  readonly #client: Client;
  readonly #context: Context;
  readonly #quiet: boolean;
  readonly #progress: Progress;
  readonly #startedAt = performance.now();
  readonly #state = new Map<string, TransferInfo>();
  readonly #sources = new Map<string, number>();
  readonly #stopLooking: () => void;
  #check: () => void = () => {};
  #lost: ChatterError | null = null;

  constructor(client: Client, context: Context, { quiet }: { quiet: boolean }) {
    this.#client = client;
    this.#context = context;
    this.#quiet = quiet;
    this.#progress = new Progress(context.out);
    client.on('event', (event) => this.#onEvent(event));
    this.#stopLooking = lookAfterLoss(
      client,
      () => this.#look(),
      (err) => {
        this.#lost = err;
        this.#check();
      },
    );
  }

  /** Resolves to where everything lies. Rejects with the first failure. */
  async all(transfers: readonly TransferInfo[]): Promise<string[]> {
    const { out } = this.#context;
    for (const transfer of transfers) {
      if (!this.#state.has(transfer.transfer)) this.#state.set(transfer.transfer, transfer);
      if (!out.json && !this.#quiet) out.note(`Fetching ${title(transfer)}`);
    }
    const wanted = () => transfers.map(({ transfer }) => this.#state.get(transfer) as TransferInfo);
    const takeBack = beforeInterrupt(() => {
      this.#progress.clear();
      if (!this.#quiet) for (const line of goesOnLines(wanted())) out.note(line);
    });
    await this.#look();
    await new Promise<void>((resolve) => {
      this.#check = () => {
        if (this.#lost || wanted().every(({ state }) => state !== 'active' && state !== 'offered')) resolve();
      };
      this.#check();
    });
    takeBack();
    this.#stopLooking();
    this.#progress.clear();
    if (this.#lost) throw this.#lost;
    const failed = wanted().find(({ state }) => state !== 'done');
    if (failed) {
      const code = (failed.code ?? 'TRANSFER_CANCELLED') as ErrorCode;
      throw new ChatterError(code, { message: ERRORS[code] });
    }
    const paths = wanted().flatMap((each) => each.paths);
    this.#report(wanted(), paths);
    return paths;
  }

  #report(done: readonly TransferInfo[], paths: readonly string[]): void {
    const { out } = this.#context;
    if (this.#quiet) return;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    if (!out.json) {
      for (const place of paths) out.line(place);
      const bytes = done.reduce((sum, { total }) => sum + total, 0);
      const reused = done.reduce((sum, each) => sum + each.reused, 0);
      const here = reused > 0 ? ` ${reusedWords({ reused })}` : '';
      return out.note(`${speedWords(bytes, seconds, reused)}, every byte checked.${here}`);
    }
    for (const { transfer, paths: places, total: bytes, reused } of done) {
      const sources = this.#sources.get(transfer) ?? 1;
      out.object({ type: 'transfer-done', transfer, paths: places, bytes, reused, seconds, sources });
    }
  }

  async #look(): Promise<void> {
    for (const info of await this.#client.request('transfers', {}))
      if (this.#state.has(info.transfer)) this.#state.set(info.transfer, info);
    this.#check();
  }

  #onEvent(event: ApiEvent): void {
    if (event.type === 'transfer-changed') {
      if (event.shared) this.#state.set(event.transfer, event);
      return this.#check();
    }
    if (event.type !== 'transfer-progress' || !this.#state.has(event.transfer)) return;
    const { out } = this.#context;
    this.#sources.set(event.transfer, Math.max(this.#sources.get(event.transfer) ?? 1, event.sources));
    if (out.json && !this.#quiet) out.object(event);
    this.#progress.show(event);
  }
}
