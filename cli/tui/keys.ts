/** What somebody did at the keyboard. `text` is never empty and holds no control character; a paste may hold any. */
export type Key =
  | { type: 'text'; text: string }
  | { type: 'paste'; text: string }
  | { type: 'key'; name: KeyName; ctrl: boolean; alt: boolean };

/** A named key, or the letter that was held with Ctrl or Alt. */
type KeyName = (typeof NAMED)[number] | Letter;
type Letter = string & { readonly letter?: never };

const NAMED = [
  'enter',
  'tab',
  'back-tab',
  'escape',
  'backspace',
  'delete',
  'up',
  'down',
  'left',
  'right',
  'home',
  'end',
  'page-up',
  'page-down',
  'focus-in',
  'focus-out',
] as const;

/** Last characters of control sequences (ECMA-48, xterm's "PC-Style Function Keys"). */
const BY_FINAL: Record<string, KeyName> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  I: 'focus-in',
  O: 'focus-out',
  Z: 'back-tab',
};
/** First numbers of sequences that end with `~` (xterm, VT220). */
const BY_NUMBER: Record<string, KeyName> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};
/**
 * A line feed is Enter, as everywhere in a shell: whatever was typed before the terminal was in raw mode has line feeds
 * in the place of carriage returns (termios, ICRNL), and so has what programs type. Pastes keep theirs.
 */
const BY_CONTROL: Record<string, KeyName> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
};

const PASTE_STARTS = '\x1b[200~';
const PASTE_ENDS = '\x1b[201~';
/** A paste of which more is kept would be refused anyway. */
const PASTE_CHARACTERS = 1024 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal sends for keys
const SEQUENCE = /^\x1b(?:\[([\d;?<>=]*)([@-~])|O([A-Za-z])|\x1b)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the beginning of such a sequence
const UNFINISHED = /^\x1b(?:\[[\d;?<>=]*|O)?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: text ends where a control character stands
const TEXT = /^[^\x00-\x1f\x7f-\x9f]+/;

/** Tells keys from what a terminal sends, however its bytes are cut into chunks; pastes are bracketed (xterm 2004). */
export class KeyDecoder {
  #rest = '';
  /** What has come of a paste; null outside of one. */
  #paste: string | null = null;

  /** True while a key has begun that may go on: Escape alone looks like that too. */
  get waits(): boolean {
    return this.#rest !== '' && this.#paste === null;
  }

  push(chunk: string): Key[] {
    this.#rest += chunk;
    const keys: Key[] = [];
    for (;;) {
      const key = this.#paste === null ? this.#next() : this.#pasted();
      if (key === null) return keys;
      if (key !== 'nothing') keys.push(key);
    }
  }

  /** Takes what waits for what it is: nothing more has come in time. */
  flush(): Key[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [named('escape')];
  }

  #next(): Key | 'nothing' | null {
    const rest = this.#rest;
    if (rest === '' || UNFINISHED.test(rest)) return null;
    if (rest.startsWith(PASTE_STARTS)) {
      this.#take(PASTE_STARTS.length);
      this.#paste = '';
      return 'nothing';
    }
    const text = TEXT.exec(rest)?.[0];
    if (text !== undefined) return this.#taken(text.length, { type: 'text', text });
    const sequence = SEQUENCE.exec(rest);
    if (sequence) return this.#taken(sequence[0].length, bySequence(sequence));
    if (rest.startsWith('\x1b')) {
      const letter = String.fromCodePoint(rest.codePointAt(1) ?? 0);
      return this.#taken(1 + letter.length, byLetter(letter, true));
    }
    return this.#taken(1, byLetter(rest[0] as string, false));
  }

  #pasted(): Key | 'nothing' | null {
    const end = this.#rest.indexOf(PASTE_ENDS);
    // The end itself may come in two pieces.
    const until = end >= 0 ? end : Math.max(0, this.#rest.length - PASTE_ENDS.length + 1);
    if (end < 0 && until === 0) return null;
    const text = ((this.#paste ?? '') + this.#rest.slice(0, until)).slice(0, PASTE_CHARACTERS);
    this.#take(end >= 0 ? end + PASTE_ENDS.length : until);
    this.#paste = end >= 0 ? null : text;
    if (end < 0) return null;
    return text === '' ? 'nothing' : { type: 'paste', text };
  }

  #taken(length: number, key: Key | 'nothing'): Key | 'nothing' {
    this.#take(length);
    return key;
  }

  #take(length: number): void {
    this.#rest = this.#rest.slice(length);
  }
}

const named = (name: KeyName, ctrl = false, alt = false): Key => ({ type: 'key', name, ctrl, alt });

/** A control character, or what was typed after Escape, which is how terminals tell Alt. */
function byLetter(letter: string, alt: boolean): Key | 'nothing' {
  const name = BY_CONTROL[letter];
  if (name) return named(name, false, alt);
  const code = letter.codePointAt(0) ?? 0;
  if (code >= 1 && code <= 26) return named(String.fromCodePoint(code + 96), true, alt);
  return alt && code >= 0x20 ? named(letter, false, true) : 'nothing';
}

function bySequence([, parameters = '', final = '', short]: RegExpExecArray): Key | 'nothing' {
  const [number = '', modifier = ''] = parameters.split(';');
  const name = short ? BY_FINAL[short] : final === '~' ? BY_NUMBER[number] : BY_FINAL[final];
  if (!name) return short === undefined && final === '' ? named('escape') : 'nothing';
  const held = Math.max(0, Number(modifier) - 1); // xterm: 1 + (1 Shift, 2 Alt, 4 Ctrl)
  return named(name, (held & 4) !== 0, (held & 2) !== 0);
}
