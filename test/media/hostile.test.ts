import t, { type Test } from 'tap';
import type { RoomSession } from '../../src/connection/room-session.js';
import { LIMITS } from '../../src/limits.js';
import { encodeConfig, encodeFrame, type FrameHeader } from '../../src/media/frame.js';
import { mediaChannel } from '../../src/media/media-channel.js';
import { MediaPeer } from '../../src/media/media-peer.js';
import { encodeBundle } from '../../src/media/sound-bundle.js';
import { linkedSessions } from '../support/linked-sessions.js';
import { ManualClock } from '../support/manual-clock.js';
import { udxPair } from '../support/udx-pair.js';

const STREAM = 3;
const HEADER: FrameHeader = {
  kind: 'video',
  key: false,
  discardable: false,
  small: false,
  layer: 0,
  stream: STREAM,
  seq: 9,
  captureUs: 1,
  durationUs: 33_333,
  reference: 1,
};
const NONE = new Uint8Array();
const PAYLOAD = Uint8Array.of(1, 2, 3);
const picture = encodeFrame({ header: HEADER, config: NONE, payload: PAYLOAD });
const sound = encodeFrame({
  header: { ...HEADER, kind: 'audio', key: true, reference: 40 },
  config: NONE,
  payload: PAYLOAD,
});
const part = (bytes: Uint8Array, change: Partial<{ stream: number; at: number; of: number }> = {}) => ({
  stream: STREAM,
  at: 0,
  of: bytes.byteLength,
  bytes,
  ...change,
});

/** A member who sends what they like, and somebody honest who has asked for their track or not. */
async function member(t: Test, { asks = true, udx = false } = {}) {
  const { a, b } = await linkedSessions(t, udx ? { pair: (await udxPair(t)).streams } : {});
  const heard: string[] = [];
  const note = (what: string) => () => void heard.push(what);
  const clock = new ManualClock();
  const honest = new MediaPeer({
    open: b.session.open.bind(b.session) as RoomSession['open'],
    clock,
    on: {
      state: note('state'),
      ring: note('ring'),
      answer: note('answer'),
      wants: note('wants'),
      key: note('key'),
      frame: note('frame'),
      rate: () => {},
      reset: () => {},
    },
  });
  const ignore = () => {};
  const hostile = a.session.open(
    mediaChannel,
    {
      state: ignore,
      ring: ignore,
      answer: ignore,
      wants: ignore,
      key: ignore,
      sound: ignore,
      part: ignore,
      received: ignore,
      heard: ignore,
    },
    { onDatagram: ignore },
  );
  t.teardown(() => honest.close());
  if (asks) honest.ask([{ stream: STREAM, small: 0, layer: 2 }]);
  const turn = () => new Promise((done) => setImmediate(done));
  /** Resolves when `fits`. */
  const until = async (fits: () => boolean) => {
    while (!fits()) await turn();
  };
  return { honest, hostile, heard, until, violations: b.violations };
}

t.test('[D12] frames before consent are dropped unread, and a flood of them ends the stream', async (t) => {
  const { hostile, heard, until, violations } = await member(t, { asks: false });
  for (let i = 0; i < 10; i++) hostile.send('sound', sound);
  for (let i = 0; i < LIMITS.mediaUnwantedBurst; i++) hostile.send('part', part(picture));
  await until(() => violations.length > 0);
  t.equal(violations[0], 'MESSAGE_FLOOD');
  t.notOk(heard.includes('frame'), 'nothing of it went further');
});

t.test('[D12] corrupt frames of a track that is watched end the stream', async (t) => {
  const withByte = (bytes: Uint8Array, at: number, value: number) => {
    const changed = bytes.slice();
    changed[at] = value;
    return changed;
  };
  const config = encodeConfig({ width: 640, height: 480, codec: 'vp8', description: NONE });
  const keyed = encodeFrame({ header: { ...HEADER, key: true, reference: 0 }, config, payload: PAYLOAD });
  const cases: [string, string, (channel: Awaited<ReturnType<typeof member>>['hostile']) => void][] = [
    ['truncated', 'MESSAGE_MALFORMED', (to) => to.send('part', part(picture.subarray(0, 20)))],
    ['an unknown flag', 'MESSAGE_MALFORMED', (to) => to.send('part', part(withByte(picture, 1, 0x80)))],
    [
      'a configuration that is too long',
      'MESSAGE_MALFORMED',
      (to) => to.send('part', part(withByte(keyed, 21, 9))),
    ],
    ['sound among pictures', 'MESSAGE_MALFORMED', (to) => to.send('part', part(sound))],
    ['a picture among sounds', 'MESSAGE_MALFORMED', (to) => to.send('sound', picture)],
    ['more than it said to be', 'MESSAGE_MALFORMED', (to) => to.send('part', part(picture, { of: 10 }))],
    [
      'longer than any frame',
      'MESSAGE_MALFORMED',
      (to) => to.send('part', part(picture, { of: LIMITS.mediaFrameBytes + 1 })),
    ],
    [
      'a piece longer than any',
      'MESSAGE_TOO_LARGE',
      (to) => to.send('part', part(new Uint8Array(LIMITS.mediaPartBytes + 100))),
    ],
    [
      'sound longer than any',
      'MESSAGE_TOO_LARGE',
      (to) => to.send('sound', new Uint8Array(LIMITS.mediaAudioFrameBytes + 100)),
    ],
    ['nothing', 'MESSAGE_MALFORMED', (to) => to.send('part', part(NONE, { of: 10 }))],
    [
      'a hole',
      'MESSAGE_UNEXPECTED',
      (to) => {
        to.send('part', part(picture, { of: 1000 }));
        to.send('part', part(picture, { at: 500, of: 1000 }));
      },
    ],
    [
      'another length half-way',
      'MESSAGE_UNEXPECTED',
      (to) => {
        to.send('part', part(picture, { of: 1000 }));
        to.send('part', part(picture, { at: picture.byteLength, of: 2000 }));
      },
    ],
    [
      'an acknowledgement of what was never sent',
      'MESSAGE_UNEXPECTED',
      (to) => to.send('received', { bytes: 1, heldMs: 0 }),
    ],
  ];
  for (const [what, violation, attack] of cases) {
    const { hostile, heard, until, violations } = await member(t);
    attack(hostile);
    await until(() => violations.length > 0);
    t.same([violations[0], heard.includes('frame')], [violation, false], what);
  }
});

t.test('[D12] more frames than any camera makes end the stream', async (t) => {
  const { hostile, heard, until, violations } = await member(t);
  for (let i = 0; i < 1000; i++) hostile.send('part', part(picture));
  await until(() => violations.length > 0);
  t.equal(violations[0], 'MESSAGE_FLOOD');
  t.equal(heard.length, 4 * LIMITS.mediaVideoFramesPerSecond, 'as many as a link may have held back');
});

t.test(
  '[D12] a flood of requests for key frames ends the stream; for what is not taken none is heard',
  async (t) => {
    const { hostile, heard, until, violations } = await member(t);
    hostile.send('key', { stream: STREAM, small: 0 });
    hostile.send('wants', { wants: [{ stream: STREAM, small: 0, layer: 2 }] });
    await until(() => heard.includes('wants'));
    t.notOk(heard.includes('key'), 'before the track was asked for');
    for (let i = 0; i < 2 * LIMITS.mediaControlBurst; i++) hostile.send('key', { stream: STREAM, small: 0 });
    await until(() => violations.length > 0);
    t.equal(violations[0], 'MESSAGE_FLOOD');
    t.ok(heard.filter((what) => what === 'key').length <= LIMITS.mediaControlBurst);
  },
);

t.test('[D13] nothing that a member sends begins, shows or takes anything', async (t) => {
  const { honest, hostile, heard, until } = await member(t);
  hostile.send('wants', { wants: [{ stream: 1, small: 0, layer: 2 }] });
  hostile.send('key', { stream: 1, small: 0 });
  hostile.send('ring', { call: new Uint8Array(16), direct: 1, ring: 1 });
  hostile.send('answer', { call: new Uint8Array(16), answer: 0 });
  await until(() => heard.includes('answer'));
  t.same(heard, ['wants', 'key', 'ring', 'answer'], 'it is told, and that is all');
  t.equal(honest.path.sentBytes, 0);
});

t.test('[D12] [V7] datagrams that are none, that flood, or of tracks that nobody asked for', async (t) => {
  const bundle = (seq: number, stream = STREAM) =>
    encodeBundle([
      encodeFrame({
        header: { ...HEADER, kind: 'audio', key: true, reference: 40, seq, stream },
        config: NONE,
        payload: PAYLOAD,
      }),
    ]);
  const cases: [string, string, (to: Awaited<ReturnType<typeof member>>['hostile']) => void][] = [
    ['no bundle', 'MESSAGE_MALFORMED', (to) => to.sendDatagram(Uint8Array.of(9, 0, 1))],
    ['a picture', 'MESSAGE_MALFORMED', (to) => to.sendDatagram(encodeBundle([picture]))],
    ['a count of what was never sent', 'MESSAGE_UNEXPECTED', (to) => to.send('heard', { datagrams: 1 })],
  ];
  for (const [what, violation, attack] of cases) {
    const { hostile, heard, until, violations } = await member(t, { udx: true });
    attack(hostile);
    await until(() => violations.length > 0);
    t.same([violations[0], heard.includes('frame')], [violation, false], what);
  }
  const { hostile, heard, until, violations } = await member(t, { udx: true });
  for (let seq = 0; seq < 5; seq++) hostile.sendDatagram(bundle(1));
  for (let seq = 0; seq < 5; seq++) hostile.sendDatagram(bundle(seq, STREAM + 1));
  hostile.sendDatagram(bundle(2));
  await until(() => heard.filter((what) => what === 'frame').length === 2);
  t.same(heard, ['frame', 'frame'], 'a frame that comes again is not heard again');
  t.same(violations, []);
  const flood = setInterval(() => {
    for (let i = 0; i < 200; i++) hostile.sendDatagram(bundle(3));
  });
  t.teardown(() => clearInterval(flood));
  await until(() => violations.length > 0);
  t.same(violations, ['MESSAGE_FLOOD']);
});
