import type { Peer, Person } from '../../src/daemon/api.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { isLive } from '../live-room.js';
import { beginning } from '../message-lines.js';
import { messageTag } from '../message-tag.js';
import { safe } from '../output.js';
import { pathLabel } from '../path-label.js';
import { duration, size } from '../transfer-lines.js';
import { cells, chop, cut, fit } from './cells.js';
import { namesMessage, pickedMessage } from './complete.js';
import type { Tone } from './entries.js';
import type { Look, Row, Span } from './log-rows.js';
import { visibleRows } from './scroll.js';
import { nameOf, type State, type Target } from './state.js';

/** A screen, row by row from the top; `cursor` is where the next character goes, from 0. */
export interface Frame {
  readonly columns: number;
  readonly head: readonly Row[];
  readonly log: readonly Row[];
  /** Beside the log, as many rows; empty on narrow terminals. */
  readonly people: readonly Row[];
  readonly foot: readonly Row[];
  readonly cursor: { readonly column: number; readonly row: number };
}

/** From this width on the people stand beside the log. */
const WIDE = 110;
/** With the line before it. */
export const PEOPLE_CELLS = 31;
/** On fewer rows the log needs what the head takes. */
const LOW = 10;
const BARS = 3;
const INPUT_ROWS = 5;
const PROMPT = '> ';

const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });

/** How the log looks, and how many rows high it is. */
export function logView(state: State): { look: Look; height: number } {
  const { columns, rows, editor } = state;
  const width = columns >= WIDE ? columns - PEOPLE_CELLS - 1 : columns;
  const height = Math.max(1, rows - headRows(state).length - footRows(state).rows.length);
  return {
    look: { width, live: isLive(state), tags: namesMessage(editor.text), picked: pickedMessage(state) },
    height,
  };
}

/** What is to be drawn. `now` in milliseconds since 1970 decides which day is today. */
export function layout(state: State, now: number): Frame {
  const { columns } = state;
  const head = headRows(state);
  const { rows: foot, cursor } = footRows(state);
  const { look, height } = logView(state);
  const visible = visibleRows(state, look, height, now);
  const log = [...Array.from({ length: height - visible.length }, () => []), ...visible];
  const people = columns >= WIDE ? peopleRows(state, height) : [];
  return {
    columns,
    head,
    log,
    people,
    foot,
    cursor: { column: cursor.column, row: head.length + height + cursor.row },
  };
}

function headRows(state: State): readonly Row[] {
  const { columns, rows } = state;
  if (rows < LOW) return [];
  const self = cut(safe(state.self.name), Math.floor(columns / 3));
  const room = cut(safe(state.room), Math.floor(columns / 3));
  const facts = cut(headFacts(state), Math.max(0, columns - cells(room) - cells(self) - 5));
  const gap = Math.max(1, columns - 4 - cells(room) - cells(facts) - cells(self));
  const side = '─'.repeat(PEOPLE_CELLS - 1);
  const rule = columns >= WIDE ? `${'─'.repeat(columns - PEOPLE_CELLS)}┬${side}` : '─'.repeat(columns);
  return [
    [span(' '), span(room, 'strong'), span(`  ${facts}${' '.repeat(gap)}`, 'dim'), span(self, 'strong')],
    [span(rule, 'dim')],
  ];
}

function headFacts(state: State): string {
  const { kind, here, linked, joined } = state;
  if (!linked) return `${kind}   the node ended; it is being started again`;
  if (!joined) return `${kind}   you have left this room`;
  const count = here.size === 0 ? 'nobody else here yet; looking for others' : `${here.size + 1} here`;
  return [kind, count, ways(state)].filter(Boolean).join('   ');
}

/** `LAN 3, Internet 1`: how many are reached by which path. */
function ways({ peers }: State): string {
  const counts = new Map<string, number>();
  for (const { path } of peers.values())
    if (path) counts.set(pathLabel(path), (counts.get(pathLabel(path)) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${label} ${count}`).join(', ');
}

interface Foot {
  rows: readonly Row[];
  /** Row from the first of these. */
  cursor: { column: number; row: number };
}

function footRows(state: State): Foot {
  const bars = barRows(state);
  const input = inputRows(state);
  const rows = [ruleRow(state), ...bars, ...input.rows];
  return { rows, cursor: { column: input.cursor.column, row: 1 + bars.length + input.cursor.row } };
}

/** The line above the input; what is told beside the log stands in it, so that nothing moves for it. */
function ruleRow(state: State): Row {
  const { columns } = state;
  const hint = hintOf(state);
  const plain = (length: number) => '─'.repeat(Math.max(0, length));
  const junction = (from: number, length: number) => {
    const at = columns - PEOPLE_CELLS - from;
    if (columns < WIDE || at < 0 || at >= length) return plain(length);
    return `${plain(at)}┴${plain(length - at - 1)}`;
  };
  if (!hint) return [span(junction(0, columns), 'dim')];
  const text = cut(hint.text, columns - 6);
  const used = 4 + cells(text);
  return [span('── ', 'dim'), span(text, hint.tone), span(` ${junction(used, columns - used)}`, 'dim')];
}

function hintOf(state: State): { text: string; tone: Tone } | null {
  if (state.hint) return { text: safe(state.hint.text), tone: state.hint.tone };
  if (state.completion) return { text: completionLine(state), tone: 'plain' };
  if (state.target) return { text: targetLine(state.target), tone: 'strong' };
  if (state.scroll) {
    const below =
      state.below === 0
        ? ''
        : `${state.below === 1 ? '1 new message' : `${state.below} new messages`} below, `;
    return { text: `${below}End goes to the newest`, tone: state.below > 0 ? 'accent' : 'dim' };
  }
  return state.typing.size > 0 ? { text: typingLine(state), tone: 'dim' } : null;
}

const targetLine = ({ verb, message }: Target): string =>
  verb === 'edit'
    ? `Editing ${messageTag(message)}; Enter saves it, Escape lets it be`
    : `${message.to ? 'Answering alone' : 'Answering'} ${safe(message.author.name)}: ${beginning(message.text)}`;

function typingLine({ typing, names }: State): string {
  const who = [...typing.values()].map((person) => safe(nameOf(names, person)));
  if (who.length > 3) return `${who.length} people are writing`;
  return `${[who.slice(0, -1).join(', '), who.at(-1)].filter(Boolean).join(' and ')} ${who.length === 1 ? 'is' : 'are'} writing`;
}

/** The words that can be chosen from, as many as fit, with a mark at the one that stands in the input. */
function completionLine({ completion, columns }: State): string {
  const { words = [], chosen = 0 } = completion ?? {};
  const shown = words.map((word, i) => (i === chosen ? `[${safe(word.trimEnd())}]` : safe(word.trimEnd())));
  let from = 0;
  while (from < chosen && cells(shown.slice(from, chosen + 1).join('  ')) > columns - 8) from++;
  return shown.slice(from).join('  ');
}

/** Transfers that are under way: three at most, and how many more there are. */
function barRows({ transfers, columns, rows }: State): readonly Row[] {
  const moving = [...transfers.values()].filter(isMoving);
  const most = rows < LOW ? 1 : BARS;
  const shown = moving.slice(0, moving.length > most ? most - 1 || 1 : most);
  const bars = shown.map((info) => barRow(info, columns));
  const more = moving.length - shown.length;
  return more > 0 && rows >= LOW ? [...bars, [span(`   and ${more} more; /files lists them`, 'dim')]] : bars;
}

const isMoving = ({ state, mine, receivers }: TransferInfo): boolean =>
  state === 'active' || state === 'paused' || (mine && receivers.some(({ answer }) => answer === 'progress'));

function barRow(info: TransferInfo, columns: number): Row {
  const { mine, state, ratePerSecond, sources, total } = info;
  const getting = info.receivers.filter(({ answer }) => answer === 'progress');
  const bytes = mine ? Math.min(total, ...getting.map((receiver) => receiver.bytes)) : info.bytes;
  const part = total === 0 ? 1 : Math.min(1, bytes / total);
  const left = ratePerSecond > 0 && part < 1 ? duration(Math.ceil((total - bytes) / ratePerSecond)) : '';
  const who = mine ? `to ${getting.length}` : sources > 1 ? `${sources} sources` : '';
  const facts = [
    `${Math.floor(part * 100)} %`.padStart(5),
    state === 'paused' ? 'paused' : ratePerSecond > 0 ? `${size(ratePerSecond)}/s` : '',
    left,
    who,
  ].filter(Boolean);
  const nameCells = columns >= WIDE ? 24 : 16;
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

const HELP = '/help   Tab completes';

function inputRows({ editor, columns, rows }: State): Foot {
  const width = Math.max(4, columns - PROMPT.length - 1);
  const shown: string[] = [];
  let cursor = { column: 0, row: 0 };
  let start = 0;
  for (const line of editor.text.split('\n')) {
    const wrapped = chop(safe(line), width);
    const at = editor.cursor - start;
    if (at >= 0 && at <= line.length) {
      const before = chop(safe(line.slice(0, at)), width);
      cursor = { column: cells(before.at(-1) ?? ''), row: shown.length + before.length - 1 };
    }
    shown.push(...wrapped);
    start += line.length + 1;
  }
  const most = Math.max(1, Math.min(INPUT_ROWS, Math.floor(rows / 3)));
  const from = Math.max(0, Math.min(cursor.row - most + 1, shown.length - most));
  const visible = shown
    .slice(from, from + most)
    .map((text, i) => [span(from + i === 0 ? PROMPT : '  ', 'dim'), span(text)]);
  if (editor.text === '' && columns > HELP.length + 20)
    visible[0]?.splice(1, 1, span(' '.repeat(columns - PROMPT.length - HELP.length - 1)), span(HELP, 'dim'));
  return { rows: visible, cursor: { column: cursor.column + PROMPT.length, row: cursor.row - from } };
}

function peopleRows(state: State, height: number): readonly Row[] {
  const { here, gone, self, peers, names } = state;
  const others = [...here.values()].sort((a, b) => a.name.localeCompare(b.name));
  const away = [...gone.values()].sort((a, b) => b.at - a.at);
  const rows: Row[] = [
    [span(` HERE ${here.size + 1}`, 'dim')],
    personRow('●', nameOf(names, self), 'you', 'done'),
    ...others.map((person) =>
      personRow('●', nameOf(names, person), way(person, peers.get(person.id)), 'done'),
    ),
  ];
  if (away.length > 0) rows.push([], [span(' AWAY', 'dim')]);
  for (const { person, at } of away)
    rows.push(personRow('○', nameOf(names, person), new Date(at).toTimeString().slice(0, 5), 'dim'));
  const fits =
    rows.length > height
      ? [...rows.slice(0, height - 1), [span(` and ${rows.length - height + 1} more; /who`, 'dim')]]
      : rows;
  return Array.from({ length: height }, (_, i) => [span('│', 'dim'), ...(fits[i] ?? [])]);
}

function personRow(mark: string, name: string, fact: string, tone: Tone): Row {
  const nameCells = PEOPLE_CELLS - 5 - cells(fact);
  return [
    span(` ${mark} `, tone),
    span(fit(safe(name), nameCells), tone === 'dim' ? 'dim' : 'plain'),
    span(` ${fact}`, 'dim'),
  ];
}

/** `✓ LAN 0.4 ms`: verified, path and round trip. */
function way(person: Person, peer: Peer | undefined): string {
  const verified = person.verified || peer?.verified ? '✓ ' : '';
  if (!peer?.path) return verified.trim();
  const rtt = peer.rttMs === null ? '' : ` ${peer.rttMs.toFixed(peer.rttMs < 10 ? 1 : 0)} ms`;
  return `${verified}${pathLabel(peer.path)}${rtt}`;
}
