import NoiseSecretStream from '@hyperswarm/secret-stream';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import { Counters } from '../../src/counters.js';
import type { FoundStream } from '../../src/discovery/discovery.js';
import { TcpTransport } from '../../src/discovery/tcp-transport.js';
import { silentLog } from '../../src/log.js';

const LARGE = 256 * 1024 + 100;
const FRAMES = 200;

async function transport(t: Test): Promise<TcpTransport> {
  const keyPair = NoiseSecretStream.keyPair();
  const tcp = new TcpTransport({ keyPair, clock: systemClock, log: silentLog, counters: new Counters() });
  t.teardown(() => tcp.close());
  await tcp.open();
  return tcp;
}

t.test('a stream of large frames takes the memory of a few, at both ends', async (t) => {
  const [a, b] = await Promise.all([transport(t), transport(t)]);
  const accepted = new Promise<FoundStream>((resolve) => b.on('incoming', resolve));
  const dialled = new Promise<FoundStream>((resolve) => {
    void a.dial({ host: '127.0.0.1', port: b.port as number, rooms: [] }, resolve);
  });
  const [from, to] = await Promise.all([dialled, accepted]);
  const [written, read] = [new Set<ArrayBufferLike>(), new Set<ArrayBufferLike>()];
  let heard = 0;
  const all = new Promise<void>((resolve) => {
    to.noise.on('data', (frame) => {
      if (frame.byteLength !== LARGE || frame[0] !== heard % 251 || frame.at(-1) !== heard % 251)
        t.fail(`frame ${heard}`);
      read.add(frame.buffer);
      to.recycle?.(frame);
      if (++heard === FRAMES) resolve();
    });
  });
  for (let i = 0; i < FRAMES; i++) {
    const frame = from.noise.alloc(LARGE);
    written.add(frame.buffer);
    frame.fill(i % 251);
    if (!from.noise.write(frame)) await new Promise<void>((resolve) => from.noise.once('drain', resolve));
  }
  await all;
  t.ok(written.size < FRAMES / 10, `${written.size} buffers were written from`);
  t.ok(read.size < FRAMES / 10, `${read.size} buffers were read into`);
});
