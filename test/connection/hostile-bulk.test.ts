import b4a from 'b4a';
import type Protomux from 'protomux';
import t from 'tap';
import { Scheduler } from '../../src/connection/scheduler.js';
import { LIMITS } from '../../src/limits.js';
import { bulkChannel, Pieces } from '../support/bulk-channel.js';
import { linkedSessions, type SessionSide } from '../support/linked-sessions.js';
import { ManualClock } from '../support/manual-clock.js';

type Piece = { at: number; data: Uint8Array };

const open = (
  { session }: SessionSide,
  piece: (piece: Piece) => void | Promise<void> = () => {},
  word = () => {},
) => session.open(bulkChannel(), { piece, word, frame: () => {} });

/** What somebody can send who keeps to no rule of ours. */
const raw = ({ link }: SessionSide, name: string): Protomux.Channel =>
  [...link.mux].find(({ protocol }) => protocol === name) as Protomux.Channel;
const BULK_ACK = 4;
const BULK_SENT = 5;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const until = async (fact: () => boolean) => {
  while (!fact()) await turn();
};
const never = () => new Promise<void>(() => {});

for (const [lie, total] of [
  ['bytes that were never sent', () => 100 * 1024 * 1024],
  ['four billion bytes', () => 2 ** 32],
  ['as many bytes as can be written', () => Number.MAX_SAFE_INTEGER],
  ['nothing', () => 0],
  ['less than one message', () => 1023],
  ['the same again', (before: number) => before],
] as const) {
  t.test(`[B3] [S2] who acknowledges ${lie} loses its stream`, async (t) => {
    const { a, b } = await linkedSessions(t);
    let heard = 0;
    const out = open(a);
    open(b, ({ data }) => {
      heard += data.byteLength;
    });
    out.bulk(new Pieces(64 * 1024));
    await until(() => heard === 64 * 1024);
    for (let i = 0; i < 5; i++) await turn();
    raw(b, 'chatter/link/1').messages[BULK_ACK]?.send({ total: total(a.link.scheduler.sentBytes) });
    await until(() => a.link.closed);
    t.same(a.violations, ['MESSAGE_UNEXPECTED']);
    await until(() => a.session.ended);
  });
}

t.test('[B6] [S2] who acknowledges nothing gets no more bulk, but all else', async (t) => {
  const { a, b } = await linkedSessions(t);
  let words = 0;
  const out = open(a);
  open(b, never, () => words++);
  const source = new Pieces();
  out.bulk(source);
  for (let i = 0; i < 200; i++) {
    out.send('word', b4a.from('still here'));
    await turn();
  }
  await until(() => words === 200);
  t.ok(source.at <= 64 * 1024, `${source.at} bytes were asked for and no more`);
  t.notOk(a.link.closed);
});

t.test('[B2] [B6] [S2] bulk past what was allowed ends the stream of who sends it', async (t) => {
  for (const bytes of [200 * 1024, 0]) {
    const { a, b } = await linkedSessions(t);
    let [held, messages] = [0, 0];
    open(a);
    open(b, ({ data }) => {
      held += data.byteLength;
      messages++;
      return never();
    });
    await until(() => raw(a, 'test/bulk/1').opened);
    const value = { at: 0, data: b4a.alloc(bytes) };
    for (let i = 0; !b.link.closed && i < 20_000; i++) {
      raw(a, 'test/bulk/1')?.messages[0]?.send(value);
      if (i % 64 === 0) await turn();
    }
    await until(() => b.link.closed);
    t.same(b.violations, ['MESSAGE_FLOOD']);
    t.ok(held <= LIMITS.bulkInFlightBytes, `${held} bytes were held at most`);
    t.ok(messages <= LIMITS.bulkInFlightBytes / 1024, `in ${messages} messages`);
  }
});

t.test('[S3] who lies about what it has sent loses its stream', async (t) => {
  for (const [total, violation] of [
    [0, 'MESSAGE_UNEXPECTED'],
    [LIMITS.bulkInFlightBytes * 2, 'MESSAGE_FLOOD'],
    [Number.MAX_SAFE_INTEGER, 'MESSAGE_FLOOD'],
  ] as const) {
    const { a, b } = await linkedSessions(t);
    let heard = 0;
    const out = open(a);
    open(b, ({ data }) => {
      heard += data.byteLength;
    });
    out.bulk(new Pieces(64 * 1024));
    await until(() => heard === 64 * 1024);
    raw(a, 'chatter/link/1').messages[BULK_SENT]?.send({ total });
    await until(() => b.link.closed);
    t.same(b.violations, [violation]);
  }
});

t.test('[B1] a flood of pings ends the stream of who floods', async (t) => {
  const { a, b } = await linkedSessions(t);
  for (let i = 0; i < LIMITS.linkMessagesBurst * 3; i++) raw(a, 'chatter/link/1').messages[0]?.send({ n: i });
  await until(() => b.link.closed);
  t.same(b.violations, ['MESSAGE_FLOOD']);
});

t.test('a handler of bulk that fails ends that stream and nothing else', async (t) => {
  const { a, b } = await linkedSessions(t);
  const out = open(a);
  open(b, () => Promise.reject(new TypeError('no such file')));
  out.bulk(new Pieces());
  await until(() => b.link.closed);
  t.same(b.violations, ['HANDLER_FAILED']);
});

t.test('[S1] a live message waits for a full stream until its deadline, and no longer', async (t) => {
  const clock = new ManualClock();
  const stream = { drained: true, corked: 0 };
  const scheduler = new Scheduler(stream, clock);
  const written: string[] = [];
  const live = (name: string, ms: number, bytes = 1000) =>
    scheduler.writeLive(bytes, ms, () => {
      written.push(name);
      if (name === 'fills') stream.drained = false;
    });
  t.equal(live('fills', 10), true);
  t.equal(live('late', 10), false);
  t.equal(live('kept', 50), false);
  t.equal(live('filling again: fills', 50), false);
  t.equal(live('too much', 50, LIMITS.liveHeldBytes), false);
  clock.advance(20);
  stream.drained = true;
  scheduler.drained();
  t.same(written, ['fills', 'kept', 'filling again: fills']);
  stream.drained = false;
  live('never', 50);
  scheduler.close();
  t.equal(clock.pending, 0, 'no timer is left');
  stream.drained = true;
  scheduler.drained();
  t.equal(written.length, 3);
});

t.test('[S1] beside a call bulk pauses after each turn, and without one it does not', async (t) => {
  const KIB = 1024;
  const clock = new ManualClock();
  const scheduler = new Scheduler({ drained: true, corked: 0 }, clock);
  let acknowledged = 0;
  const lane = {
    weight: 1,
    write: (roomBytes: number) => {
      queueMicrotask(() => {
        if (scheduler.sentBytes === acknowledged) return;
        acknowledged = scheduler.sentBytes;
        scheduler.acknowledged(acknowledged);
      });
      return roomBytes;
    },
  };
  const turns = async (afterMs = 0) => {
    const before = scheduler.sentBytes;
    clock.advance(afterMs);
    for (let i = 0; i < 10; i++) await turn();
    return scheduler.sentBytes - before;
  };
  scheduler.live();
  scheduler.wake(lane);
  const beside = await turns();
  t.ok(beside >= 256 * KIB && beside <= 512 * KIB, `${beside} bytes`);
  t.equal(await turns(), 0, 'not before the pause is over');
  const next = await turns(4);
  t.ok(next > 0 && next <= 512 * KIB, `${next} bytes`);
  const alone = await turns(1_004); // the call is over
  t.ok(alone > 2 * KIB * KIB, `${alone} bytes`);
  scheduler.close();
});
