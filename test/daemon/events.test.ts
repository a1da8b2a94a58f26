import { once } from 'node:events';
import t from 'tap';
import type { ApiEvent, EventBody, ServerFrame } from '../../src/daemon/api.js';
import { API_VERSION } from '../../src/daemon/api.js';
import { EventLog } from '../../src/daemon/event-log.js';
import { Leases } from '../../src/daemon/leases.js';
import { LIMITS } from '../../src/limits.js';
import { startApi } from '../support/api-server.js';
import { ManualClock } from '../support/manual-clock.js';

const LEFT: EventBody = { type: 'left', room: 'lobby', roomId: 'c' };
const TIME = new Date(0).toISOString();

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

function filled(count: number): EventLog {
  const log = new EventLog('run-1');
  for (let i = 0; i < count; i++) log.add(LEFT, TIME);
  return log;
}

t.test('events are numbered from 1 without a gap', async (t) => {
  const log = filled(0);
  t.equal(log.seq, 0);
  t.strictSame(log.since('run-1', 0), [], 'nothing has happened yet');
  t.strictSame(log.add(LEFT, TIME), { ...LEFT, epoch: 'run-1', seq: 1, time: TIME });
  t.equal(log.add(LEFT, TIME).seq, 2);
  t.equal(log.seq, 2);
  t.strictSame(
    log.since('run-1', 0)?.map(({ seq }) => seq),
    [1, 2],
  );
  t.strictSame(
    log.since('run-1', 1)?.map(({ seq }) => seq),
    [2],
  );
  t.strictSame(log.since('run-1', 2), []);
});

t.test('what is gone, still to come or of another run cannot be gone on from', async (t) => {
  const log = filled(5);
  t.equal(log.since('run-1', 6), null, 'still to come');
  t.equal(log.since('run-2', 3), null, 'another run');
  t.equal(log.since('', 0), null);
  for (const extra of [0, 1, 7, LIMITS.events, LIMITS.events + 1]) {
    const full = filled(LIMITS.events + extra);
    const all = full.since('run-1', extra)?.map(({ seq }) => seq);
    t.strictSame(all, range(extra + 1, extra + LIMITS.events), `the whole ring after ${extra} more`);
    if (extra > 0) t.equal(full.since('run-1', extra - 1), null, 'one that is gone');
    t.strictSame(
      full.since('run-1', extra + LIMITS.events - 1)?.map(({ seq }) => seq),
      [extra + LIMITS.events],
      'the last one',
    );
  }
});

t.test('a lease or a pin keeps the node, and without either it ends when it is idle', async (t) => {
  const clock = new ManualClock();
  let idle = 0;
  const leases = new Leases(clock, () => idle++);
  const [window, other] = [{}, {}];
  clock.advance(LIMITS.idleNodeMs * 10);
  t.equal(idle, 0, 'not before anything was asked');
  leases.touch();
  clock.advance(LIMITS.idleNodeMs - 1);
  leases.touch();
  clock.advance(LIMITS.idleNodeMs - 1);
  t.equal(idle, 0, 'each request starts the time over');
  leases.hold(window);
  leases.hold(window);
  leases.hold(other);
  t.equal(leases.count, 2, 'one lease each');
  clock.advance(LIMITS.idleNodeMs * 10);
  t.equal(idle, 0, 'held');
  leases.release(window);
  leases.release(window);
  leases.release({});
  clock.advance(LIMITS.idleNodeMs * 10);
  t.equal(idle, 0, 'held by the other one still');
  leases.pinned = true;
  leases.release(other);
  leases.touch();
  clock.advance(LIMITS.idleNodeMs * 10);
  t.equal(idle, 0, 'pinned');
  leases.pinned = false;
  clock.advance(LIMITS.idleNodeMs - 1);
  t.equal(idle, 0, 'not a millisecond early');
  clock.advance(1);
  t.equal(idle, 1);
  leases.touch();
  leases.close();
  t.equal(clock.pending, 0, 'no timer is left');
  clock.advance(LIMITS.idleNodeMs * 10);
  t.equal(idle, 1, 'closed');
});

t.test('a node waits longer for whoever started it, has just come, or is owed an answer', async (t) => {
  const clock = new ManualClock();
  let idle = 0;
  const leases = new Leases(clock, () => idle++);
  leases.pinned = false; // as the node is told when it is ready
  clock.advance(LIMITS.nodeStartMs - 1);
  t.equal(idle, 0, 'whoever started it may be slow');
  leases.touch();
  clock.advance(LIMITS.idleNodeMs - 1);
  leases.expect();
  clock.advance(LIMITS.nodeStartMs - 1);
  t.equal(idle, 0, 'so may be whoever has connected');
  let answer = () => {};
  const asked = leases.during(() => new Promise<void>((resolve) => (answer = resolve)));
  clock.advance(LIMITS.nodeStartMs * 10);
  t.equal(idle, 0, 'nor does it end while it owes an answer');
  answer();
  await asked;
  clock.advance(LIMITS.idleNodeMs - 1);
  t.equal(idle, 0);
  clock.advance(1);
  t.equal(idle, 1, 'from then on it is soon idle');
});

t.test('a parameter that is called as a field of the frame is the parameter', async (t) => {
  const api = await startApi(t);
  const socket = await api.attach();
  const id = '01234567';
  socket.send({ id: 5, do: 'react', params: { room: 'lobby', id, emoji: '👍' } });
  t.match(await socket.next(), { id: 5, ok: {} });
  t.match(api.node.asked.at(-1), { method: 'react', params: { id, emoji: '👍' } });
  socket.send({ id: 6, do: 'rename', name: 'Ann' });
  t.match(await socket.next(), { id: 6, ok: { name: 'Ann' } }, 'beside');
});

t.test('a WebSocket holds a lease from its join until it releases it or is gone', async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  api.leases.pinned = false;
  const [a, b] = [await api.attach(), await api.attach()];
  t.equal(api.leases.count, 0, 'none before a join');
  a.send({ id: 1, do: 'join', room: 'lobby' });
  b.send({ id: 1, do: 'join', room: 'lobby' });
  await Promise.all([a.next(), b.next()]);
  await api.post('join', { room: 'lobby' });
  t.equal(api.leases.count, 2, 'a single request holds none');
  clock.advance(LIMITS.idleNodeMs * 2);
  t.equal(api.idles, 0);
  a.send({ id: 2, do: 'release' });
  await a.next();
  t.equal(api.leases.count, 1, 'released');
  const gone = once(api.wire, 'change');
  await b.end();
  await gone;
  await a.end();
  await api.connections(0);
  t.equal(api.leases.count, 0, 'gone');
  clock.advance(LIMITS.idleNodeMs - 1);
  t.equal(api.idles, 0);
  clock.advance(1);
  t.equal(api.idles, 1);
});

t.test('a client that is gone before its join was done leaves no lease behind', async (t) => {
  const api = await startApi(t);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    api.node.before = () => {
      resolve();
      return gate;
    };
  });
  const socket = await api.attach();
  socket.send({ id: 1, do: 'join', room: 'lobby' });
  await asked;
  await socket.end();
  await api.connections(0);
  go();
  await tick();
  t.equal(api.leases.count, 0, 'no lease');
});

t.test('[D5] who does not say hello in time is sent away', async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  const [silent, welcomed] = [await api.socket(), await api.attach()];
  clock.advance(4_999);
  api.node.message('one');
  t.strictSame(await welcomed.seqs(1), [1]);
  clock.advance(1);
  t.equal(await silent.closed, 1008);
  t.strictSame(silent.frames, [], 'nothing was told');
  clock.advance(100_000);
  api.node.message('two');
  t.strictSame(await welcomed.seqs(1), [2], 'who did stays');
});

t.test('[D5] what comes after a late hello is not done', async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  const late = await api.socket();
  clock.advance(5_000); // the close is under way, and the client has not read of it yet
  late.send({ hello: API_VERSION });
  late.send({ id: 1, do: 'stop' });
  t.equal(await late.closed, 1008);
  t.strictSame(late.frames, []);
  t.equal(api.stops, 0, 'not stopped');
});

t.test('[D5] what comes after a frame that was refused is not done', async (t) => {
  const api = await startApi(t);
  const socket = await api.attach();
  socket.send('{');
  socket.send({ id: 1, do: 'stop' });
  t.equal(await socket.closed, 1002);
  t.equal(api.stops, 0, 'not stopped');
});

t.test('a first hello is answered with how things stand, and then with what happens', async (t) => {
  const api = await startApi(t);
  api.node.message('before');
  const socket = await api.socket();
  api.node.message('between');
  socket.send({ hello: API_VERSION });
  const welcome = { welcome: API_VERSION, epoch: 'run-1', seq: 2, resync: api.node.snapshot() };
  t.strictSame(await socket.next(), welcome);
  api.node.message('after');
  t.match(await socket.next(), {
    event: { seq: 3, type: 'message', text: 'after', epoch: 'run-1', old: undefined },
  });
});

t.test('who draws pictures gets what happened meanwhile in one frame, and before any answer', async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  const socket = await api.socket();
  socket.send({ hello: API_VERSION, everyMs: 16 });
  await socket.next();
  const seqsOf = (frame: ServerFrame) =>
    'event' in frame ? [frame.event.seq] : 'events' in frame ? frame.events.map(({ seq }) => seq) : frame;
  for (let i = 0; i < 4; i++) api.node.message(`${i}`);
  t.strictSame(seqsOf(await socket.next()), [1], 'the first one at once');
  clock.advance(15);
  t.strictSame(socket.frames, []);
  clock.advance(1);
  t.strictSame(seqsOf(await socket.next()), [2, 3, 4], 'the others when it is time');
  clock.advance(16);
  api.node.message('a pause was before it');
  api.node.message('and one more');
  t.strictSame(seqsOf(await socket.next()), [5]);
  socket.send({ id: 1, do: 'whoami' });
  t.strictSame(seqsOf(await socket.next()), [6], 'what was before an answer is told before it');
  t.match(await socket.next(), { id: 1, ok: {} });
  t.equal(clock.pending, 0, 'nothing waits any more');
  clock.advance(16);
  for (let i = 0; i < 2; i++) api.node.message('x'.repeat(300_000));
  t.strictSame(seqsOf(await socket.next()), [7]);
  t.strictSame(seqsOf(await socket.next()), [8], 'much does not wait');
  api.node.message('said to nobody');
  await socket.end();
  await api.connections(0);
  t.equal(clock.pending, 0, 'who is gone is not waited for');
});

t.test('who comes back is told what it missed, in order, before anything new', async (t) => {
  const api = await startApi(t);
  for (const i of range(1, 500)) api.node.message(`${i}`);
  const socket = await api.socket();
  socket.send({ hello: API_VERSION, since: { epoch: 'run-1', seq: 123 } });
  const welcome = { welcome: API_VERSION, epoch: 'run-1', seq: 500, resync: null };
  t.strictSame(await socket.next(), welcome);
  for (const i of range(501, 600)) api.node.message(`${i}`);
  const events: ApiEvent[] = [];
  while (events.length < 600 - 123) {
    const frame = await socket.next();
    if ('event' in frame) events.push(frame.event);
  }
  t.strictSame(
    events.map(({ seq }) => seq),
    range(124, 600),
  );
  t.strictSame(
    events.map((event) => ('text' in event ? event.text : '')),
    range(124, 600).map(String),
  );
  t.ok(
    events.every(({ seq, old }) => (seq <= 500 ? old === true : old === undefined)),
    'old ones are marked',
  );
});

t.test('who missed nothing is told nothing again', async (t) => {
  const api = await startApi(t);
  api.node.message('one');
  const socket = await api.socket();
  socket.send({ hello: API_VERSION, since: { epoch: 'run-1', seq: 1 } });
  t.match(await socket.next(), { seq: 1, resync: null });
  api.node.message('two');
  t.match(await socket.next(), { event: { seq: 2, text: 'two' } });
});

t.test('a gap that cannot be filled is answered with how things stand', async (t) => {
  const api = await startApi(t);
  for (let i = 0; i < LIMITS.events + 10; i++) api.node.emit(LEFT);
  const resync = async (since: object | undefined) => {
    const socket = await api.socket();
    socket.send({ hello: API_VERSION, since });
    const frame = await socket.next();
    await socket.end();
    return 'welcome' in frame ? frame.resync : frame;
  };
  const snapshot = api.node.snapshot();
  t.strictSame(await resync({ epoch: 'run-1', seq: 9 }), snapshot, 'gone from the ring');
  t.equal(await resync({ epoch: 'run-1', seq: 10 }), null, 'just there');
  t.strictSame(await resync({ epoch: 'run-0', seq: 100 }), snapshot, 'another run');
  t.strictSame(await resync({ epoch: 'run-1', seq: LIMITS.events + 11 }), snapshot, 'still to come');
  t.strictSame(await resync(undefined), snapshot, 'none named');
  const bad = [
    { epoch: 'run-1', seq: -1 },
    { epoch: 'run-1', seq: 1.5 },
    { epoch: 'x'.repeat(65), seq: 1 },
    {},
  ];
  for (const since of bad) {
    const socket = await api.socket();
    socket.send({ hello: API_VERSION, since });
    t.equal(await socket.closed, 1008, JSON.stringify(since));
  }
});

t.test('what is too much to be told at once is answered with how things stand', async (t) => {
  const api = await startApi(t);
  const count = Math.ceil(LIMITS.apiSendQueueBytes / 2 / LIMITS.lineBytes);
  for (let i = 0; i < count; i++) api.node.message('x'.repeat(LIMITS.lineBytes));
  const socket = await api.socket();
  socket.send({ hello: API_VERSION, since: { epoch: 'run-1', seq: 0 } });
  t.strictSame(await socket.next(), {
    welcome: API_VERSION,
    epoch: 'run-1',
    seq: count,
    resync: api.node.snapshot(),
  });
  api.node.message('next');
  t.strictSame(await socket.seqs(1), [count + 1], 'and goes on from there');
});

t.test('who does not read is let go, and the others are not', async (t) => {
  const api = await startApi(t);
  const [slow, quick] = [await api.attach(), await api.attach()];
  slow.ws.pause();
  let sent = 0;
  while (api.sockets.size === 2) {
    for (let i = 0; i < 20; i++, sent++) api.node.message('x'.repeat(LIMITS.lineBytes));
    if (sent >= 50_000) t.bailout('it is never let go');
    await quick.seqs(20);
  }
  t.ok(sent * LIMITS.lineBytes > LIMITS.apiSendQueueBytes, 'not before the queue is full');
  api.node.message('after');
  t.strictSame(await quick.seqs(1), [sent + 1]);
  slow.ws.terminate();
});
