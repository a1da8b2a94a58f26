import b4a from 'b4a';
import t from 'tap';
import { Misbehaviour } from '../../src/connection/misbehaviour.js';
import { Counters } from '../../src/counters.js';
import { ProtocolError } from '../../src/errors.js';
import type { PeerId } from '../../src/identity/peer-id.js';
import { LIMITS } from '../../src/limits.js';
import { lineLog } from '../../src/log.js';
import type { Room } from '../../src/room/room.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';

const broken = new ProtocolError('PROOF_MALFORMED');

function ledger() {
  const [clock, counters, lines] = [new ManualClock(), new Counters(), [] as string[]];
  const log = lineLog(
    (line) => lines.push(line),
    'debug',
    () => clock.wall(),
  );
  return { clock, counters, lines, misbehaviour: new Misbehaviour({ clock, log, counters }) };
}

t.test('[K4] who breaks rules again and again is put off, longer each time, and forgiven', async (t) => {
  const { clock, misbehaviour } = ledger();
  const id = 'f'.repeat(64) as PeerId;
  for (let n = 0; n < LIMITS.violationsToPutOff; n++) {
    t.notOk(misbehaviour.isPutOff('mal'));
    misbehaviour.note({ instance: n === 0 ? 'mal' : `mal ${n}`, id }, broken);
  }
  t.notOk(misbehaviour.isPutOff('mal'), 'one violation is none too many');
  t.ok(misbehaviour.isPutOff(id), 'an identity keeps its record over new instances');
  clock.advance(LIMITS.putOffMinMs);
  t.notOk(misbehaviour.isPutOff(id));
  misbehaviour.note({ instance: 'again', id }, broken);
  clock.advance(LIMITS.putOffMinMs * 2 - 1);
  t.ok(misbehaviour.isPutOff(id), 'twice as long');
  for (let n = 0; n < 100; n++) misbehaviour.note({ instance: 'again', id }, broken);
  clock.advance(LIMITS.putOffMaxMs);
  t.notOk(misbehaviour.isPutOff(id), 'never longer than the longest');
  clock.advance(LIMITS.violationsWindowMs);
  misbehaviour.note({ instance: 'new', id }, broken);
  t.notOk(misbehaviour.isPutOff(id), 'what is long ago does not count');
});

t.test('[K4] an address prefix is put off for strangers; who has proven a room is not', async (t) => {
  const { misbehaviour } = ledger();
  misbehaviour.trust('neighbour');
  for (let n = 0; n < LIMITS.violationsPerPrefixToPutOff; n++)
    misbehaviour.note({ instance: `stranger ${n}`, address: `[2001:db8:1:2::${n + 1}]:${4000 + n}` }, broken);
  t.ok(misbehaviour.isPrefixPutOff('another', '[2001:db8:1:2:ffff::1]:1'), 'the same 64 bits');
  t.notOk(misbehaviour.isPrefixPutOff('another', '[2001:db8:1:3::1]:1'));
  t.notOk(misbehaviour.isPrefixPutOff('neighbour', '[2001:db8:1:2::1]:4000'));
});

t.test('[K4] lines are limited and name nobody, counters miss nothing, and memory is bounded', async (t) => {
  const { clock, counters, lines, misbehaviour } = ledger();
  for (let n = 0; n < 10_000; n++)
    misbehaviour.note({ instance: `${n}`, address: `10.${n >> 8}.${n & 255}.1:1` }, broken);
  t.equal(lines.length, LIMITS.misbehaveLinesBurst);
  t.same(counters.snapshot(), { 'violation PROOF_MALFORMED': 10_000 });
  t.equal(misbehaviour.size, LIMITS.putOffRemembered);
  clock.advance(1_000);
  misbehaviour.note({ instance: 'last', address: '10.9.9.9:1', id: 'a'.repeat(64) as PeerId }, broken);
  const [last = ''] = lines.slice(-1);
  t.match(last, `WARN MISBEHAVE peer=last code=PROOF_MALFORMED left=${10_000 - LIMITS.misbehaveLinesBurst}`);
  t.notMatch(lines.join(), /10\.|aaaa/, 'no address, no identity');
});

const joined = (room: Room, name: string) =>
  next<{ name: string }>(
    (fn) => room.on('member-joined', fn),
    (member) => member.name === name,
  );

t.test('[K4] a member who sends garbage each time it comes is put off, and the others go on', async (t) => {
  const network = new MemoryNetwork();
  const [a, b] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [atA, atB] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await joined(atA, 'Bob');
  const m = await MemoryNode.open(t, 'Mal', network);
  let came = joined(atA, 'Mal');
  await m.join(roomNumber(1));
  for (let n = 0; n < LIMITS.violationsToPutOff; n++) {
    await came;
    const gone = next((fn) => atA.on('member-left', fn));
    came = joined(atA, 'Mal');
    for (const { link } of m.network.connections.values()) {
      const stream = link.mux.stream as unknown as { write(frame: Uint8Array): void };
      stream.write(b4a.from('00000009', 'hex')); // a batch with an item of nine bytes that is not there
    }
    await gone;
  }
  while (!a.counters.snapshot()['put off']) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(
    atA.members.map(({ name }) => name),
    ['Bob'],
  );
  const heard = next<{ text: string }>((fn) => atB.on('line', fn));
  await atA.say('still here');
  t.equal((await heard).text, 'still here');
});

t.test('[K5] one person takes so many places, and not those of others', async (t) => {
  const network = new MemoryNetwork();
  const a = await MemoryNode.open(t, 'Ann', network);
  const atA = await a.join(roomNumber(1));
  const keys = MemoryNode.identity();
  for (let n = 0; n <= LIMITS.instancesPerPerson; n++) {
    const m = await MemoryNode.open(t, 'Many', network, keys);
    const full = next<readonly string[]>((fn) => m.network.on('full', fn));
    const room = await m.join(roomNumber(1));
    if (n < LIMITS.instancesPerPerson) await joined(room, 'Ann');
    else t.same(await full, [roomNumber(1).id], 'is told');
  }
  t.equal(a.network.connections.size, LIMITS.instancesPerPerson);
  const b = await MemoryNode.open(t, 'Bob', network);
  const came = joined(atA, 'Bob');
  await b.join(roomNumber(1));
  await came;
});
