import path from 'node:path';
import sodium from 'sodium-native';
import t, { type Test } from 'tap';
import { findPeople } from '../../src/identity/find-people.js';
import { likeness } from '../../src/identity/likeness.js';
import { type PeerId, peerId, peerTag } from '../../src/identity/peer-id.js';
import { LIMITS } from '../../src/limits.js';
import { People } from '../../src/room/people.js';
import { Database } from '../../src/storage/database.js';
import { ManualClock } from '../support/manual-clock.js';

const DAY = 24 * 60 * 60_000;

/** The id that a number names. */
function someone(n: number): PeerId {
  const [key, secret, seed] = [Buffer.alloc(32), Buffer.alloc(64), Buffer.alloc(32)];
  seed.writeUInt32BE(n);
  sodium.crypto_sign_seed_keypair(key, secret, seed);
  return peerId(key);
}
const [ann, bob, eve] = [someone(1), someone(2), someone(3)];

async function openDatabase(t: Test, file = path.join(t.testdir(), 'chatter.db')): Promise<Database> {
  const database = new Database(file);
  await database.open();
  t.teardown(() => database.close());
  return database;
}

t.test('names that people would take for each other look alike, others do not', async (t) => {
  for (const [a, b] of [
    ['Ann', 'ann'],
    ['Blue Heron', 'BlueHeron'],
    ['Blue Heron', 'Blue H\u0435r\u043en'],
    ['Paypal', 'PayPa1'],
    ['Ilia', '1lia'],
    ['Marnie', 'Mamie'],
    ['José', 'Jose'],
    ['Ann', 'A.n-n'],
    ['Ann', '𝐀𝐧𝐧'],
    ['李四', '李 四'],
    ['🦊', '🦊'],
  ] as const)
    t.equal(likeness(a), likeness(b), `${a} ${b}`);
  for (const [a, b] of [
    ['Ann', 'Bob'],
    ['Ann', 'Anna'],
    ['李四', '李五'],
    ['🦊', '🐻'],
    ['Blue Heron', 'Blue Heron 2'],
  ] as const)
    t.not(likeness(a), likeness(b), `${a} ${b}`);
});

t.test('a person is meant by id, name#tag, #tag or name', async (t) => {
  const people = [
    { id: ann, names: ['Ann'] },
    { id: bob, names: ['Bob', 'Robert'] },
    { id: eve, names: ['ann', `Bob#${peerTag(ann)}`] },
  ];
  const find = (ref: string) => findPeople(ref, people);
  t.same(find('ANN '), [ann, eve], 'two people of one name');
  t.same(find(`Ann#${peerTag(ann)}`), [ann]);
  t.same(find(`ann#${peerTag(eve)}`), [eve]);
  t.same(find(`#${peerTag(bob)}`), [bob]);
  t.same(find('robert'), [bob]);
  t.same(find(ann), [ann]);
  const never = someone(99);
  t.same(find(never), [never], 'an id needs nobody to have been seen');
  t.same(find(`Bob#${peerTag(ann)}`), [], 'a name made to end like a tag is nobody');
  for (const nobody of ['', '#', 'Carol', `Carol#${peerTag(ann)}`, ann.slice(1), ann.toUpperCase()])
    t.same(find(nobody), [], nobody);
});

t.test('a known name with another key is told once for each key, verified people first', async (t) => {
  const clock = new ManualClock();
  const people = await People.load(await openDatabase(t), clock);
  t.equal(people.alike(ann, 'Ann'), null);
  await people.seen(ann, 'Ann');
  t.equal(people.alike(ann, 'Ann'), null, 'her own name is no news');
  t.equal(people.alike(ann, 'A N N'), null, 'in any spelling');
  t.match(people.alike(bob, 'Аnn'), { id: ann }, 'with a Cyrillic letter');
  await people.seen(bob, 'Аnn');
  t.equal(people.alike(bob, 'Ann'), null, 'told already');
  t.equal(people.alike(ann, 'Ann'), null);
  clock.advance(DAY);
  await people.seen(bob, 'Ann');
  t.match(people.alike(eve, 'Ann'), { id: bob }, 'who was seen last');
  await people.mark(people.get(ann) as never, { verified: true });
  t.match(people.alike(eve, 'Ann'), { id: ann, marks: { verified: true } });
  for (const id of [bob, eve]) t.match(people.resembled(id, 'ANN'), { id: ann });
  t.equal(people.resembled(ann, 'Ann'), null);
  t.equal(people.resembled(eve, 'Eve'), null);
  await people.seen(bob, 'Bob');
  await people.seen(ann, 'Nan');
  t.match(people.alike(eve, 'Ann'), { id: ann }, 'a name of before counts');
  t.match(people.alike(eve, 'Bob'), { id: bob });
  t.equal(people.alike(bob, 'Nan')?.id, ann, 'somebody known who takes a new name');
});

t.test('what is known outlives the node, and marks are not lost by being seen', async (t) => {
  const file = path.join(t.testdir(), 'chatter.db');
  const clock = new ManualClock();
  const first = await openDatabase(t, file);
  const people = await People.load(first, clock);
  for (let i = 1; i <= LIMITS.namesPerPerson + 2; i++) await people.seen(ann, `Ann ${i}`);
  await people.mark(people.get(ann) as never, { blocked: true });
  await people.mark(people.get(ann) as never, { muted: true });
  await people.seen(ann, 'Ann 1');
  await people.mark(people.stranger(bob), { verified: true });
  t.same(people.marks(ann), { verified: false, blocked: true, muted: true });
  t.same(people.marks(eve), { verified: false, blocked: false, muted: false });
  const before = people.all;
  await first.close();
  const again = await People.load(await openDatabase(t, file), clock);
  t.same(new Set(again.all), new Set(before));
  t.same(again.get(ann)?.names, ['Ann 1', 'Ann 6', 'Ann 5', 'Ann 4'], 'the newest names');
  t.same(again.get(bob)?.names, []);
  t.match(again.alike(eve, 'Ann 5'), { id: ann });
  await again.mark(again.get(ann) as never, { blocked: false });
  t.equal(again.marks(ann).blocked, false);
});

t.test('[B1] people are bounded: strangers go, the oldest first, and nobody who is marked', async (t) => {
  const clock = new ManualClock();
  const database = await openDatabase(t);
  const people = await People.load(database, clock);
  await people.mark(people.stranger(ann), { blocked: true });
  await people.seen(bob, 'Bob');
  // As a flood of identities would fill it, without waiting for the disk each time.
  const rows = Array.from({ length: LIMITS.knownPeople - 2 }, (_, i) => [
    i.toString(16).padStart(64, '0'),
    '["Flood"]',
    clock.wall() + 1,
    clock.wall() + 1 + i,
  ]);
  for (let i = 0; i < rows.length; i += 200) {
    const part = rows.slice(i, i + 200);
    const sql = `INSERT INTO person VALUES ${part.map(() => '(?, ?, ?, ?, 0, 0, 0)').join(', ')}`;
    await database.run(sql, part.flat());
  }
  clock.advance(DAY);
  const full = await People.load(database, clock);
  t.equal(full.all.length, LIMITS.knownPeople);
  await full.seen(eve, 'Eve');
  t.equal(full.all.length, LIMITS.knownPeople);
  t.equal(full.get(bob), undefined, 'who was seen longest ago is forgotten');
  t.ok(full.get(eve) && full.get(ann));
  clock.advance(LIMITS.knownPersonLifeMs);
  t.same(
    (await People.load(database, clock)).all.map(({ id }) => id),
    [ann],
    'after a year without being seen nobody is left but who is marked',
  );
});

t.test('a disk that fails loses a person, never more', async (t) => {
  const database = await openDatabase(t);
  const people = await People.load(database, new ManualClock());
  await database.run('PRAGMA query_only = ON');
  await t.rejects(people.seen(ann, 'Ann'), { code: 'STORAGE_FAILED' });
  await t.rejects(people.mark(people.stranger(bob), { blocked: true }), { code: 'STORAGE_FAILED' });
  t.equal(people.marks(bob).blocked, true, 'a block holds for this run even if it cannot be kept');
});
