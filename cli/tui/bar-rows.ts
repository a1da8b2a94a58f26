import type { TransferInfo } from '../../src/daemon/files-api.js';
import { safe } from '../output.js';
import { arrivedBytes, duration, isMoving, size } from '../transfer-lines.js';
import { cells, cut, fit } from './cells.js';
import { type Row, span } from './log-rows.js';
import { LOW, WIDE } from './sizes.js';
import type { State } from './state.js';

const BARS = 3;
const NARROW = 60;
const LEAST_BAR = 8;

/** Transfers that are under way: three at most, and how many more there are. */
export function barRows({ transfers, columns, rows }: State): readonly Row[] {
  const moving = [...transfers.values()].filter(isMoving);
  const most = rows < LOW ? 1 : BARS;
  const shown = moving.slice(0, moving.length > most ? most - 1 || 1 : most);
  const bars = shown.map((info) => barRow(info, columns));
  const more = moving.length - shown.length;
  return more > 0 && rows >= LOW ? [...bars, [span(`   and ${more} more; /files lists them`, 'dim')]] : bars;
}

function barRow(info: TransferInfo, columns: number): Row {
  const { mine, state, ratePerSecond, sources, total } = info;
  const getting = info.receivers.filter(({ answer }) => answer === 'progress');
  const bytes = arrivedBytes(info);
  const part = total === 0 ? 1 : Math.min(1, bytes / total);
  const left =
    state !== 'paused' && ratePerSecond > 0 && part < 1
      ? duration(Math.ceil((total - bytes) / ratePerSecond))
      : '';
  const who = mine ? `to ${getting.length}` : sources > 1 ? `${sources} sources` : '';
  const facts = [
    `${Math.floor(part * 100)} %`.padStart(5),
    state === 'paused' ? 'paused' : ratePerSecond > 0 ? `${size(ratePerSecond)}/s` : '',
    left,
    who,
  ].filter(Boolean);
  const nameCells = columns >= WIDE ? 24 : columns >= NARROW ? 16 : 10;
  // What is least wanted is left out first.
  while (facts.length > 1 && columns - nameCells - cells(facts.join('  ')) - 7 < LEAST_BAR) facts.pop();
  const tail = facts.join('  ');
  const barCells = Math.max(4, columns - nameCells - cells(tail) - 7);
  const filled = Math.round(part * barCells);
  const first = info.entries[0]?.name ?? '';
  const more = info.entries.length > 1 ? ` +${info.entries.length - 1}` : '';
  return [
    span(mine ? ' ↑ ' : ' ↓ ', 'strong'),
    span(fit(`${cut(safe(first), nameCells - more.length)}${more}`, nameCells)),
    span(' '),
    span('█'.repeat(filled), state === 'paused' ? 'dim' : 'accent'),
    span('░'.repeat(barCells - filled), 'dim'),
    span(cut(` ${tail}`, Math.max(0, columns - nameCells - barCells - 4)), 'dim'),
  ];
}
