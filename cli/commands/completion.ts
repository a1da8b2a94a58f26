import type { Command } from 'commander';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { type Place, placeOf } from '../completion-place.js';
import { SCRIPTS } from '../completion-scripts.js';
import { Context, type GlobalOptions } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** A shell waits for each key: what the node does not say within this time is not offered. */
const ANSWER_MS = 2_000;

/** Prints what a shell loads, or, for what it loaded, what can stand where the cursor is. */
export async function run(
  context: Context,
  words: string[],
  { candidates, program }: { candidates?: boolean; program: Command },
): Promise<number> {
  if (!candidates) {
    const [shell = '', ...more] = words;
    if (more.length > 0 || !Object.hasOwn(SCRIPTS, shell)) {
      throw new ChatterError('USAGE', { message: `SHELL is one of ${Object.keys(SCRIPTS).join(', ')}.` });
    }
    process.stdout.write(SCRIPTS[shell as keyof typeof SCRIPTS]);
    return EXIT.done;
  }
  const place = placeOf(program, words);
  if (place.type === 'files') context.out.line('files');
  else {
    context.out.line('words');
    const named = await within(ANSWER_MS, wordsAt(context, place, words));
    // A word that a terminal could take for more than a word is nobody's name.
    for (const word of named) if (word && safe(word) === word) context.out.line(word);
  }
  return EXIT.done;
}

async function wordsAt(
  { options: { data, profile } }: Context,
  place: Place,
  words: readonly string[],
): Promise<readonly string[]> {
  if (place.type === 'words') return place.words;
  if (place.type === 'nothing' || place.type === 'files') return [];
  const client = await new Context({ data, profile, ...folderOptions(words) }).find();
  if (!client) return [];
  try {
    return await ASK[place.type](client);
  } finally {
    await client.close();
  }
}

const ASK = {
  rooms: async (client: Client) =>
    tellApart((await client.request('rooms', {})).map(({ room, roomId }) => [room, roomId.slice(0, 6)])),
  people: async (client: Client) =>
    tellApart((await client.request('people', {})).map(({ name, tag }) => [name, tag])),
  settings: async (client: Client) => (await client.request('settings', {})).map(({ key }) => key),
} as const;

/** Names; those that several bear, and those that are no word to begin with, with their tags. */
function tellApart(named: readonly (readonly [name: string, tag: string])[]): string[] {
  const times = new Map<string, number>();
  for (const [name] of named) times.set(name, (times.get(name) ?? 0) + 1);
  return named.map(([name, tag]) =>
    times.get(name) === 1 && !name.startsWith('-') && name !== ''
      ? name
      : `${name.startsWith('-') ? '' : name}#${tag}`,
  );
}

/** The options in a line that is still being written which say whose node is meant. */
function folderOptions(words: readonly string[]): GlobalOptions {
  const options: GlobalOptions = {};
  for (const [i, word] of words.slice(0, -1).entries()) {
    const [, key, value] = /^--(data|profile)(?:=(.*))?$/s.exec(word) ?? [];
    if (key) options[key as 'data' | 'profile'] = value ?? words[i + 1];
  }
  return options;
}

async function within<T>(ms: number, task: Promise<readonly T[]>): Promise<readonly T[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly T[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ms);
  });
  return Promise.race([task.catch(() => []), late]).finally(() => clearTimeout(timer));
}
