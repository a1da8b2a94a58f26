import { readdir } from 'node:fs/promises';
import { fromHome } from '../home-path.js';
import { isMessageVerb, type MessageVerb, suits } from '../message-commands.js';
import { messageTag } from '../message-tag.js';
import { safe } from '../output.js';
import { TAKES, type Takes } from '../slash-verbs.js';
import { shortId } from '../transfer-lines.js';
import { withText } from './editor.js';
import { messagesOf } from './entries.js';
import { type Completion, nameOf, type State } from './state.js';

/** What stands before the cursor: which kind of word, as far as it is written, and where it begins. */
export interface Begun {
  kind: 'verb' | 'mention' | Exclude<Takes, 'nothing' | 'text'>;
  word: string;
  from: number;
}

/** Names that are offered, at most. */
const PATHS = 200;
/** So many messages back can be picked with Tab. */
const PICKED = 200;
const EMOJI = ['👍', '❤️', '😂', '🎉', '😮', '😢', '👀', '✅'];
const NAMES_MESSAGE = /^\/(reply|edit|delete|react) /;

/** True while something is written that can be about one of the messages that are shown. */
export const namesMessage = (text: string): boolean => NAMES_MESSAGE.test(text);

/** The word that can be completed where the cursor is; null where none can. */
export function begun(text: string, cursor: number): Begun | null {
  const before = text.slice(0, cursor);
  const verb = /^\/([a-z]*)$/.exec(before);
  if (verb) return { kind: 'verb', word: verb[1] as string, from: 1 };
  const [whole, name = '', rest = ''] = /^\/([a-z]+) +(.*)$/s.exec(before) ?? [];
  const takes = TAKES.get(name);
  const [to, place = ''] = (name === 'accept' && /^\S+ +to +(.*)$/s.exec(rest)) || [];
  if (to !== undefined) return { kind: 'path', word: place, from: before.length - place.length };
  if (isMessageVerb(name)) return begunAbout(name, rest, before.length);
  if (whole !== undefined && takes && takes !== 'nothing' && takes !== 'text')
    return { kind: takes, word: rest, from: before.length - rest.length };
  return begunMention(before);
}

/** A tag, the emoji after it, or a name in the words. */
function begunAbout(verb: MessageVerb, rest: string, end: number): Begun | null {
  if (/^#?[0-9a-f]*$/i.test(rest) && (rest.startsWith('#') || rest === ''))
    return {
      kind: verb === 'react' && rest === '' ? 'reaction' : 'message',
      word: rest,
      from: end - rest.length,
    };
  const [, tag = '', words = rest] = /^(#[0-9a-f]{4,64} +)(.*)$/is.exec(rest) ?? [];
  if (verb === 'react') return { kind: 'reaction', word: words, from: end - rest.length + tag.length };
  return begunMention(words, end - words.length);
}

function begunMention(before: string, from = 0): Begun | null {
  const mention = /(?:^|\s)@([^@\n]{0,40})$/u.exec(before);
  if (mention)
    return {
      kind: 'mention',
      word: mention[1] as string,
      from: from + before.length - (mention[1] as string).length,
    };
  return null;
}

/** What the node knows of shares: own ones by name, and everybody's that lie where a path looks into. */
export interface SharedNames {
  own(): Promise<string[]>;
  at(word: string): Promise<string[]>;
}

/** The words that can stand there, as they are to be written. Rejects for no reason: what cannot be read has no words. */
export async function wordsFor(
  state: State,
  { kind, word, from }: Begun,
  shared: SharedNames,
): Promise<string[]> {
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
    case 'recipient':
      return people(state)
        .filter(fits)
        .map((name) => `${name} `);
    case 'message': {
      const [verb = ''] = /[a-z]+/.exec(state.editor.text.slice(0, from)) ?? [];
      return messagesOf(state.entries)
        .filter((message) => isMessageVerb(verb) && suits(verb, message))
        .slice(-PICKED)
        .reverse()
        .map((message) => `${messageTag(message)} `)
        .filter(fits);
    }
    case 'reaction':
      return EMOJI.filter(fits);
    case 'transfer':
      return [...state.transfers.values()].filter(isOpen).map(shortId).filter(fits);
    case 'share':
    case 'shared': {
      const asked = kind === 'share' ? shared.own() : shared.at(word);
      const names = await asked.catch(() => []);
      return names.filter((name) => safe(name) === name && fits(name)).slice(0, PATHS);
    }
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

/** Key of the message whose tag stands in the input as chosen; null where something else does. */
export function pickedMessage({ completion, entries }: State): string | null {
  const [, digits] = /^#([0-9a-f]+) $/.exec(completion?.words[completion.chosen] ?? '') ?? [];
  if (digits === undefined) return null;
  return entries.findLast(({ type, key }) => type === 'message' && key.startsWith(digits))?.key ?? null;
}

function withChosen(state: State, completion: Completion): State {
  const { words, chosen, before, after } = completion;
  const written = before + words[chosen];
  return { ...state, completion, editor: withText(state.editor, written + after, written.length) };
}

/** Those who are here come first. A name that a terminal could take for more than a name is none. */
function people({ here, gone, requested, names, self }: State): string[] {
  const all = [...here.values(), ...[...gone.values()].map(({ person }) => person), ...requested.values()];
  const others = all.filter(({ id }) => id !== self.id).map((person) => nameOf(names, person));
  return [...new Set(others)].filter((name) => safe(name) === name);
}

const isOpen = ({ state }: { state: string }): boolean =>
  ['offered', 'active', 'paused', 'serving'].includes(state);

async function paths(word: string): Promise<string[]> {
  const slash = word.lastIndexOf('/') + 1;
  const [folder, begin] = [word.slice(0, slash), word.slice(slash)];
  const where = fromHome(folder || '.');
  const found = await readdir(where, { withFileTypes: true }).catch(() => []);
  return found
    .filter(({ name }) => name.startsWith(begin) && (begin.startsWith('.') || !name.startsWith('.')))
    .filter(({ name }) => safe(name) === name)
    .slice(0, PATHS)
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .sort();
}
