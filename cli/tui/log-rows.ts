import { showText } from '../../src/text.js';
import { safe } from '../output.js';
import { cells, cut, fit, wrap } from './cells.js';
import type { Entry, LineEntry, MessageEntry, Tone } from './entries.js';

/** A piece of a row that is drawn in one tone. Its text is fit for a terminal. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Row = readonly Span[];

/** ` 09:41 `. */
const TIME_CELLS = 7;
/** Wider names are cut. */
const NAME_CELLS = 14;
const NARROW_NAME_CELLS = 10;
const NARROW = 60;
const TIGHT = 40;
/** A text gets as much even where nothing fits. */
const LEAST_TEXT_CELLS = 8;

const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });

/** The rows of an entry in a log of `width` cells; the same ones again for as long as neither changes. */
export function rowsOf(entry: Entry, width: number): readonly Row[] {
  const known = cache.get(entry);
  if (known?.width === width) return known.rows;
  const rows = draw(entry, width);
  cache.set(entry, { width, rows });
  return rows;
}

const cache = new WeakMap<Entry, { width: number; rows: readonly Row[] }>();

/** The line between two days; null where both are on one. `now` decides what is today. */
export function dayRow(before: Entry | undefined, entry: Entry, now: number): Row | null {
  const day = new Date(entry.at).toDateString();
  if (before ? new Date(before.at).toDateString() === day : new Date(now).toDateString() === day) return null;
  const name =
    new Date(now).toDateString() === day
      ? 'Today'
      : new Date(entry.at).toLocaleDateString('en', { weekday: 'long', day: 'numeric', month: 'long' });
  return [span(` ── ${name} ──`, 'dim')];
}

function draw(entry: Entry, width: number): readonly Row[] {
  switch (entry.type) {
    case 'message':
      return messageRows(entry, width);
    case 'line':
      return lineRows(entry, width);
    default:
      return entry.lines.flatMap((text) => noteRows(safe(text), entry.tone, width));
  }
}

/** A line of a table goes on below its last column. */
function noteRows(text: string, tone: Tone, width: number): Row[] {
  const room = Math.max(LEAST_TEXT_CELLS, width - TIME_CELLS);
  const [head = ''] = /^\S.{0,30}?\s{2,}/.exec(text) ?? [];
  const hang = cells(head) < room / 2 ? head : '';
  return wrap(text.slice(hang.length), room - cells(hang)).map((row, i) => [
    span(' '.repeat(TIME_CELLS)),
    span((i === 0 ? hang : ' '.repeat(cells(hang))) + row, tone),
  ]);
}

function messageRows(message: MessageEntry, width: number): readonly Row[] {
  if (width < TIGHT) return tightRows(message, width);
  const nameCells = width < NARROW ? NARROW_NAME_CELLS : NAME_CELLS;
  const indent = TIME_CELLS + nameCells + 1;
  const room = Math.max(LEAST_TEXT_CELLS, width - indent);
  const tone: Tone = message.mentionsMe ? 'accent' : 'plain';
  const texts = message.me ? textRows(`${message.name} ${message.text}`, room) : textRows(message.text, room);
  const name = message.me ? ' '.repeat(nameCells - 1).concat('*') : fitName(message.name, nameCells);
  return texts.map((text, i) =>
    i === 0
      ? [time(message.at), span(name, message.mentionsMe ? 'accent' : 'strong'), span(' '), span(text, tone)]
      : [span(' '.repeat(indent)), span(text, tone)],
  );
}

/** On a very narrow terminal the text stands below the name. */
function tightRows({ at, name, me, text, mentionsMe }: MessageEntry, width: number): readonly Row[] {
  const tone: Tone = mentionsMe ? 'accent' : 'plain';
  return [
    [time(at), span(cut(`${me ? '* ' : ''}${safe(name)}`, Math.max(1, width - TIME_CELLS)), 'strong')],
    ...textRows(text, Math.max(LEAST_TEXT_CELLS, width - 2)).map((row) => [span('  '), span(row, tone)]),
  ];
}

/** Lines of a message as rows; what stands between ``` lines is set off by a bar instead. */
function textRows(text: string, width: number): string[] {
  let fenced = false;
  const rows: string[] = [];
  const lines = showText(text).split('\n');
  const fences = lines.filter((line) => line.startsWith('```')).length;
  for (const line of lines) {
    if (fences > 1 && line.startsWith('```')) fenced = !fenced;
    else if (fenced) rows.push(...wrap(safe(line), width - 2).map((row) => `│ ${row}`));
    else rows.push(...wrap(safe(line), width));
  }
  return rows.length > 0 ? rows : [''];
}

/** A name in its column; the tag that tells two people apart is never cut off. */
function fitName(name: string, width: number): string {
  const shown = safe(name);
  const [, tag = ''] = /(#[0-9a-z]{6})$/.exec(shown) ?? [];
  if (!tag || cells(shown) <= width) return fit(shown, width);
  return fit(cut(shown.slice(0, -tag.length), width - tag.length) + tag, width);
}

const LINE_MARKS = { joined: '→', left: '←', lost: '!', other: '' } as const;
/** Of more people than this only the number is told. */
const NAMED_PEOPLE = 3;

function lineRows(entry: LineEntry, width: number): readonly Row[] {
  const mark = LINE_MARKS[entry.kind];
  const lines = entry.kind === 'other' ? entry.lines : [`${mark} ${peopleLine(entry)}`];
  return lines.flatMap((text, i) =>
    wrap(safe(text), Math.max(LEAST_TEXT_CELLS, width - TIME_CELLS)).map((row, j) => [
      i === 0 && j === 0 ? time(entry.at) : span(' '.repeat(TIME_CELLS)),
      span(row, i === 0 || entry.tone !== 'strong' ? entry.tone : 'plain'),
    ]),
  );
}

function peopleLine({ kind, people }: LineEntry): string {
  const names = [...people.values()];
  const who =
    names.length > NAMED_PEOPLE
      ? `${names.length} people`
      : [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ');
  if (kind === 'lost') return `${who} cannot be reached any more; still trying`;
  return `${who} ${kind === 'joined' ? 'joined' : 'left'}`;
}

const time = (at: number): Span => span(` ${new Date(at).toTimeString().slice(0, 5)} `, 'dim');
