import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { logFile } from '../../src/daemon/log-file.js';
import { LIMITS } from '../../src/limits.js';
import { LOG_LEVELS, lineLog } from '../../src/log.js';
import { has } from '../support/needs.js';

const NOW = Date.UTC(2026, 0, 20);
const DAY = 24 * 60 * 60_000;
const line = (at: number, text = 'x') => `${new Date(at).toISOString()} INFO ${text}`;
const sizes = (file: string) =>
  [file, `${file}.1`].map((each) => (existsSync(each) ? statSync(each).size : 0));

t.test('a log is bounded over restarts: one old file, its owner alone', async (t) => {
  const file = path.join(t.testdir(), 'node.log');
  const half = line(NOW, 'y'.repeat(LIMITS.logFileBytes / 8));
  for (let start = 0; start < 6; start++) {
    const write = logFile(file, () => NOW);
    for (let i = 0; i < 5; i++) write(half);
    for (const size of sizes(file))
      t.ok(size < LIMITS.logFileBytes * 1.2, `${size} bytes after start ${start}`);
  }
  t.ok(
    sizes(file).every((size) => size > 0),
    'and the old one is kept',
  );
  for (const each of [file, `${file}.1`]) t.equal(statSync(each).mode & 0o777, 0o600);
  chmodSync(file, 0o644);
  logFile(file, () => NOW)(line(NOW));
  t.equal(statSync(file).mode & 0o777, 0o600, 'rights that are too wide are repaired');
});

t.test('what is older than two weeks goes', async (t) => {
  const file = path.join(t.testdir(), 'node.log');
  let now = NOW;
  const wall = () => now;
  logFile(file, wall)(line(NOW, 'first'));
  now += 13 * DAY;
  const running = logFile(file, wall);
  running(line(now, 'second'));
  t.match(readFileSync(file, 'utf8'), /first\n.*second\n/);
  now += 2 * DAY;
  running(line(now, 'third'));
  t.notMatch(readFileSync(file, 'utf8'), /first|second/, 'also while the node runs');
  t.match(readFileSync(`${file}.1`, 'utf8'), /first\n.*second\n/);
  now += 20 * DAY;
  utimesSync(`${file}.1`, (now - 15 * DAY) / 1000, (now - 15 * DAY) / 1000);
  const again = logFile(file, wall);
  t.notOk(existsSync(`${file}.1`), 'the old file too');
  again(line(now, 'fourth'));
  t.notMatch(readFileSync(file, 'utf8'), /third/);
  writeFileSync(file, 'not a log\n');
  logFile(file, wall)(line(now, 'fifth'));
  t.notMatch(readFileSync(file, 'utf8'), /not a log/, 'nor does it grow on something else');
});

t.test('a disk that fails ends nothing', async (t) => {
  if (!has(t, '/dev/full')) return;
  const folder = t.testdir();
  const full = path.join(folder, 'full.log');
  symlinkSync('/dev/full', full);
  t.throws(() => appendFileSync(full, 'x'), { code: 'ENOSPC' }, 'the disk is full');
  const write = logFile(full, () => NOW);
  for (let i = 0; i < 100; i++) write(line(NOW));
  const taken = path.join(folder, 'taken.log');
  mkdirSync(`${taken}.1`);
  const stuck = logFile(taken, () => NOW);
  const long = line(NOW, 'z'.repeat(LIMITS.logFileBytes / 2));
  for (let i = 0; i < 8; i++) stuck(long);
  t.ok((sizes(taken)[0] as number) < LIMITS.logFileBytes * 1.6, 'nor does a log grow that cannot be rotated');
  logFile(path.join(folder, 'no', 'such', 'folder.log'), () => NOW)(line(NOW));
});

t.test('[A5] a level keeps what is below it out, and a line holds nothing but printable ASCII', async (t) => {
  for (const [i, level] of LOG_LEVELS.entries()) {
    const lines: string[] = [];
    const log = lineLog(
      (text) => lines.push(text),
      level,
      () => NOW,
    );
    for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name]('happened', { code: name });
    t.equal(lines.length, Math.max(0, 4 - i), level);
  }
  const lines: string[] = [];
  const log = lineLog(
    (text) => lines.push(text),
    'debug',
    () => NOW,
  );
  log.info('told', { name: 'a\x1b]0;owned\x07\nMISBEHAVE\u202e\u{1f98a}', n: 1, yes: true, none: undefined });
  log.info('told', { name: 'x'.repeat(LIMITS.logLineCharacters * 2) });
  t.equal(
    lines[0],
    '2026-01-20T00:00:00.000Z INFO told name="a\\u001b]0;owned\\u0007\\nMISBEHAVE\\u{202e}\\u{1f98a}" n=1 yes=true',
  );
  t.equal(lines[1]?.length, LIMITS.logLineCharacters);
});
