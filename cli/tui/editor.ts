import { characters } from './cells.js';
import type { Key } from './keys.js';

/** What is being written. `cursor` is an index into `text` between two characters. */
export interface Editor {
  readonly text: string;
  readonly cursor: number;
  /** What was said in this window, the newest last. */
  readonly history: readonly string[];
  /** Index into `history` of what is shown, which is `history.length` for what is new. */
  readonly at: number;
  /** What was being written before the history was looked at. */
  readonly draft: string;
}

export const EMPTY_EDITOR: Editor = { text: '', cursor: 0, history: [], at: 0, draft: '' };

const HISTORY = 200;

/** The editor with this text, and the cursor at its end. */
export const withText = (editor: Editor, text: string, cursor = text.length): Editor => ({
  ...editor,
  text,
  cursor,
});

/** The editor with something put in where the cursor is. */
function inserted(editor: Editor, text: string): Editor {
  const { text: before, cursor } = editor;
  return {
    ...editor,
    text: before.slice(0, cursor) + text + before.slice(cursor),
    cursor: cursor + text.length,
  };
}

/** The editor after its text was taken: empty, and the text is in the history. */
export function taken(editor: Editor): Editor {
  const history =
    editor.text.trim() === '' || editor.history.at(-1) === editor.text
      ? editor.history
      : [...editor.history, editor.text].slice(-HISTORY);
  return { text: '', cursor: 0, history, at: history.length, draft: '' };
}

/** The editor after a key, or null if the key means nothing to it. */
export function edit(editor: Editor, key: Key): Editor | null {
  if (key.type === 'text') return inserted(editor, key.text);
  if (key.type === 'paste') return inserted(editor, pasted(key.text));
  const { text, cursor } = editor;
  const to = (index: number): Editor => ({ ...editor, cursor: index });
  const without = (from: number, until: number): Editor => ({
    ...editor,
    text: text.slice(0, from) + text.slice(until),
    cursor: from,
  });
  const byWord = key.ctrl || key.alt;
  switch (chord(key)) {
    case 'left':
    case 'ctrl-b':
      return to(byWord && key.name === 'left' ? wordBefore(text, cursor) : before(text, cursor));
    case 'right':
    case 'ctrl-f':
      return to(byWord && key.name === 'right' ? wordAfter(text, cursor) : after(text, cursor));
    case 'alt-b':
      return to(wordBefore(text, cursor));
    case 'alt-f':
      return to(wordAfter(text, cursor));
    case 'home':
    case 'ctrl-a':
      return to(lineStart(text, cursor));
    case 'end':
    case 'ctrl-e':
      return to(lineEnd(text, cursor));
    case 'backspace':
      return without(byWord ? wordBefore(text, cursor) : before(text, cursor), cursor);
    case 'ctrl-w':
      return without(wordBefore(text, cursor), cursor);
    case 'delete':
      return without(cursor, after(text, cursor));
    case 'ctrl-u':
      return without(lineStart(text, cursor), cursor);
    case 'ctrl-k':
      return without(cursor, lineEnd(text, cursor));
    case 'alt-enter':
      return inserted(editor, '\n');
    case 'up':
    case 'ctrl-p':
      return lineStart(text, cursor) > 0 ? to(lineUp(text, cursor)) : recalled(editor, editor.at - 1);
    case 'down':
    case 'ctrl-n':
      return lineEnd(text, cursor) < text.length
        ? to(lineDown(text, cursor))
        : recalled(editor, editor.at + 1);
    default:
      return null;
  }
}

/** How a key is written: `ctrl-a`, `alt-enter`, `left` (with whatever is held). */
export function chord({ name, ctrl, alt }: Extract<Key, { type: 'key' }>): string {
  if (name.length > 1 && name !== 'enter') return name;
  return `${ctrl ? 'ctrl-' : ''}${alt ? 'alt-' : ''}${name}`;
}

/** Pasted text with the line ends that messages have, and without what no terminal shows. */
const pasted = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all controls but tab and line feed
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '')
    .toWellFormed();

function recalled(editor: Editor, at: number): Editor | null {
  const { history, text } = editor;
  if (at < 0 || at > history.length) return null;
  const draft = editor.at === history.length ? text : editor.draft;
  return { ...withText(editor, history[at] ?? draft), at, draft };
}

const before = (text: string, cursor: number): number =>
  cursor - (characters(text.slice(lineStart(text, cursor), cursor)).at(-1)?.length ?? Math.min(1, cursor));

const after = (text: string, cursor: number): number =>
  cursor + (characters(text.slice(cursor, cursor + LONGEST_CHARACTER))[0]?.length ?? 0);

/** Code units that are looked at for one character: emoji of families and flags have fewer. */
const LONGEST_CHARACTER = 64;

const wordBefore = (text: string, cursor: number): number =>
  text.slice(0, cursor).replace(/\S*\s*$/u, '').length;

const wordAfter = (text: string, cursor: number): number =>
  text.length - text.slice(cursor).replace(/^\s*\S*/u, '').length;

const lineStart = (text: string, cursor: number): number =>
  cursor <= 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1;

function lineEnd(text: string, cursor: number): number {
  const end = text.indexOf('\n', cursor);
  return end < 0 ? text.length : end;
}

function lineUp(text: string, cursor: number): number {
  const start = lineStart(text, cursor);
  const above = lineStart(text, start - 1);
  return Math.min(above + cursor - start, start - 1);
}

function lineDown(text: string, cursor: number): number {
  const below = lineEnd(text, cursor) + 1;
  return Math.min(below + cursor - lineStart(text, cursor), lineEnd(text, below));
}
