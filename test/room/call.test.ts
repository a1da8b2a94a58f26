import t from 'tap';
import { ProtocolError } from '../../src/errors.js';
import type { PeerId } from '../../src/identity/peer-id.js';
import { encodeConfig, encodeFrame, type Frame } from '../../src/media/frame.js';
import { ReferenceTracker } from '../../src/media/frame-gate.js';
import type { Room } from '../../src/room/room.js';
import type { RoomCallEvents } from '../../src/room/room-call.js';
import { next } from '../support/memory-node.js';
import { people } from '../support/one-room.js';

const CAMERA = { kind: 'camera', codec: 'vp9', encodings: 1, width: 640, height: 480 } as const;
const CONFIG = encodeConfig({
  width: 640,
  height: 480,
  codec: 'vp09.00.31.08',
  description: new Uint8Array(),
});

/** An encoder that makes frames of nothing. */
class Encoder {
  readonly #references = new ReferenceTracker();
  readonly stream: number;

  constructor(stream: number) {
    this.stream = stream;
  }

  frame({ key = false, layer = 0, bytes = 1000 } = {}): Uint8Array {
    const { seq, reference } = this.#references.next(layer, key);
    return encodeFrame({
      header: {
        kind: 'video',
        key,
        discardable: layer > 0,
        small: false,
        layer,
        stream: this.stream,
        seq,
        captureUs: seq * 33_333,
        durationUs: 33_333,
        reference,
      },
      config: key ? CONFIG : new Uint8Array(),
      payload: new Uint8Array(bytes).fill(seq % 256),
    });
  }
}

/** The next event of this name in a room's call that fits. */
const heard = <K extends keyof RoomCallEvents>(
  { call }: Room,
  event: K,
  fits: (value: RoomCallEvents[K][0]) => boolean = () => true,
): Promise<RoomCallEvents[K][0]> =>
  next<RoomCallEvents[K][0]>((fn) => call.on(event, (...[value]) => fn(value)), fits);

/** Resolves when `room` knows a call that fits. */
async function until(room: Room, fits: () => boolean): Promise<void> {
  while (!fits()) await heard(room, 'change');
}

const here = (room: Room) => room.call.calls[0]?.members.length ?? 0;

t.test('whoever is in the room sees the call and who is in it; it ends with the last one', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const seen: string[] = [];
  bob.call.on('change', ({ type }) => void seen.push(type));
  ann.call.join({ decodes: ['opus', 'vp9'] });
  await until(bob, () => here(bob) === 1);
  t.equal(bob.call.joined, null, 'nobody is put into a call');
  t.same(bob.call.calls[0]?.members[0]?.decodes, ['opus', 'vp9']);
  bob.call.join({ decodes: [] });
  await until(ann, () => here(ann) === 2);
  t.equal(ann.call.joined?.id, bob.call.joined?.id, 'it is one call');
  bob.call.raiseHand(true);
  await until(ann, () => ann.call.calls[0]?.members.some(({ hand }) => hand) === true);
  ann.call.leave();
  ann.call.leave();
  await until(bob, () => here(bob) === 1);
  bob.call.leave();
  await until(ann, () => ann.call.calls.length === 0);
  t.same(seen.slice(0, 4), ['started', 'joined', 'changed', 'joined']);
  t.equal(seen.at(-1), 'ended');
});

t.test('two who start at once are in one call', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  ann.call.join({ decodes: [] });
  bob.call.join({ decodes: [] });
  await until(ann, () => here(ann) === 2);
  await until(bob, () => here(bob) === 2);
  t.equal(ann.call.joined?.id, bob.call.joined?.id);
});

t.test('a call of two is theirs alone', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob', 'Eve');
  const [ann, bob, eve] = rooms as [Room, Room, Room];
  const bobId = (ann.members.find(({ name }) => name === 'Bob') as { id: PeerId }).id;
  const annId = (bob.members.find(({ name }) => name === 'Ann') as { id: PeerId }).id;
  ann.call.join({ direct: bobId, decodes: [] });
  const ringing = heard(bob, 'ringing');
  const outcomes: string[] = [];
  ann.call.on('ring-outcome', ({ outcome }) => void outcomes.push(outcome));
  ann.call.ring(bobId);
  const ring = await ringing;
  t.same([ring.from, ring.direct], [annId, true]);
  t.same(bob.call.joined, null, '[D13] a ring makes nobody join');
  const ended = heard(bob, 'ring-ended');
  bob.call.join({ direct: annId, decodes: [] });
  t.equal((await ended).end, 'answered');
  await until(ann, () => here(ann) === 2);
  t.same(outcomes, ['ringing', 'accepted']);
  t.same(eve.call.calls, [], 'nobody else hears of it');
  t.throws(() => eve.call.consume('x', { onFrame() {}, onClosed() {} }));
});

t.test('who declines, who is busy', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const bobId = (ann.members[0] as { id: PeerId }).id;
  ann.call.join({ direct: bobId, decodes: [] });
  const declined = heard(ann, 'ring-outcome', ({ outcome }) => outcome !== 'ringing');
  const ringing = heard(bob, 'ringing');
  ann.call.ring(bobId);
  bob.call.decline((await ringing).call);
  t.equal((await declined).outcome, 'declined');
  bob.call.join({ decodes: [] });
  const busy = heard(ann, 'ring-outcome');
  const missed = heard(bob, 'ring-ended');
  ann.call.ring(bobId);
  t.equal((await busy).outcome, 'busy');
  t.equal((await missed).end, 'missed', 'and Bob is told that Ann rang');
});

t.test('[D12] no frame is given to whoever has not asked for its track, and none is sent', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  ann.call.join({ decodes: [] });
  const track = ann.call.produce(CAMERA);
  const encoder = new Encoder(track.stream);
  const rates: boolean[] = [];
  ann.call.on('rate', ({ active }) => void rates.push(active));
  await until(bob, () => bob.call.calls[0]?.members[0]?.tracks.length === 1);
  t.throws(() => bob.call.consume(track.id, { onFrame() {}, onClosed() {} }), { code: 'TRACK_UNKNOWN' });
  bob.call.join({ decodes: [] });
  await until(ann, () => here(ann) === 2);
  ann.call.send(encoder.frame({ key: true }));
  t.equal(ann.call.paths[0]?.path.sentBytes, 0, 'in the call, but not asked for: nothing leaves');

  const frames: Frame[] = [];
  let closed = false;
  const key = heard(ann, 'key');
  let onFrame = () => {};
  const first = new Promise<void>((resolve) => {
    onFrame = resolve;
  });
  const consumption = bob.call.consume(track.id, {
    onFrame: (frame) => {
      frames.push(frame);
      onFrame();
    },
    onClosed: () => {
      closed = true;
    },
  });
  t.same(await key, { stream: track.stream, small: false }, 'a key frame is asked for at once');
  t.equal(rates.at(-1), true, 'and the encoder is to run');
  ann.call.send(encoder.frame());
  ann.call.send(encoder.frame({ key: true, bytes: 100_000 }));
  await first;
  t.same(
    frames.map(({ header, payload }) => [header.key, payload.byteLength, payload[99_999]]),
    [[true, 100_000, 2]],
    'it begins with a key frame, whole',
  );
  const idle = heard(ann, 'rate', ({ active }) => !active);
  consumption.set({ paused: true });
  await idle;
  ann.call.closeTrack(track.stream);
  await until(bob, () => bob.call.joined?.members.every(({ tracks }) => tracks.length === 0) === true);
  t.ok(closed, 'the track is gone');
});

t.test('whoever leaves takes their tracks along, and so does whoever is lost', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  ann.call.join({ decodes: [] });
  bob.call.join({ decodes: [] });
  const track = ann.call.produce(CAMERA);
  await until(bob, () => bob.call.track(track.id) !== null);
  const closed = new Promise<void>((resolve) => {
    bob.call.consume(track.id, { onFrame() {}, onClosed: resolve });
  });
  await ann.close();
  await closed;
  await until(bob, () => here(bob) === 1);
  t.equal(bob.call.joined?.members.length, 1, 'Bob stays');
});

t.test('who crashes in a call is out of it for everybody, and it ends with the last one', async (t) => {
  const { nodes, rooms } = await people(t, 'Ann', 'Bob', 'Eve');
  const [ann, bob, eve] = rooms as [Room, Room, Room];
  const seen: string[] = [];
  eve.call.on('change', ({ type }) => void seen.push(type));
  ann.call.join({ decodes: [] });
  bob.call.join({ decodes: [] });
  const track = bob.call.produce(CAMERA);
  await until(ann, () => ann.call.track(track.id) !== null);
  await until(
    eve,
    () => here(eve) === 2 && eve.call.calls[0]?.members.some(({ tracks }) => tracks.length) === true,
  );
  const closed = new Promise<void>((resolve) => {
    ann.call.consume(track.id, { onFrame() {}, onClosed: resolve });
  });
  const crash = (node: number) => nodes[node]?.discoveries[0]?.close(); // its streams end, and nobody is told why
  await crash(1);
  await closed;
  await until(eve, () => here(eve) === 1);
  t.equal(here(ann), 1, 'Ann is in it alone');
  t.ok(ann.call.joined, 'and still is');
  await crash(0);
  await until(eve, () => eve.call.calls.length === 0);
  t.same(
    seen.filter((type) => type !== 'changed'),
    ['started', 'joined', 'joined', 'track-started', 'track-stopped', 'left', 'left', 'ended'],
  );
});

t.test('[V6] who joins a still screen just after another has a picture of it soon too', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob', 'Eve');
  const [ann, bob, eve] = rooms as [Room, Room, Room];
  ann.call.join({ decodes: [] });
  const { id, stream } = ann.call.produce({ ...CAMERA, kind: 'screen' });
  const encoder = new Encoder(stream);
  let keys = 0;
  // Nothing moves: frames are made when somebody needs one, and not otherwise.
  ann.call.on('key', () => {
    keys++;
    ann.call.send(encoder.frame({ key: true }));
  });
  for (const late of [bob, eve]) {
    late.call.join({ decodes: [] });
    await until(late, () => late.call.track(id) !== null);
    const since = performance.now();
    await new Promise<void>((resolve) => {
      late.call.consume(id, { onFrame: () => resolve(), onClosed() {} });
    });
    const ms = performance.now() - since;
    t.ok(ms < 500, `a picture after ${ms.toFixed(0)} ms`);
  }
  t.equal(keys, 2);
});

t.test('what cannot be shown is refused', async (t) => {
  const { rooms } = await people(t, 'Ann');
  const [ann] = rooms as [Room];
  t.throws(() => ann.call.produce(CAMERA), { code: 'CALL_UNKNOWN' });
  ann.call.join({ decodes: [] });
  t.throws(() => ann.call.produce({ ...CAMERA, codec: 'opus' }), { code: 'API_BAD_REQUEST' });
  for (let i = 0; i < 8; i++) ann.call.produce(CAMERA);
  t.throws(() => ann.call.produce(CAMERA), { code: 'TRACKS_LIMIT' });
  t.throws(() => ann.call.pause(99, true), { code: 'TRACK_UNKNOWN' });
  t.throws(() => ann.call.send(new Uint8Array(30)), new ProtocolError('MESSAGE_MALFORMED'));
});
