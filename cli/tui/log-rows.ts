import type { Message } from '../../src/daemon/chat-api.js';
import { showText } from '../../src/text.js';
import { deliveryWords } from '../delivery.js';
import { beginning, isGone, reactionWords, wordsOf } from '../message-lines.js';
import { messageTag } from '../message-tag.js';
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

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });

/** How entries are drawn. */
export interface Look {
  /** Cells of a row. */
  readonly width: number;
  /** Nothing is kept for who is not here. */
  readonly live: boolean;
  /** Messages bear their tags in the place of the time. */
  readonly tags: boolean;
  /** Key of the message that is being picked. */
  readonly picked: string | null;
}

/** The rows of an entry; the same ones again for as long as neither it nor the look changes. */
export function rowsOf(entry: Entry, look: Look): readonly Row[] {
  if (entry.key === look.picked) return draw(entry, look);
  const known = cache.get(entry);
  if (known && known.look.width === look.width && known.look.tags === look.tags) return known.rows;
  const rows = draw(entry, look);
  cache.set(entry, { look, rows });
  return rows;
}

const cache = new WeakMap<Entry, { look: Look; rows: readonly Row[] }>();

/** The line above what came unseen. */
export const UNREAD_ROW: Row = [{ text: ' ── New ──', tone: 'accent' }];

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

function draw(entry: Entry, look: Look): readonly Row[] {
  switch (entry.type) {
    case 'message':
      return messageRows(entry, look);
    case 'line':
      return lineRows(entry, look.width);
    default:
      return entry.lines.flatMap((text) => noteRows(safe(text), entry.tone, look.width));
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

function messageRows(entry: MessageEntry, look: Look): readonly Row[] {
  const { message, name } = entry;
  const { width } = look;
  const isTight = width < TIGHT;
  const nameCells = width < NARROW ? NARROW_NAME_CELLS : NAME_CELLS;
  const indent = isTight ? 2 : TIME_CELLS + nameCells + 1;
  const rows = wordRows(entry, look, Math.max(LEAST_TEXT_CELLS, width - indent));
  const first = headOf(message, look);
  const tone: Tone = message.mentionsMe ? 'accent' : 'strong';
  const isMe = message.kind === 'me';
  if (isTight) {
    const who = cut(`${isMe ? '* ' : ''}${safe(name)}`, Math.max(1, width - TIME_CELLS));
    return [[...first, span(who, tone)], ...rows.map((row) => [span('  '), ...row])];
  }
  const who = isMe ? '*'.padStart(nameCells) : fitName(name, nameCells);
  return rows.map((row, i) =>
    i === 0 ? [...first, span(`${who} `, tone), ...row] : [span(' '.repeat(indent)), ...row],
  );
}

/**
 * Time or tag, in the columns before everything that anybody can choose. What was said to one person alone is marked
 * there, so that no name or text can look like it.
 */
function headOf(message: Message, { tags, picked }: Look): Row {
  const { id, sent, to, clockOff } = message;
  const mark = span(to ? '»' : ' ', 'accent');
  if (tags) return [mark, span(messageTag(message), id === picked ? 'picked' : 'accent'), span(' ')];
  return [mark, span(`${timeOf(Date.parse(sent))}${clockOff ? '?' : ' '}`, 'dim')];
}

/** What a message says, with what there is to tell of it, in rows of `width` cells. */
function wordRows(entry: MessageEntry, { live }: Look, width: number): Row[] {
  const { message, name, toName, quotedName } = entry;
  const above: string[] = [];
  if (toName !== null) above.push(message.self ? `to ${safe(toName)} alone` : 'to you alone');
  if (message.replyTo)
    above.push(
      quotedName === null ? 'to a message' : `${safe(quotedName)}: ${beginning(message.quote?.text ?? '')}`,
    );
  const words = wordsOf(message);
  const tone: Tone = isGone(message) ? 'dim' : message.mentionsMe ? 'accent' : 'plain';
  const texts = textRows(message.kind === 'me' ? `${name} ${words}` : words, width);
  const facts = [message.edited && !message.deleted ? '(edited)' : '', deliveryWords(message, live)];
  const reactions = reactionWords(message);
  return [
    ...above.map((text) => [span(cut(`┆ ${text}`, width), 'dim')]),
    ...withFacts(
      texts.map((text) => [span(text, tone)]),
      facts.filter(Boolean).join('  '),
      width,
    ),
    ...(reactions ? wrap(reactions, width).map((text) => [span(text, 'dim')]) : []),
  ];
}

/** The facts at the right of the last row, or below it where they do not fit. */
function withFacts(rows: readonly Row[], facts: string, width: number): Row[] {
  if (facts === '') return [...rows];
  const last = rows.at(-1) ?? [];
  const used = last.reduce((sum, { text }) => sum + cells(text), 0);
  const gap = width - used - cells(facts);
  if (gap >= 2) return [...rows.slice(0, -1), [...last, span(' '.repeat(gap)), span(facts, 'dim')]];
  const shown = cut(facts, width);
  return [...rows, [span(' '.repeat(Math.max(0, width - cells(shown)))), span(shown, 'dim')]];
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

const LINE_MARKS = { joined: '→', back: '→', left: '←', lost: '!', other: '' } as const;
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
  if (kind === 'back') return `${who} ${names.length === 1 ? 'is' : 'are'} back`;
  return `${who} ${kind === 'joined' ? 'joined' : 'left'}`;
}

const timeOf = (at: number): string => new Date(at).toTimeString().slice(0, 5);

const time = (at: number): Span => span(` ${timeOf(at)} `, 'dim');
