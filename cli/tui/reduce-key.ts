import { LIMITS } from '../../src/limits.js';
import { size } from '../transfer-lines.js';
import { choose, pickedMessage } from './complete.js';
import { chord, edit, taken, withText } from './editor.js';
import { trimmed } from './entries.js';
import type { Key } from './keys.js';
import { logView } from './layout.js';
import { isAtTop, scrolled, showing } from './scroll.js';
import type { Hint, State, Target } from './state.js';

/** What the window is to do after a key, besides drawing. */
export type Effect =
  | { type: 'submit'; text: string; target: Target | null }
  | { type: 'complete' }
  | { type: 'older' }
  | { type: 'typing' }
  | { type: 'repaint' }
  | { type: 'suspend' }
  | { type: 'close' };

export interface Reduced {
  state: State;
  effect: Effect | null;
}

/** A message of more lines than this is said after it was asked. */
const UNASKED_LINES = 5;

/** Of what is longer not even the beginning is taken: nobody would shorten it here. */
const PASTE_CHARACTERS = 4 * LIMITS.lineBytes;

/** The state after a key, and what is to be done. Pure; `now` is milliseconds since 1970. */
export function reduceKey(before: State, key: Key, now: number): Reduced {
  if (key.type === 'key' && (key.name === 'focus-in' || key.name === 'focus-out'))
    return { state: withFocus(before, key.name === 'focus-in'), effect: null };
  const { asked, completion } = before;
  const state: State = { ...before, hint: null, asked: null, completion: null };
  const only = (next: State, effect: Effect | null = null): Reduced => ({ state: next, effect });
  if (key.type !== 'key') return edited(state, key);
  const { look, height } = logView(state);
  const scroll = (by: number): State => {
    const to = scrolled(state, by, look, height, now);
    return to ? { ...state, scroll: to } : atEnd(state);
  };
  const chosen = (by: 1 | -1): State => {
    const next = completion ? choose(state, completion, by) : state;
    const picked = pickedMessage(next);
    return picked ? { ...next, scroll: showing(next, picked, look, height, now) } : next;
  };
  switch (chord(key)) {
    case 'enter':
      return submitted(state, asked === 'send');
    case 'tab':
      return completion ? only(chosen(1)) : only(state, { type: 'complete' });
    case 'back-tab':
      return only(chosen(-1));
    case 'escape':
      if (completion || asked) return only(state);
      return only(state.target ? withoutTarget(state) : atEnd(state));
    case 'ctrl-c':
      return interrupted(state, asked === 'leave');
    case 'ctrl-d':
      return state.editor.text === ''
        ? only(state, { type: 'close' })
        : edited(state, { type: 'key', name: 'delete', ctrl: false, alt: false });
    case 'ctrl-l':
      return only(state, { type: 'repaint' });
    case 'ctrl-z':
      return only(state, { type: 'suspend' });
    case 'page-up': {
      const next = scroll(1 - height);
      return only(next, isAtTop(next, look, height, now) ? { type: 'older' } : null);
    }
    case 'page-down':
      return only(scroll(height - 1));
    case 'up':
    case 'down':
      if (key.ctrl || key.alt) return only(scroll(key.name === 'up' ? -1 : 1));
      return edited(state, key);
    case 'home':
      if (key.ctrl) return only(scroll(Number.NEGATIVE_INFINITY), { type: 'older' });
      return edited(state, key);
    case 'end':
      return state.scroll ? only(atEnd(state)) : edited(state, key);
    default:
      return edited(state, key);
  }
}

/** The state with the newest visible, and only as much of the log as is kept. */
const atEnd = (state: State): State => ({
  ...state,
  scroll: null,
  below: 0,
  entries: trimmed(state.entries),
  older: state.entries.length > trimmed(state.entries).length ? 'more' : state.older,
});

/** Whoever comes back sees what came meanwhile below a line; it is gone when they look away again. */
function withFocus(state: State, focused: boolean): State {
  const isRead = !focused && !state.scroll;
  return { ...state, focused, unreadFrom: isRead ? null : state.unreadFrom };
}

const withoutTarget = (state: State): State => ({
  ...state,
  target: null,
  editor: state.target?.verb === 'edit' ? withText(state.editor, '') : state.editor,
});

function edited(state: State, key: Key): Reduced {
  const editor = edit(state.editor, key);
  if (!editor) return { state, effect: null };
  const next = { ...state, editor };
  if (key.type === 'paste') {
    if (editor.text.length > PASTE_CHARACTERS)
      return { state: { ...state, hint: amount(editor.text) }, effect: null };
    return { state: measured(next), effect: null };
  }
  const typing = editor.text !== state.editor.text && editor.text !== '' && !editor.text.startsWith('/');
  return { state: next, effect: typing ? { type: 'typing' } : null };
}

function submitted(state: State, isSure: boolean): Reduced {
  const { text } = state.editor;
  if (text.trim() === '') return { state: atEnd(state), effect: null };
  const asking = measured(state);
  if (asking.hint?.tone === 'failed' || (asking.asked && !isSure)) return { state: asking, effect: null };
  const { target } = state;
  return {
    state: { ...atEnd(state), editor: taken(state.editor), target: null, unreadFrom: null },
    effect: { type: 'submit', text, target },
  };
}

function interrupted(state: State, isSure: boolean): Reduced {
  if (isSure) return { state, effect: { type: 'close' } };
  const editor = state.editor.text === '' ? state.editor : withText(taken(state.editor), '');
  const back = state.editor.text === '' ? '' : ' The arrow up brings back what you wrote.';
  const hint: Hint = { text: `Ctrl-C again closes this window.${back}`, tone: 'risk' };
  return { state: { ...state, editor, hint, asked: 'leave', target: null }, effect: null };
}

/** The state with what is to be asked or told before this is said: the next Enter answers it. */
function measured(state: State): State {
  const hint = amount(state.editor.text);
  return { ...state, hint, asked: hint?.tone === 'risk' ? 'send' : null };
}

/** How much it would be to say this; null where that goes without saying. */
function amount(text: string): Hint | null {
  const bytes = Buffer.byteLength(text);
  const lines = lineCount(text);
  if (bytes > LIMITS.lineBytes)
    return {
      text: `${lines} lines, ${size(bytes)}: a message holds ${size(LIMITS.lineBytes)}. Put it into a file and /send it.`,
      tone: 'failed',
    };
  if (lines <= UNASKED_LINES) return null;
  return {
    text: `${lines} lines, ${size(bytes)}, as one message? Enter says it, Ctrl-C drops it`,
    tone: 'risk',
  };
}

const lineCount = (text: string): number => text.split('\n').length;
