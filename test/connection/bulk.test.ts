import b4a from 'b4a';
import type Protomux from 'protomux';
import t from 'tap';
import { LIMITS } from '../../src/limits.js';
import type { SessionChannel } from '../../src/protocol/session-channel.js';
import { type BulkChannelMessages, bulkChannel, Pieces } from '../support/bulk-channel.js';
import { linkedSessions, type SessionSide } from '../support/linked-sessions.js';

const MIB = 1024 * 1024;
type Piece = { at: number; data: Uint8Array };

const open = (
  { session }: SessionSide,
  piece: (piece: Piece) => void | Promise<void> = () => {},
  { name, onReset, word = () => {} }: { name?: string; onReset?: () => void; word?: () => void } = {},
): SessionChannel<BulkChannelMessages> =>
  session.open(bulkChannel(name), { piece, word, frame: () => {} }, onReset ? { onReset } : {});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const until = async (fact: () => boolean) => {
  while (!fact()) await turn();
};

t.test('[S1] bulk comes whole and in order, in messages as long as there is room for', async (t) => {
  const { a, b } = await linkedSessions(t);
  const total = 64 * MIB;
  let heard = 0;
  const source = new Pieces(total);
  const out = open(a);
  open(b, ({ at, data }) => {
    if (at !== heard) t.fail(`piece at ${at} instead of ${heard}`);
    heard += data.byteLength;
  });
  out.bulk(source);
  // What came last may be heard before the window has room for another question.
  await until(() => heard === total && source.dry);
  t.equal(source.error, null);
  const rooms = [...source.rooms].sort((x, y) => x - y);
  t.ok(
    rooms.every((room) => Number.isInteger(Math.log2(room)) && room >= 4096 && room <= 256 * 1024),
    `${rooms}`,
  );
  t.ok(a.link.scheduler.window.windowBytes <= LIMITS.bulkInFlightBytes);
  const { asked } = source;
  for (let i = 0; i < 20; i++) await turn();
  t.equal(source.asked, asked, 'a source that had nothing is not asked again until it wakes');
});

t.test('[S2] no more is under way than the other end has dealt with and the limit allows', async (t) => {
  const { a, b } = await linkedSessions(t);
  const waiting: (() => void)[] = [];
  let [undealt, most] = [0, 0];
  const source = new Pieces(64 * MIB);
  let heard = 0;
  const out = open(a);
  open(b, ({ data: { byteLength } }) => {
    heard += byteLength;
    undealt += byteLength;
    most = Math.max(most, undealt);
    return new Promise<void>((resolve) => {
      waiting.push(() => {
        undealt -= byteLength;
        resolve();
      });
    });
  });
  out.bulk(source);
  for (let i = 0; i < 200; i++) await turn();
  const stuckAt = heard;
  t.ok(stuckAt > 0 && stuckAt < 64 * 1024, `${stuckAt} bytes and no more for who deals with nothing`);
  await until(() => {
    for (const resolve of waiting.splice(0)) resolve();
    return heard === 64 * MIB;
  });
  t.ok(most <= LIMITS.bulkInFlightBytes, `at most ${most} bytes were undealt with`);
});

t.test('[S1] what is urgent is heard while bulk runs, and timers go on', async (t) => {
  const { a, b } = await linkedSessions(t);
  let words = 0;
  const out = open(a);
  open(b, () => {}, { word: () => words++ });
  out.bulk(new Pieces());
  for (let i = 1; i <= 50; i++) {
    out.send('word', b4a.from('hello'));
    await new Promise((resolve) => setTimeout(resolve, 1));
    await until(() => words === i);
  }
  t.ok(a.link.scheduler.sentBytes > MIB, `${a.link.scheduler.sentBytes} bytes of bulk beside them`);
});

t.test('channels share a link by their weights', async (t) => {
  const { a, b } = await linkedSessions(t);
  const heard = new Map<string, number>();
  for (const [name, weight] of [
    ['one/1', 1],
    ['two/1', 1],
    ['three/1', 2],
  ] as const) {
    const out = open(a, undefined, { name });
    open(b, ({ data }) => void heard.set(name, (heard.get(name) ?? 0) + data.byteLength), { name });
    out.bulk(new Pieces(), { weight });
  }
  await until(() => [...heard.values()].reduce((sum, bytes) => sum + bytes, 0) > 32 * MIB);
  const share = (name: string) => (heard.get(name) ?? 0) / (32 * MIB);
  t.ok(Math.abs(share('one/1') - 0.25) < 0.03, `${share('one/1')}`);
  t.ok(Math.abs(share('two/1') - 0.25) < 0.03, `${share('two/1')}`);
  t.ok(Math.abs(share('three/1') - 0.5) < 0.03, `${share('three/1')}`);
});

t.test('[S1] a source goes on from its own state on another stream, and ends with the session', async (t) => {
  const sessions = await linkedSessions(t);
  const { a, b } = sessions;
  const total = 48 * MIB;
  let [heard, dealt] = [0, 0];
  const source = new Pieces(total);
  const out = open(a, undefined, { onReset: () => (source.at = heard) }); // as if the receiver had told it
  open(b, async ({ at, data }) => {
    if (at !== heard) return; // of the older stream
    heard += data.byteLength;
    await turn();
    dealt += data.byteLength;
  });
  const flow = out.bulk(source);
  for (const share of [0.25, 0.5, 0.75]) {
    await until(() => heard > total * share);
    const old = a.link;
    await sessions.move();
    old.destroy();
  }
  await until(() => dealt === total);
  t.equal(source.error, null);
  t.same([a.violations, b.violations], [[], []]);

  const last = out.sendBulk('piece', { at: 0, data: b4a.alloc(1) });
  a.session.end('left');
  t.equal(await last, false, 'what was not written is told');
  t.equal(await out.sendBulk('piece', { at: 0, data: b4a.alloc(1) }), false);
  const { asked } = source;
  flow.wake();
  out.bulk(source).wake();
  for (let i = 0; i < 20; i++) await turn();
  t.equal(source.asked, asked, 'nobody asks after the end');
});

t.test('[S3] what a closed channel did not hear takes no room from others', async (t) => {
  const { a, b } = await linkedSessions(t);
  for (let i = 0; i < 40; i++) {
    const name = `short/${i}`;
    const out = open(a, undefined, { name });
    open(b, () => new Promise<void>(() => {}), { name }); // deals with nothing
    const flow = out.bulk(new Pieces());
    await until(() => a.link.scheduler.sentBytes > 0);
    for (let j = 0; j < 5; j++) await turn();
    for (const channel of [...b.link.mux]) if (channel.protocol === name) channel.close();
    for (let j = 0; j < 5; j++) await turn();
    flow.close();
  }
  let heard = 0;
  const out = open(a);
  open(b, ({ data }) => {
    heard += data.byteLength;
  });
  out.bulk(new Pieces(8 * MIB));
  await until(() => heard === 8 * MIB);
  t.same([a.violations, b.violations], [[], []]);
});

t.test('a source that throws is told, and nobody else suffers', async (t) => {
  const { a, b } = await linkedSessions(t);
  let heard = 0;
  const out = open(a);
  open(b, ({ data }) => {
    heard += data.byteLength;
  });
  const failure = new Error('the disk is gone');
  const told: unknown[] = [];
  const pieces = new Pieces();
  out.bulk({
    next: (room) => {
      if (pieces.at > MIB) throw failure;
      return pieces.next(room);
    },
    failed: (err) => told.push(err),
  });
  out.bulk(new Pieces(8 * MIB));
  await until(() => told.length > 0 && heard >= 9 * MIB);
  t.same(told, [failure]);
  await t.rejects(out.sendBulk('piece', { at: -1.5, data: null as never }), TypeError);
  t.equal(await out.sendBulk('piece', { at: 1, data: b4a.alloc(9) }), true);
});

t.test(
  '[S2] the memory of a message is used again once it is dealt with, and of none that shares its frame',
  async (t) => {
    const recycled: Uint8Array[] = [];
    const { a, b } = await linkedSessions(t, { recycle: (bytes) => void recycled.push(bytes) });
    const heard: { data: Uint8Array; deal: () => void }[] = [];
    const out = open(a);
    open(b, ({ data }) => new Promise<void>((deal) => void heard.push({ data, deal })));
    const source = new Pieces(3 * 1024);
    out.bulk(source);
    await until(() => heard.length === 1);
    const [first] = heard as [(typeof heard)[0]];
    t.equal(recycled.length, 0);
    first.deal();
    await until(() => recycled.length > 0);
    t.equal(recycled.length, 1);
    t.equal(recycled[0]?.buffer, first.data.buffer);
    // As a peer may send them that is not this program: a word and a piece in one frame.
    const { mux } = a.link;
    const [channel] = [...mux].filter(({ protocol }) => protocol === 'test/bulk/1') as [Protomux.Channel];
    mux.cork();
    out.send('word', b4a.from('kept'));
    channel.messages[0]?.send({ at: 0, data: b4a.alloc(200_000) });
    mux.uncork();
    await until(() => heard.length === 2);
    heard[1]?.deal();
    await turn();
    t.equal(recycled.length, 1);
  },
);
