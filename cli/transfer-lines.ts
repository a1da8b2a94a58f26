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
  return `${names.join(', ')}${more} (${files === 1 ? '1 file' : `${files} files`}, ${size(total)})`;
}

/** An offer as a person sees it before anything else: what may be dangerous comes first. */
export function offerLines(offer: TransferInfo): string[] {
  const { risky, riskyCount, entries } = offer;
  const lines = [
    `${personLabel(offer.from)} offers ${title(offer)}${offer.to ? ', to you alone' : ''}  [${shortId(offer)}]`,
  ];
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

/** One transfer as a line of a list. */
export function listLine(info: TransferInfo): string {
  const way = info.mine
    ? `to ${info.to ? personLabel(info.to) : 'everybody'}`
    : `from ${personLabel(info.from)}`;
  const state = info.mine && info.state === 'serving' ? 'offered' : info.state;
  const part = info.state === 'active' ? ` ${percent(info.bytes, info.total)}` : '';
  const why = info.code && info.state !== 'declined' && info.state !== 'cancelled' ? `, ${info.code}` : '';
  const lines = [`${shortId(info)}  ${state}${part}${why}  ${title(info)}  ${way} in ${safe(info.room)}`];
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

/** What goes on without the window that is closed: a line each. */
export const goesOnLines = (transfers: Iterable<TransferInfo>): string[] =>
  [...transfers]
    .filter(({ state }) => state === 'active')
    .map(({ entries, bytes, total }) => {
      const part = total === 0 ? 100 : Math.floor((bytes / total) * 100);
      return `${safe(entries[0]?.name ?? '')} goes on in the background, ${part} %; npx chatter transfers`;
    });
