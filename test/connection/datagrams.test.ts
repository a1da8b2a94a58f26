import b4a from 'b4a';
import t, { type Test } from 'tap';
import { LIMITS } from '../../src/limits.js';
import { bulkChannel } from '../support/bulk-channel.js';
import { linkedSessions } from '../support/linked-sessions.js';
import { type UdxPair, udxPair } from '../support/udx-pair.js';

const ignore = () => {};
const handlers = { piece: ignore, word: ignore, frame: ignore };

/** A session over UDX, or in memory, with a channel that has datagrams. */
async function channels(t: Test, udx: UdxPair | null) {
  const { a, b } = await linkedSessions(t, udx ? { pair: udx.streams } : {});
  const heard: string[] = [];
  const events = (name: string) => ({
    onDatagram: (bytes: Uint8Array) => void heard.push(`${name} ${b4a.toString(bytes)}`),
  });
  const own = a.session.open(bulkChannel(), handlers, events('a'));
  const other = b.session.open(bulkChannel(), handlers, events('b'));
  const until = async (count: number) => {
    while (heard.length < count) await new Promise((done) => setImmediate(done));
  };
  return { own, other, heard, until, violations: [...a.violations, ...b.violations] };
}

/** All that came from the other end so far has been dealt with. */
async function roundTrip(
  send: (text: string) => void,
  until: (count: number) => Promise<void>,
  count: number,
) {
  send('end');
  await until(count);
}

t.test(
  '[W5] what is sent beside a stream on UDX is heard at the other end of the channel alone',
  async (t) => {
    const udx = await udxPair(t);
    const { own, other, heard, until } = await channels(t, udx);
    t.ok(own.sendDatagram(b4a.from('hello')));
    await until(1);
    t.ok(other.sendDatagram(b4a.from('you too')));
    await until(2);
    t.same(heard, ['b hello', 'a you too']);
    t.notOk(own.sendDatagram(b4a.alloc(LIMITS.datagramBytes + 1)), 'one that is too long goes another way');
    t.ok(own.sendDatagram(b4a.alloc(LIMITS.datagramBytes, 'x')));
    await until(3);
  },
);

t.test('[W5] what has come before, was changed, or is of anybody else is dropped, and no more', async (t) => {
  const udx = await udxPair(t);
  const { own, heard, until, violations } = await channels(t, udx);
  const [rawA, rawB] = udx.raw;
  const onTheWay: Buffer[] = [];
  rawB.on('message', (bytes) => void onTheWay.push(b4a.from(bytes) as Buffer));
  own.sendDatagram(b4a.from('once'));
  await until(1);
  const [sealed] = onTheWay as [Buffer];
  t.notOk(sealed.includes('once'), 'nobody on the way can read it');
  rawA.trySend(sealed);
  for (let at = 0; at < sealed.length; at++) {
    const changed = b4a.from(sealed);
    changed[at] = (changed[at] as number) ^ 1;
    rawA.trySend(changed);
  }
  for (const length of [0, 1, 4, 8, 9, 24]) rawA.trySend(sealed.subarray(0, length));
  rawA.trySend(b4a.alloc(LIMITS.datagramBytes, 7));
  // And secret-stream's own, which anybody can make who has seen the handshake.
  udx.streams[0].trySend(b4a.from('forged'));
  await roundTrip((text) => own.sendDatagram(b4a.from(text)), until, 2);
  t.same(heard, ['b once', 'b end']);
  t.same(violations, []);
});

t.test('[W5] where the stream is not on UDX nothing can go beside it', async (t) => {
  const { own } = await channels(t, null);
  t.notOk(own.sendDatagram(b4a.from('hello')));
});
