import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { EXIT } from '../cli/exit-codes.js';
import { buildProgram } from '../cli/program.js';
import { chatChannel } from '../src/chat/chat-channel.js';
import { linkChannel } from '../src/connection/link-channel.js';
import { REQUESTS } from '../src/daemon/api.js';
import { ERRORS } from '../src/errors.js';
import { filesChannel } from '../src/files/files-channel.js';
import { LIMITS } from '../src/limits.js';
import { roomChannel } from '../src/room/room-channel.js';

const DOCUMENTS = ['README.md', 'test/README.md', 'src/README.md', 'src/PROTOCOL.md', 'src/daemon/README.md'];
const read = (file: string) => readFileSync(file, 'utf8');
const protocol = read('src/PROTOCOL.md');

/** The rows of the table under a heading, as lists of cells. */
function table(document: string, heading: string): string[][] {
  const [section = ''] = document.split(`${heading}\n`)[1]?.split(/\n##/) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

t.test('the protocol lists every error with its sentence', async (t) => {
  t.same(Object.fromEntries(table(protocol, '## Errors')), ERRORS);
});

t.test('the protocol lists every violation', async (t) => {
  const [, union = ''] = read('src/errors.ts').split('export type Violation =');
  const known = [...(union.split(';')[0] as string).matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
  const [, listed = ''] = /with one of\n\n`([^`]+)`/.exec(protocol) ?? [];
  t.same(new Set(listed.split(/\s+/)), new Set(known));
});

t.test('the protocol lists every message with its number and class', async (t) => {
  for (const { name, messages } of [linkChannel, roomChannel, chatChannel, filesChannel]) {
    const heading = protocol.split('\n').find((line) => line.startsWith(`### \`${name}\``)) as string;
    t.same(
      table(protocol, heading).map(([number, message, , messageClass]) => [number, message, messageClass]),
      Object.entries(messages).map(([message, definition], i) => [`${i}`, message, definition.class]),
      name,
    );
  }
});

t.test('rules are cited by ids that exist, and limits by groups that exist', async (t) => {
  const defined = new Set([...protocol.matchAll(/\[([A-Z]\d+)\]/g)].map(([, id]) => id));
  for (const group of read('src/limits.ts').matchAll(/\[(L\d+)\]/g))
    t.ok(defined.has(group[1]), `${group[1]}`);
  t.ok(Object.values(LIMITS).every((limit) => Number.isSafeInteger(limit) && limit > 0));
});

t.test('[A1] to [A20] have tests that bear their numbers, where the README of the tests says', async (t) => {
  const attacks = table(read('test/README.md'), '## Known attacks');
  for (let number = 1; number <= 20; number++) {
    const row = attacks.find(([ids = '']) => ids.split(', ').includes(`A${number}`));
    const files = [...(row?.[2] ?? '').matchAll(/`([\w/-]+)`/g)].map(([, name]) => `test/${name}.test.ts`);
    t.ok(files.length > 0 && files.every((file) => existsSync(file)), `A${number} has a row`);
    t.ok(
      files.some((file) => read(file).includes(`[A${number}]`)),
      `A${number} is in ${files.join()}`,
    );
  }
});

t.test('every exit code is one that a test ends a command with', async (t) => {
  const rows = table(read('test/README.md'), '## Exit codes');
  t.same(
    rows.map(([code]) => Number(code)),
    Object.values(EXIT),
  );
  for (const [code, , tests = ''] of rows)
    for (const [, name] of tests.matchAll(/`([^`]+)`/g))
      t.match(
        read(`test/${name}.test.ts`),
        new RegExp(`\\bcode: ${code}\\b|\\b(isFailure|equal)\\([^;]*, ${code}[,)]`),
        `${code} in ${name}`,
      );
});

t.test('the README lists every command and every option that all of them take', async (t) => {
  const readme = read('README.md');
  const program = buildProgram(() => {});
  for (const command of program.commands) t.ok(readme.includes(`chatter ${command.name()}`), command.name());
  const options = program.options.filter(({ hidden }) => !hidden);
  for (const { long } of options) if (long !== '--version') t.ok(readme.includes(`${long}`), `${long}`);
});

t.test('every command line in the documents and in the help is one that would be understood', async (t) => {
  const program = buildProgram(() => {});
  const help = await Promise.all(
    program.commands.map(async (command) => {
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
      return text.split('Examples:')[1] ?? '';
    }),
  );
  const sources = [...DOCUMENTS.map(read), help.join('\n')];
  const lines = sources.flatMap((text) => [
    ...text.matchAll(/^ *(?:npx )?chatter (.+)$|`(?:npx )?chatter ([^`]+)`/gm),
  ]);
  t.ok(lines.length > 60, `${lines.length} of them`);
  for (const [, own, inline] of lines) {
    const words = (own ?? inline ?? '').split(/\s+/);
    const name = words.find((word) => program.commands.some((other) => other.name() === word));
    const command = program.commands.find((other) => other.name() === name);
    if (!/^(COMMAND|…|--.*)$/.test(words[0] as string)) t.ok(command, words.join(' '));
    const known = [...program.options, ...(command?.options ?? [])].flatMap(({ long }) => [long]);
    for (const word of words) {
      if (word === '--') break; // what follows is somebody else's
      const [option = ''] = word.split('=');
      if (option.startsWith('--') && option !== '--help')
        t.ok(known.includes(option), `${option} in ${words.join(' ')}`);
    }
  }
});

t.test('the description of the local API lists every request', async (t) => {
  const rows = table(read('src/daemon/README.md'), '## Requests');
  t.same(
    rows.map(([method]) => method?.replaceAll('`', '')),
    Object.keys(REQUESTS),
  );
  for (const [method = '', parameters = ''] of rows) {
    const named = [...parameters.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const { shape } = REQUESTS[method.replaceAll('`', '') as keyof typeof REQUESTS].params;
    t.same(named, Object.keys(shape), `parameters of ${method}`);
  }
});

t.test('every known attack has a test that bears its number, or a line that says why not', async (t) => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') || file.startsWith('contract/'))
    .map((file) => read(path.join('test', file)))
    .join('\n');
  const rows = table(read('test/README.md'), '## Known attacks');
  const numbers = rows.flatMap(([ids = '', , where = '']) => {
    const without = /^(none|README|by design)/.test(where);
    return spelledOut(ids).map((id) => ({ id, without }));
  });
  for (const [letter, last] of Object.entries({ A: 20, B: 20, C: 17, D: 18 })) {
    const listed = numbers.filter(({ id }) => id.startsWith(letter)).map(({ id }) => Number(id.slice(1)));
    const all = Array.from({ length: last }, (_, i) => i + 1);
    t.same(
      [...new Set(listed)].sort((a, b) => a - b),
      all,
      `all rows of ${letter}`,
    );
  }
  for (const { id, without } of numbers) if (!without) t.ok(tests.includes(`[${id}]`), id);
});

/** `A1, A10` and `D1 to D3, D7` as numbers. */
function spelledOut(ids: string): string[] {
  return ids.split(',').flatMap((part) => {
    const [first = '', last = first] = part.trim().split(' to ');
    const [from, to] = [first, last].map((id) => Number(id.slice(1))) as [number, number];
    return Array.from({ length: to - from + 1 }, (_, i) => `${first[0]}${from + i}`);
  });
}

t.test('links between documents lead somewhere', async (t) => {
  for (const document of DOCUMENTS) {
    for (const [, target = ''] of read(document).matchAll(/\]\(([^)#]+)/g)) {
      if (!target.includes('://')) t.ok(existsSync(path.join(path.dirname(document), target)), target);
    }
  }
});
