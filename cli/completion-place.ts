import type { Command, Option } from 'commander';

/** What can stand where the cursor is. */
export type Place =
  | { type: 'words'; words: readonly string[] }
  | { type: 'files' | 'rooms' | 'people' | 'settings' | 'nothing' };

/** Arguments and option values by the word that stands for them in the usage. */
const BY_NAME: Record<string, Place['type'] | undefined> = {
  ROOM: 'rooms',
  PEER: 'people',
  KEY: 'settings',
  PATH: 'files',
  FILE: 'files',
  DIR: 'files',
};

const NOTHING: Place = { type: 'nothing' };

/**
 * What can stand at the last of `words`, which is the one being written, empty or begun. `words` are those after
 * `chatter`, unquoted.
 */
export function placeOf(program: Command, words: readonly string[]): Place {
  const current = words.at(-1) ?? '';
  let command = program;
  let argument = 0;
  let optionsEnd = false;
  for (let i = 0; i < words.length - 1; i++) {
    const word = words[i] as string;
    const option = optionsEnd ? undefined : optionOf(word, command, program);
    if (word === '--' && !optionsEnd) optionsEnd = true;
    else if (option) {
      if (!option.required || word.includes('=')) continue;
      if (i === words.length - 2) return placeOfValue(option);
      i++;
    } else if (optionsEnd || !word.startsWith('-')) {
      if (command !== program) argument++;
      else {
        const found = program.commands.find((other) => other.name() === word);
        if (!found) return NOTHING;
        command = found;
      }
    }
  }
  if (current.startsWith('-') && !optionsEnd) {
    const options = [...command.options, ...program.options].filter(({ hidden }) => !hidden);
    return { type: 'words', words: [...new Set(options.map(({ long }) => long ?? ''))] };
  }
  if (command === program) return { type: 'words', words: program.commands.map((other) => other.name()) };
  const places = command.registeredArguments;
  const place = places[argument] ?? (places.at(-1)?.variadic ? places.at(-1) : undefined);
  if (place?.argChoices) return { type: 'words', words: place.argChoices };
  return { type: BY_NAME[place?.name() ?? ''] ?? 'nothing' } as Place;
}

const optionOf = (word: string, ...commands: Command[]): Option | undefined =>
  commands
    .flatMap(({ options }) => options)
    .find(({ long, short }) => [long, short].includes(word.split('=')[0]));

function placeOfValue(option: Option): Place {
  if (option.argChoices) return { type: 'words', words: option.argChoices };
  const [, name = ''] = /<(\w+)>/.exec(option.flags) ?? [];
  return { type: BY_NAME[name] ?? 'nothing' } as Place;
}
