import t from 'tap';
import type { SharedInfo } from '../../src/daemon/files-api.js';
import { matchesOf, patternOf } from '../../src/web/files/shared-matches.js';
import { placeKey, rowsOf, treeStep } from '../../src/web/files/shared-rows.js';

const ann = { id: 'ann', name: 'Ann', tag: 'aaaaaa' };
const bob = { id: 'bob', name: 'Bob', tag: 'bbbbbb' };

const shared = (path: string, more: Partial<SharedInfo> = {}): SharedInfo => ({
  path,
  name: path.split('/').at(-1) as string,
  folder: false,
  size: 10,
  files: 1,
  changedAt: '2026-01-01T00:00:00.000Z',
  hash: null,
  risky: false,
  owner: ann,
  ...more,
});

t.test('one content is one match whoever has it; contents of one name stand side by side and say so', (t) => {
  const found = matchesOf([
    shared('b/x.bin', { hash: 'cc', size: 20 }),
    shared('a/x.bin', { hash: 'aa' }),
    shared('c/x.bin', { hash: 'aa', owner: bob }),
    shared('y.bin', { hash: 'dd' }),
  ]);
  t.same(
    found.map(({ entry, owners, differs }) => [entry.path, owners.map(({ id }) => id), differs]),
    [
      ['a/x.bin', ['ann', 'bob'], true],
      ['b/x.bin', ['ann'], true],
      ['y.bin', ['ann'], false],
    ],
  );
  const unknown = matchesOf([shared('x'), shared('x', { owner: bob })]);
  t.equal(unknown.length, 2, 'what is not hashed is like nothing else');
  t.end();
});

t.test('words may stand anywhere in a name; a pattern is taken as it is', (t) => {
  t.equal(patternOf(' front '), '*front*');
  t.equal(patternOf('*.pdf'), '*.pdf');
  t.equal(patternOf('/maps/v3.bin/'), 'maps/v3.bin');
  t.end();
});

t.test('the tree shows what is open, and says where it still asks', (t) => {
  const answers = new Map([
    [placeKey('ann', ''), [shared('scans', { folder: true, size: 30 })]],
    [placeKey('bob', ''), [shared('one', { owner: bob })]],
  ]);
  const owners = [ann, bob];
  const open = new Set([placeKey('ann', ''), placeKey('ann', 'scans')]);
  const rows = rowsOf({ answers, owners, open });
  t.same(
    rows.map((row) => [row.type, row.level, row.type === 'note' ? row.text : row.key]),
    [
      ['owner', 1, 'ann '],
      ['entry', 2, 'ann scans'],
      ['note', 3, 'Asking…'],
      ['owner', 1, 'bob '],
    ],
  );
  const full = new Map(answers).set(
    placeKey('ann', 'scans'),
    Array.from({ length: 502 }, (_, i) => shared(`scans/${i}`)),
  );
  const many = rowsOf({ answers: full, owners, open });
  t.match(
    many.at(-2),
    { type: 'note', text: '2 more: search for a name' },
    'a huge folder is not drawn whole',
  );
  t.match(rowsOf({ answers: new Map(answers).set(placeKey('ann', 'scans'), []), owners, open })[2], {
    text: 'Nothing in it',
  });
  t.end();
});

t.test('keys walk the tree as trees are walked', (t) => {
  const answers = new Map([
    [placeKey('ann', ''), [shared('scans', { folder: true }), shared('z')]],
    [placeKey('ann', 'scans'), [shared('scans/a')]],
  ]);
  const open = new Set([placeKey('ann', ''), placeKey('ann', 'scans')]);
  const rows = rowsOf({ answers, owners: [ann, bob], open });
  const step = (at: string, key: string) => treeStep(rows, at, key);
  t.same(step('ann scans', 'ArrowDown'), { type: 'go', key: 'ann scans/a' });
  t.same(step('ann scans', 'ArrowRight'), { type: 'go', key: 'ann scans/a' });
  t.same(step('ann scans/a', 'ArrowLeft'), { type: 'go', key: 'ann scans' });
  t.same(step('ann scans', 'ArrowLeft'), { type: 'close', key: 'ann scans' });
  t.same(step('bob ', 'ArrowRight'), { type: 'open', key: 'bob ' });
  t.same(step('ann z', 'Home'), { type: 'go', key: 'ann ' });
  t.same(step('ann ', 'End'), { type: 'go', key: 'bob ' });
  t.equal(step('ann z', 'ArrowRight'), null, 'a file opens to nothing');
  t.equal(step('ann ', 'ArrowUp'), null);
  t.equal(step('ann ', 'x'), null);
  t.end();
});
