import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { Bitfield } from '../../src/files/bitfield.js';
import { blake3, portableBlake3 } from '../../src/files/blake3.js';
import { BLOCK_BYTES, Layout } from '../../src/files/layout.js';
import { Manifest } from '../../src/files/manifest.js';
import { gatePath, isRisky, localName } from '../../src/files/names.js';
import { pick } from '../../src/files/picker.js';
import { scan } from '../../src/files/scan.js';
import { entry, OUTSIDE, wireManifest } from '../support/hostile/file-sender.js';

t.test('[A1] [A2] [A10] a name that leads out of its folder refuses the offer whole', async (t) => {
  for (const name of OUTSIDE) {
    t.throws(() => gatePath(name), { code: 'FILE_NAME_UNSAFE' }, JSON.stringify(name));
    t.throws(
      () => Manifest.parse(wireManifest(entry('fine'), entry(name))),
      { code: 'FILE_NAME_UNSAFE' },
      JSON.stringify(name),
    );
  }
});

t.test('[A1] dot names are kept inside of a folder and disarmed beside the user’s own files', async (t) => {
  t.equal(localName('.bashrc', true), '_bashrc');
  t.equal(localName('~x', true), '_x');
  t.equal(localName('-rf', true), '_rf');
  t.equal(localName('.git', false), '.git');
});

t.test('[A3] what a system may run or hide is told from the rest', async (t) => {
  for (const name of [
    '.bashrc',
    'a/.config/autostart/x.desktop',
    'a.lnk',
    'photo.jpg.exe',
    'x.SVG',
    'run.sh',
  ])
    t.ok(isRisky(name), name);
  for (const name of ['a.jpg', 'README', 'exe', 'a.b/c.txt']) t.notOk(isRisky(name), name);
});

t.test('[A4] [A18] names that are one on some systems refuse the offer', async (t) => {
  for (const [a, b] of [
    ['README', 'readme'],
    ['a/b', 'A/b'],
    ['x', 'x'],
    ['a:b', 'a_b'],
    ['straße', 'STRASSE'],
  ] as const) {
    const folders = [
      ...new Set([a, b].filter((name) => name.includes('/')).map((name) => name.split('/')[0] as string)),
    ];
    const entries = [...folders.map((name) => entry(name, { folder: true, size: 0 })), entry(a), entry(b)];
    t.throws(() => Manifest.parse(wireManifest(...entries)), { code: 'FILE_NAME_UNSAFE' }, `${a} and ${b}`);
  }
  t.throws(() => gatePath('e\u0301'), { code: 'FILE_NAME_UNSAFE' }, 'not NFC');
});

t.test('[A5] [A16] [A17] names that are not what they look like are refused', async (t) => {
  for (const name of [
    'a\x1b]0;owned\x07.txt',
    '\x1b[2K\rsafe.txt',
    '\u009b31m',
    'a\x7f',
    'a\u0000b',
    'photo\u202egpj.exe',
    'a\u2066b\u2069',
    'a\u200bb',
    'a\ufeff',
    'a\u00adb',
    'a\u2060b',
    'a\u{e0041}',
    'a\u2028b',
    '\ud800',
    ' ',
    'x'.repeat(201),
    'é'.repeat(101),
    Array(34).fill('d').join('/'),
  ]) {
    t.throws(
      () => gatePath(name),
      { code: 'FILE_NAME_UNSAFE' },
      encodeURIComponent(name.toWellFormed()).slice(0, 60),
    );
    try {
      gatePath(name);
    } catch (err) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      t.notMatch((err as Error).message, /[\x00-\x1f\x7f-\uffff]/, 'and shown escaped');
    }
  }
  t.same(gatePath('👩‍👩‍👧 photo.jpg'), ['👩‍👩‍👧 photo.jpg'], 'a joiner within a picture is fine');
});

t.test('[A12] a name like our own staging is refused', async (t) => {
  t.throws(() => gatePath(`.chatter-incoming-${'0'.repeat(32)}`), { code: 'FILE_NAME_UNSAFE' });
});

t.test('[A18] what Windows forbids becomes the same plain name everywhere', async (t) => {
  for (const [name, local] of [
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['COM¹', '_COM¹'],
    ['LPT9.x', '_LPT9.x'],
    ['CONIN$', '_CONIN$'],
    ['a.', 'a_'],
    ['a ', 'a_'],
    ['a?b', 'a_b'],
    ['x.txt::$DATA', 'x.txt__$DATA'],
    ['console', 'console'],
  ] as const)
    t.equal(localName(gatePath(name)[0] as string, false), local);
});

t.test('[A9] [B16] nothing is a file and a folder, and folders come before what is in them', async (t) => {
  t.throws(() => Manifest.parse(wireManifest(entry('a'), entry('a/b'))), { code: 'FILE_NAME_UNSAFE' });
  t.throws(() => Manifest.parse(wireManifest(entry('a/b'))), { code: 'FILE_NAME_UNSAFE' });
  t.throws(() => Manifest.parse(wireManifest(entry('a', { folder: true, size: 5 }))), {
    code: 'FILE_NAME_UNSAFE',
  });
  t.throws(() => Manifest.parse(wireManifest()), { code: 'FILES_LIMIT' });
  t.throws(() => Manifest.parse(wireManifest(entry('a', { size: 2 ** 40 + 1 }))), {
    message: 'MESSAGE_MALFORMED',
  });
  t.throws(() => Manifest.parse(wireManifest(entry('a', { size: 2 ** 40 }), entry('b'))), {
    code: 'FILES_LIMIT',
  });
});

t.test('[A9] links inside of a folder are left out and told', async (t) => {
  const dir = t.testdir({ root: { a: 'a' }, outside: { secret: 's' } });
  symlinkSync(path.join(dir, 'outside'), path.join(dir, 'root', 'link'));
  symlinkSync('nowhere', path.join(dir, 'root', 'dangling'));
  mkdirSync(path.join(dir, 'root', 'sub'));
  writeFileSync(path.join(dir, 'root', 'sub', 'b\\c'), 'x');
  const { manifest, skipped } = await scan([path.join(dir, 'root')], { exclude: ['*.tmp'] });
  t.same(
    manifest.entries.map(({ path: name }) => name),
    ['root', 'root/a', 'root/sub'],
  );
  t.same(
    skipped.map(({ why }) => why),
    ['link', 'link', 'name'],
  );
});

t.test('the native and the portable hash are one function', async (t) => {
  for (const length of [0, 1, 1023, 1024, 1025, 70_000]) {
    const bytes = new Uint8Array(length).map((_, i) => i % 251);
    t.same(Buffer.from(blake3(bytes)), Buffer.from(portableBlake3(bytes)), `${length} bytes`);
  }
});

const sizes = fc.array(
  fc.oneof(
    fc.nat(5000),
    fc.nat(3 * BLOCK_BYTES),
    fc.constantFrom(0, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1),
  ),
  { minLength: 1, maxLength: 40 },
);

t.test('a layout holds every byte of every file once, in blocks of at most 256 KiB', async () => {
  fc.assert(
    fc.property(sizes, (list) => {
      const layout = new Layout(list);
      const seen = list.map(() => 0);
      let total = 0;
      for (let block = 0; block < layout.blockCount; block++) {
        let at = 0;
        for (const extent of layout.extents(block)) {
          if (extent.at !== at || extent.offset !== seen[extent.file]) return false;
          at += extent.length;
          seen[extent.file] = (seen[extent.file] as number) + extent.length;
        }
        if (at !== layout.blockBytes(block) || at === 0 || at > BLOCK_BYTES) return false;
        total += at;
      }
      return total === layout.totalBytes && list.every((size, i) => seen[i] === size);
    }),
  );
});

t.test('a bitfield takes what fits and nothing else', async (t) => {
  const field = new Bitfield(10);
  t.ok(field.merge(new Uint8Array([0b101, 0b10])));
  t.same([...field.missing()], [1, 3, 4, 5, 6, 7, 8]);
  t.notOk(field.merge(new Uint8Array([0, 0b100])), 'a bit beyond the end');
  t.notOk(field.merge(new Uint8Array(3)), 'another length');
  t.notOk(field.add(10));
  field.addAll();
  t.ok(field.full);
});

t.test('blocks are asked of those who have them, rarest first, nobody for more than its room', async (t) => {
  const holder = (room: number, ...blocks: number[]) => ({
    room,
    has: (block: number) => blocks.includes(block),
  });
  const [all, few] = [holder(2, 0, 1, 2, 3), holder(2, 2)];
  const picked = pick([all, few], { candidates: [0, 1, 2, 3], swarm: false, salt: 1 });
  t.same(picked.get(all), [0, 1], 'what one alone has comes first');
  t.same(picked.get(few), [2]);
  t.same(
    [...pick([holder(3, 0, 1, 2)], { candidates: [0, 1, 2], swarm: false, salt: 1 }).values()],
    [[0, 1, 2]],
  );
  const orders = [1, 2, 3].map((salt) =>
    pick([holder(64, ...Array(64).keys())], { candidates: [...Array(64).keys()], swarm: true, salt }),
  );
  t.equal(
    new Set(orders.map((order) => JSON.stringify([...order.values()]))).size,
    3,
    'in a swarm each its own way',
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ room: fc.nat(6), bits: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }) }),
        { maxLength: 5 },
      ),
      fc.boolean(),
      fc.integer(),
      (list, swarm, salt) => {
        const holders = list.map(({ room, bits }) => ({
          room,
          has: (block: number) => bits[block] === true,
        }));
        const candidates = [...Array(12).keys()];
        const result = pick(holders, { candidates, swarm, salt });
        const given = [...result.values()].flat();
        const left = holders.filter((one) => (result.get(one)?.length ?? 0) < one.room);
        return (
          new Set(given).size === given.length &&
          [...result].every(
            ([one, blocks]) => blocks.length <= one.room && blocks.every((block) => one.has(block)),
          ) &&
          candidates.every((block) => given.includes(block) || !left.some((one) => one.has(block)))
        );
      },
    ),
  );
});
