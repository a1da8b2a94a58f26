import path from 'node:path';
import t from 'tap';
import type { PeerId } from '../../src/identity/peer-id.js';
import { LIMITS } from '../../src/limits.js';
import { KnownRooms } from '../../src/room/known-rooms.js';
import { RememberedAddresses } from '../../src/room/remembered-addresses.js';
import { openRoom } from '../../src/room/room-kinds.js';
import { Database } from '../../src/storage/database.js';
import { ManualClock } from '../support/manual-clock.js';

t.test('addresses of people are kept for each room, the newest alone, and go with it', async (t) => {
  const database = new Database(path.join(t.testdir(), 'chatter.db'));
  t.teardown(() => database.close());
  await database.open();
  const clock = new ManualClock();
  const known = await KnownRooms.load(database);
  const [lab, den] = await Promise.all([openRoom('lab'), openRoom('den')]);
  await Promise.all([known.put(lab), known.put(den)]);
  const remembered = await RememberedAddresses.load(database, clock);
  const person = (n: number) => n.toString(16).padStart(64, '0') as PeerId;
  for (let n = 0; n < 40; n++) {
    clock.advance(1_000);
    await remembered.met(lab.keys.id, { peer: person(n), address: `10.0.0.${n}:4711`, lan: true });
  }
  await remembered.met(den.keys.id, { peer: person(1), address: '[fe80::1%eth0]:4711', lan: true });
  clock.advance(1_000);
  await remembered.met(lab.keys.id, { peer: person(39), address: '192.0.2.1:4712', lan: false });
  const inLab = await remembered.of(lab.keys.id);
  t.equal(inLab.length, LIMITS.rememberedAddresses);
  t.same(inLab[0], { peer: person(39), address: '192.0.2.1:4712', lan: false }, 'one a person, the last');
  t.same(inLab[1]?.peer, person(38));
  t.same(await remembered.of(den.keys.id), [{ peer: person(1), address: '[fe80::1%eth0]:4711', lan: true }]);
  await database.run('DELETE FROM room WHERE id = ?', [lab.keys.id]);
  t.same(await remembered.of(lab.keys.id), [], 'forgotten with the room');
  t.equal((await remembered.of(den.keys.id)).length, 1, 'and another room keeps its own');
});
