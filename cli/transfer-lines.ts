import type { TransferInfo } from '../src/daemon/files-api.js';
import { type Output, safe } from './output.js';
import { personLabel } from './person-commands.js';

/** Bytes as people read them: 1 kB is 1000. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** The first digits of a transfer's id, as commands take them. */
export const shortId = ({ transfer }: Pick<TransferInfo, 'transfer'>): string => transfer.slice(0, 8);

/** What it is, in few words. */
export function title({ entries, files, total }: TransferInfo): string {
  const names = entries.slice(0, 3).map(({ name, folder }) => `${safe(name)}${folder ? '/' : ''}`);
  const more = entries.length > 3 ? ` and ${entries.length - 3} more` : '';
  const isOneFile = entries.length === 1 && !entries[0]?.folder;
  const count = isOneFile ? '' : files === 1 ? '1 file, ' : `${files} files, `;
  return `${names.join(', ')}${more} (${count}${size(total)})`;
}

/** An offer as a person sees it before anything else: what may be dangerous comes first. `who` is fit for a terminal. */
export function offerLines(offer: TransferInfo, who = personLabel(offer.from)): string[] {
  const { risky, riskyCount, entries } = offer;
  const lines = [`${who} offers ${title(offer)}${offer.to ? ', to you alone' : ''}`];
  for (const name of risky) lines.push(`  ! ${safe(name)}  could run or hide something`);
  if (riskyCount > risky.length) lines.push(`  ! and ${riskyCount - risky.length} more of that kind`);
  if (entries.length > 1)
    for (const entry of entries.slice(0, ENTRIES_SHOWN))
      lines.push(`  ${safe(entry.name)}  ${size(entry.size)}`);
  if (entries.length > ENTRIES_SHOWN) lines.push(`  and ${entries.length - ENTRIES_SHOWN} more`);
  return lines;
}

const ENTRIES_SHOWN = 20;

/** Why something was left out, by the word that the node says. */
export const LEFT_OUT: Record<string, string> = {
  link: 'a link',
  special: 'no plain file',
  name: 'a name that not every system takes',
  unreadable: 'cannot be read',
  hidden: 'hidden',
};

/** One transfer as a line of a list, and one for each who was offered it. `isInRoom`: the room goes without saying. */
export function listLine(info: TransferInfo, { isInRoom = false } = {}): string {
  const way = info.mine
    ? `to ${info.to ? personLabel(info.to) : 'everybody'}`
    : `from ${personLabel(info.from)}`;
  const state = info.mine && info.state === 'serving' ? 'offered' : info.state;
  const part = info.state === 'active' ? ` ${percent(info.bytes, info.total)}` : '';
  const why = info.code && info.state !== 'declined' && info.state !== 'cancelled' ? `, ${info.code}` : '';
  const where = isInRoom ? '' : ` in ${safe(info.room)}`;
  const lines = [`${shortId(info)}  ${state}${part}${why}  ${title(info)}  ${way}${where}`];
  for (const { peer, answer, bytes } of info.receivers)
    lines.push(
      `          ${personLabel(peer)}: ${answer === 'progress' ? percent(bytes, info.total) : answer}`,
    );
  if (info.handing > 0 && !info.mine)
    lines.push(
      `          you are also giving it to ${info.handing} ${info.handing === 1 ? 'other' : 'others'}`,
    );
  return lines.join('\n');
}

const percent = (bytes: number, total: number): string =>
  `${total === 0 ? 100 : Math.floor((bytes / total) * 100)} %`;

interface Moving {
  bytes: number;
  total: number;
  reused: number;
  ratePerSecond: number;
  sources: number;
}

/** What of it did not have to be sent. */
export const reusedWords = ({ reused }: Pick<TransferInfo, 'reused'>): string =>
  `Already here: ${size(reused)}.`;

/** How far it is, in one line. */
function progressLine({ bytes, total, reused, ratePerSecond, sources }: Moving, width = 24): string {
  const filled = total === 0 ? width : Math.min(width, Math.floor((bytes / total) * width));
  const seconds = ratePerSecond > 0 ? Math.ceil((total - bytes) / ratePerSecond) : null;
  const from = sources > 1 ? `  from ${sources}` : '';
  const here = reused > 0 ? `  already here: ${size(reused)}` : '';
  const left = seconds === null || bytes >= total ? '' : `  ${duration(seconds)} left`;
  return `[${'='.repeat(filled)}${' '.repeat(width - filled)}] ${percent(bytes, total)}  ${size(bytes)} of ${size(total)}  ${size(ratePerSecond)}/s${left}${from}${here}`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const EVERY_MS = 10_000;

/** Progress on standard error: a line that is drawn over on a terminal, now and then a line elsewhere. */
export class Progress {
  readonly #out: Output;
  readonly #isTerminal = process.stderr.isTTY === true;
  #drawn = false;
  #saidAt = performance.now();

  constructor(out: Output) {
    this.#out = out;
  }

  show(moving: Moving): void {
    if (this.#out.json) return;
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[K${progressLine(moving)}`);
      this.#drawn = true;
    } else if (performance.now() - this.#saidAt >= EVERY_MS) {
      this.#saidAt = performance.now();
      this.#out.note(progressLine(moving, 0).slice(3));
    }
  }

  /** Takes the line away, so that something else can be said. */
  clear(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K');
    this.#drawn = false;
  }
}

/** True while bytes are on their way, or wait to be. */
export const isMoving = ({ state, mine, receivers }: TransferInfo): boolean =>
  mine ? receivers.some(({ answer }) => answer === 'progress') : state === 'active' || state === 'paused';

/** Bytes that are where they are to be: of an own offer, where the fewest are of those who are getting it. */
export function arrivedBytes({ mine, bytes, total, receivers }: TransferInfo): number {
  const getting = receivers.filter(({ answer }) => answer === 'progress');
  return mine ? Math.min(total, ...getting.map((receiver) => receiver.bytes)) : bytes;
}

/** What goes on without the window that is closed: a line each. */
export const goesOnLines = (transfers: Iterable<TransferInfo>): string[] =>
  [...transfers]
    .filter((info) => isMoving(info) && info.state !== 'paused')
    .map((info) => goesOnLine(info, arrivedBytes(info)));

/** `bytes` have arrived already. */
export function goesOnLine(info: TransferInfo, bytes: number): string {
  const end = `npx chatter ${info.mine ? 'withdraw' : 'cancel'} ${shortId(info)}`;
  return `${whatOf(info)} goes on in the background, ${percent(bytes, info.total)}; ${end} ends it.`;
}

/** `photo.zip`, `Photos/`, `a.txt and 2 more`. */
export function whatOf({ entries }: Pick<TransferInfo, 'entries'>): string {
  const [first] = entries;
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : '';
  return `${safe(first?.name ?? '')}${first?.folder ? '/' : ''}${more}`;
}

/** `12.0 MB in 1.2 s, 10.0 MB/s`; how much alone where it took no time worth telling. What was `reused` was not sent. */
export function speedWords(bytes: number, seconds: number, reused = 0): string {
  if (seconds < 1) return size(bytes);
  return `${size(bytes)} in ${seconds.toFixed(1)} s, ${size((bytes - reused) / seconds)}/s`;
}
