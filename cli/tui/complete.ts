import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { safe } from '../output.js';
import { TAKES, type Takes } from '../slash-verbs.js';
import { shortId } from '../transfer-lines.js';
import { withText } from './editor.js';
import { type Completion, nameOf, type State } from './state.js';

/** What stands before the cursor: which kind of word, as far as it is written, and where it begins. */
export interface Begun {
  kind: 'verb' | 'mention' | Exclude<Takes, 'nothing' | 'text'>;
  word: string;
  from: number;
}

/** Names that are offered, at most. */
const PATHS = 200;

/** The word that can be completed where the cursor is; null where none can. */
export function begun(text: string, cursor: number): Begun | null {
  const before = text.slice(0, cursor);
  const verb = /^\/([a-z]*)$/.exec(before);
  if (verb) return { kind: 'verb', word: verb[1] as string, from: 1 };
  const [whole, name = '', rest = ''] = /^\/([a-z]+) +(.*)$/s.exec(before) ?? [];
  const takes = TAKES.get(name);
  if (whole !== undefined && takes && takes !== 'nothing' && takes !== 'text')
    return { kind: takes, word: rest, from: before.length - rest.length };
  const mention = /(?:^|\s)@([^@\n]{0,40})$/u.exec(before);
  if (mention)
    return {
      kind: 'mention',
      word: mention[1] as string,
      from: before.length - (mention[1] as string).length,
    };
  return null;
}

/** The words that can stand there, as they are to be written. Rejects for no reason: what cannot be read has no words. */
export async function wordsFor(state: State, { kind, word }: Begun): Promise<string[]> {
  const fits = (whole: string) => whole.toLowerCase().startsWith(word.toLowerCase());
  switch (kind) {
    case 'verb':
      return [...TAKES.keys()].filter(fits).map((verb) => verb + (TAKES.get(verb) === 'nothing' ? '' : ' '));
    case 'mention':
      return people(state)
        .filter(fits)
        .map((name) => `${name} `);
    case 'person':
      return people(state).filter(fits);
    case 'transfer':
      return [...state.transfers.values()].filter(isOpen).map(shortId).filter(fits);
    default:
      return paths(word);
  }
}

/** The state with words to choose from; the first one stands in the input, and a lone one is done with. */
export function withWords(state: State, { from }: Begun, words: readonly string[]): State {
  const { text, cursor } = state.editor;
  if (words.length === 0) return { ...state, hint: { text: 'Nothing here begins like that.', tone: 'dim' } };
  const completion = { words, chosen: 0, before: text.slice(0, from), after: text.slice(cursor) };
  const chosen = withChosen(state, completion);
  return words.length === 1 ? { ...chosen, completion: null } : chosen;
}

/** The state with the next word chosen, or the one before with `by` -1. */
export function choose(state: State, completion: Completion, by: 1 | -1): State {
  const { words, chosen } = completion;
  return withChosen(state, { ...completion, chosen: (chosen + by + words.length) % words.length });
}

function withChosen(state: State, completion: Completion): State {
  const { words, chosen, before, after } = completion;
  const written = before + words[chosen];
  return { ...state, completion, editor: withText(state.editor, written + after, written.length) };
}

/** Those who are here come first. A name that a terminal could take for more than a name is none. */
function people({ here, gone, names, self }: State): string[] {
  const all = [...here.values(), ...[...gone.values()].map(({ person }) => person)];
  const others = all.filter(({ id }) => id !== self.id).map((person) => nameOf(names, person));
  return [...new Set(others)].filter((name) => safe(name) === name);
}

const isOpen = ({ state }: { state: string }): boolean =>
  ['offered', 'active', 'paused', 'serving'].includes(state);

async function paths(word: string): Promise<string[]> {
  const slash = word.lastIndexOf('/') + 1;
  const [folder, begin] = [word.slice(0, slash), word.slice(slash)];
  const where = path.resolve(folder.replace(/^~(?=\/)/, homedir()) || '.');
  const found = await readdir(where, { withFileTypes: true }).catch(() => []);
  return found
    .filter(({ name }) => name.startsWith(begin) && (begin.startsWith('.') || !name.startsWith('.')))
    .filter(({ name }) => safe(name) === name)
    .slice(0, PATHS)
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}
