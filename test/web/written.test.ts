import { execFileSync } from 'node:child_process';
import t from 'tap';
import { foldText } from '../../src/web/chat/fold-text.js';
import { saysHost } from '../../src/web/chat/says-host.js';
import { shellWord } from '../../src/web/parts/shell-word.js';

t.test('[D11] a link names its host by itself only where its text begins with it', async (t) => {
  const leads = (text: string, to: string) => saysHost(text, new URL(to));
  for (const [text, to] of [
    ['https://example.org/a', 'https://example.org/a'],
    ['HTTP://Example.org', 'https://example.org/'],
    ['example.org:8080?x', 'http://example.org:8080/?x'],
  ] as const)
    t.ok(leads(text, to), text);
  for (const [text, to] of [
    ['https://bank.test@evil.test', 'http://evil.test'],
    ['https://bank.test:443@evil.test/', 'http://evil.test'],
    ['bank.test', 'http://evil.test'],
    ['evil.test.bank.test', 'http://evil.test'],
    ['evil.test@bank.test', 'http://evil.test'],
    ['//evil.test', 'http://evil.test'],
    ['\u0430\u0440\u0440\u04cf\u0435.com', 'http://xn--80ak6aa92e.com'],
    ['', 'http://evil.test'],
  ] as const)
    t.notOk(leads(text, to), `${text} -> ${to}`);
});

t.test('[D16] a command that is shown to be copied runs nothing that others chose', async (t) => {
  for (const name of [
    'lab',
    'it is',
    '$(id)',
    '`id`',
    'a; id #',
    "it's",
    '#x4499c',
    'a\\',
    '"',
    '&& id',
    '~',
    '*',
  ]) {
    const printed = execFileSync('sh', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' });
    t.equal(printed, name);
  }
  t.equal(shellWord('maps-v3.bin'), 'maps-v3.bin', 'what needs no quotes has none');
});

t.test('a long text is folded, whatever it is long by', async (t) => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`).join('\n');
  t.equal(foldText('short'), null);
  t.equal(foldText(lines(40)), null, 'what fits a window is not');
  t.match(foldText(lines(500)), { text: lines(24), lines: 500 });
  const words = foldText('word '.repeat(1_600));
  t.equal(words?.lines, 89);
  t.ok((words?.text.length ?? 0) <= 24 * 90);
  t.match(words?.text, /word$/, 'to the end of a word');
  t.equal(foldText('\u{1f525}'.repeat(2_000))?.text.isWellFormed(), true, 'no half character');
  t.ok(
    (foldText(`a${'\u0301'.repeat(4_000)}`)?.text.length ?? 0) <= 24 * 90,
    'marks count as what they cost',
  );
  t.equal(foldText('\n'.repeat(8_000))?.text, '\n'.repeat(23));
});
