import { beginning } from '../message-lines.js';
import { messageTag } from '../message-tag.js';
import { safe } from '../output.js';
import { barRows } from './bar-rows.js';
import { cells, chop, cut } from './cells.js';
import type { Tone } from './entries.js';
import { type Row, span } from './log-rows.js';
import { PEOPLE_CELLS, WIDE } from './sizes.js';
import { nameOf, type State, type Target } from './state.js';

const INPUT_ROWS = 5;
const PROMPT = '> ';

/** What stands below the log, and where the next character goes in it. */
export interface Foot {
  rows: readonly Row[];
  /** Row from the first of these. */
  cursor: { column: number; row: number };
}

export function footRows(state: State): Foot {
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

/**
 * The words that can be chosen from, as many as fit, with a mark at the one that stands in the input; of paths in one
 * folder what differs.
 */
function completionLine({ completion, columns }: State): string {
  const { words = [], chosen = 0 } = completion ?? {};
  const [first = ''] = words;
  const folder = first.slice(0, first.lastIndexOf('/', first.length - 2) + 1);
  const from = words.every((word) => word.startsWith(folder)) ? folder.length : 0;
  const names = words.map((word) => safe(word.slice(from).trimEnd()));
  const shown = names.map((name, i) => (i === chosen ? `[${name}]` : name));
  let leftOut = 0;
  while (leftOut < chosen && cells(shown.slice(leftOut, chosen + 1).join('  ')) > columns - 8) leftOut++;
  return shown.slice(leftOut).join('  ');
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
