import t from 'tap';
import type { Codec } from '../../src/media/codecs.js';
import { CallMedia } from '../../src/web/call/call-media.js';
import type { ToWorker } from '../../src/web/call/worker/messages.js';

const ALL: readonly Codec[] = ['opus', 'h264', 'vp9', 'av1', 'vp8'];
const OPTIONS = { othersDecode: [ALL], codec: null, framerate: 30, maxBitrateBps: null };

/** A track as mediasoup-client needs one. */
class FakeTrack extends EventTarget {
  readonly id = crypto.randomUUID();
  readonly kind: string;
  enabled = true;
  readyState = 'live';
  contentHint = '';
  stopped = false;

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  getSettings() {
    return this.kind === 'video' ? { width: 1280, height: 720 } : {};
  }

  stop(): void {
    this.stopped = true;
  }
}

const track = (kind: string) => new FakeTrack(kind) as unknown as MediaStreamTrack & FakeTrack;

/** The page's media over a worker and a node that answer what the test says. */
async function media(answers: Record<string, (params: never) => unknown> = {}) {
  const told: ToWorker[] = [];
  const asked: [string, object][] = [];
  let producer = 0;
  let feedsClosed = 0;
  const known: Record<string, (params: never) => unknown> = {
    produce: () => ({ producer: ++producer, track: `own-${producer}` }),
    consume: ({ track: id }: { track: string }) => ({
      consumer: 40 + id.length,
      kind: id.startsWith('mic') ? 'microphone' : 'camera',
      codec: id.startsWith('mic') ? 'opus' : 'vp9',
    }),
    ...answers,
  };
  const call = new CallMedia({
    encodes: ALL,
    decodes: ALL,
    link: {
      tell: (message) => void told.push(message),
      stats: async () => ({
        atMs: 0,
        senders: { s0: { kind: 'camera', codec: 'h264', sound: null, pictures: [] } },
        receivers: {},
      }),
      state: 'open',
      request: async <T>(method: string, params: object = {}) => {
        asked.push([method, params]);
        return (await known[method]?.(params as never)) as T;
      },
    },
    ends: {
      openFeed: async () => ({
        feed: { type: 'port', port: null as unknown as MessagePort },
        transfer: [],
        close: () => feedsClosed++,
      }),
      openPicture: () => ({
        track: track('video'),
        target: { type: 'stream', writable: null as unknown as WritableStream },
        transfer: [],
      }),
      openSound: async () => ({
        track: track('audio'),
        port: null as unknown as MessagePort,
        latencyMs: 10,
        close: () => {},
      }),
    },
  });
  await call.open();
  return { call, told, asked, dos: () => told.map((message) => message.do), closedFeeds: () => feedsClosed };
}

t.test(
  'a camera is encoded once for all, in the first codec that everybody reads, and numbered by the node',
  async (t) => {
    const { call, told, asked } = await media();
    await call.publish('camera', 'camera', track('video'), OPTIONS);
    t.match(told[0], {
      do: 'send',
      local: 's0',
      options: { kind: 'camera', codec: 'h264', hasSmall: true, framerate: 30 },
    });
    t.match(asked[0], ['produce', { kind: 'camera', codec: 'h264', encodings: 2, width: 1280, height: 720 }]);
    t.match(told[1], { do: 'bind', local: 's0', producer: 1 });
    await call.publish('microphone', 'microphone', track('audio'), OPTIONS);
    t.match(told[2], { options: { codec: 'opus', hasSmall: false } });
    const text = track('video');
    text.contentHint = 'text';
    await call.publish('screen-1', 'screen', text, { ...OPTIONS, othersDecode: [['opus', 'vp9']] });
    t.match(told[4], { options: { codec: 'vp9', isText: true, hasSmall: false } });
    await t.rejects(
      call.publish('screen-2', 'screen', track('video'), { ...OPTIONS, othersDecode: [['opus']] }),
    );
  },
);

t.test(
  'what is withheld is paused at the worker, not sent as black pictures; its track is its owner’s',
  async (t) => {
    const { call, told, asked } = await media();
    const first = track('video');
    await call.publish('camera', 'camera', first, OPTIONS);
    await call.withhold('camera');
    await new Promise(setImmediate);
    t.ok(told.some((message) => message.do === 'pause-send' && message.paused));
    t.ok(
      asked.some(([method, params]) => method === 'pause-producer' && 'paused' in params && params.paused),
    );
    t.ok(told.some((message) => message.do === 'feed' && message.feed === null));
    t.same([first.stopped, first.enabled], [false, true]);
    const second = track('video');
    await call.publish('camera', 'camera', second, OPTIONS);
    await new Promise(setImmediate);
    t.equal(asked.filter(([method]) => method === 'produce').length, 1, 'the same producer goes on');
    t.match(told.at(-1), { do: 'pause-send', paused: false });
  },
);

t.test('a node that refuses rejects that one thing; the next one goes through', async (t) => {
  let refuses = true;
  const { call, dos } = await media({
    produce: () => {
      if (refuses) throw new Error('TRACKS_LIMIT');
      return { producer: 7, track: 'own' };
    },
  });
  await t.rejects(call.publish('camera', 'camera', track('video'), OPTIONS), /TRACKS_LIMIT/);
  refuses = false;
  await call.publish('microphone', 'microphone', track('audio'), OPTIONS);
  t.same(dos(), ['send', 'stop-send', 'send', 'bind'], 'nothing is left of the first');
});

t.test('the stream that the library probes the bandwidth with is never received', async (t) => {
  const { call, told } = await media();
  await call.watch('cam', 'fox person', false);
  await call.watch('cam-two', 'owl person', false);
  await new Promise(setImmediate);
  const received = told.filter((message) => message.do === 'receive-video');
  t.same(
    received.map((message) => 'consumer' in message && message.consumer),
    [43, 47],
  );
});

t.test('tracks are received together, in step by group, and each can be paused and let go of', async (t) => {
  const { call, told, asked } = await media();
  const [sound] = await Promise.all([
    call.watch('mic', 'fox person', false),
    call.watch('cam', 'fox person', true),
  ]);
  t.equal(sound.kind, 'audio');
  t.match(told, [
    { do: 'receive-audio', group: 'fox person' },
    { do: 'receive-video', group: 'fox person', codec: 'vp9' },
  ]);
  t.ok(asked.some(([method, params]) => method === 'set-consumer' && 'small' in params));
  call.pauseWatching('cam', true);
  call.pauseWatching('cam', false);
  call.pauseWatching('cam', true);
  await new Promise((done) => setTimeout(done, 5));
  t.match(told.at(-1), { do: 'pause-receive', paused: true }, 'the last word counts');
  await call.unwatch('cam');
  await new Promise(setImmediate);
  t.match(told.at(-1), { do: 'stop-receive', consumer: 43 });
  t.same(asked.at(-1), ['close-consumer', { consumer: 43 }]);
  t.equal(await call.watch('mic', 'fox person', false), sound, 'once');
});

t.test('after the end nothing is open, also what was still being asked for', async (t) => {
  let answer = (_produced: object) => {};
  const late = new Promise<object>((resolve) => {
    answer = resolve;
  });
  const { call, dos, closedFeeds } = await media({ produce: () => late });
  const published = call.publish('camera', 'camera', track('video'), OPTIONS);
  await new Promise((done) => setTimeout(done, 5));
  call.close();
  answer({ producer: 1, track: 'own' });
  await published.catch(() => {});
  await new Promise((done) => setTimeout(done, 5));
  t.ok(dos().includes('stop-send'));
  t.equal(closedFeeds(), 1);
});
