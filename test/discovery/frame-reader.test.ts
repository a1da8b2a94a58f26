import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import b4a from 'b4a';
import t from 'tap';
import { FrameBuffers } from '../../src/discovery/frame-buffers.js';
import { FrameReader, readBy } from '../../src/discovery/frame-reader.js';
import { LIMITS } from '../../src/limits.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const LARGE = 256 * KIB;

/** A frame as secret-stream writes it, filled with its number. */
function frame(bytes: number, fill: number): Buffer {
  const made = Buffer.alloc(3 + bytes, fill);
  made.writeUIntLE(bytes, 0, 3);
  return made;
}

function reading(buffers = new FrameBuffers()) {
  const reader = new FrameReader(buffers);
  reader.secured();
  const chunks: Buffer[] = [];
  reader.onData = (chunk) => chunks.push(chunk);
  /** As a socket reads: into what it is given, so many bytes at most at a time. */
  const read = (bytes: Buffer, most = Number.POSITIVE_INFINITY) => {
    const { buffer, callback } = reader.onread;
    let calls = 0;
    for (let at = 0; at < bytes.byteLength; calls++) {
      const into = buffer();
      const count = bytes.copy(into, 0, at, Math.min(bytes.byteLength, at + most));
      callback(count, into);
      at += count;
    }
    return calls;
  };
  return { reader, chunks, read };
}

t.test('buffers grow with what fills them, shrink when it is quiet, and are handed out once', async (t) => {
  const { reader, chunks, read } = reading();
  const size = () => reader.onread.buffer().byteLength / KIB;
  const sizes = Array.from({ length: 4 }, () => {
    const before = size();
    read(frame(before * KIB - 3, 1));
    return before;
  });
  t.same(sizes, [16, 32, 64, 64]);
  t.equal(new Set(chunks.map((chunk) => chunk.buffer)).size, 4, 'each chunk has a buffer of its own');
  const spare = reader.onread.buffer();
  read(frame(97, 2));
  const short = chunks.at(-1) as Buffer;
  t.equal(short.byteLength, 100);
  t.ok(short.buffer !== spare.buffer, 'what is short is copied');
  for (let i = 0; i < 10; i++) read(frame(97, 3));
  t.equal(size(), 16);
  const first = chunks.length;
  for (let i = 0; i < 3; i++) read(frame(4997, 4));
  const [a, b, c] = chunks.slice(first) as [Buffer, Buffer, Buffer];
  t.ok(a.buffer === b.buffer && b.byteOffset >= a.byteOffset + a.byteLength, 'the rest of a buffer is used');
  t.ok(c.buffer !== a.buffer, 'but not when little is left');
});

t.test(
  'a large frame is handed out whole, and its memory is used again once it was given back',
  async (t) => {
    const buffers = new FrameBuffers();
    const { chunks, read } = reading(buffers);
    const large = (fill: number) => frame(LARGE, fill);
    const reads = read(Buffer.concat([large(1), large(2), large(3)]));
    t.ok(reads <= 6, `${reads} reads`);
    const whole = chunks.filter(({ byteLength }) => byteLength > LARGE);
    t.equal(whole.length, 3);
    t.equal(new Set(whole.map(({ buffer }) => buffer)).size, 3, 'what nobody gave back is not read into');
    for (const [i, chunk] of whole.entries()) t.equal(chunk.at(-1), i + 1);
    const [first] = whole as [Buffer];
    buffers.giveBack(first.subarray(20, 40));
    buffers.giveBack(first);
    read(Buffer.concat([large(4), large(5)]));
    const [fourth, fifth] = chunks.filter(({ byteLength }) => byteLength > LARGE).slice(3) as [
      Buffer,
      Buffer,
    ];
    t.equal(fourth.buffer, first.buffer);
    t.ok(fifth.buffer !== first.buffer, 'given back twice, used once');
  },
);

t.test('nothing is lost or moved, however frames and reads fall', async (t) => {
  const wrong: number[] = [];
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const upTo = (most: number) => 1 + random.int(most);
    const sizes = [10, 3000, 70 * KIB, 128 * KIB, LARGE, LIMITS.frameBytes];
    const sent = Buffer.concat(Array.from({ length: 8 }, (_, i) => frame(upTo(random.pick(sizes)), i)));
    const { reader, chunks, read } = reading();
    for (let at = 0; at < sent.byteLength; ) {
      const next = Buffer.from(sent.subarray(at, at + upTo(random.chance(0.3) ? 5 : LARGE)));
      at += next.byteLength;
      if (seed % 2 === 0) read(next, upTo(LARGE));
      else reader.take(next);
    }
    if (!b4a.equals(Buffer.concat(chunks), sent)) wrong.push(seed);
  }
  t.same(wrong, [], 'seeds');
});

t.test(
  '[N1] a frame without length or over the limit is refused, and nothing after it is heard',
  async (t) => {
    for (const length of [0, LIMITS.preNoiseFrameBytes + 1]) {
      const reader = new FrameReader();
      let [heard, refused] = [0, 0];
      reader.onData = (chunk) => {
        heard += chunk.byteLength;
      };
      reader.onRefused = () => refused++;
      reader.take(frame(10, 1));
      const wrong = Buffer.alloc(2000);
      wrong.writeUIntLE(length, 0, 3);
      reader.take(wrong);
      reader.take(frame(10, 1));
      t.same([heard, refused], [13, 1]);
    }
  },
);

t.test('an accepted connection is read to its end, and the server can close', async (t) => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const frames = Array.from({ length: 64 }, (_, i) => frame(i % 3 === 0 ? 5000 : LARGE, i));
  const sent = Buffer.concat(frames);
  const buffers = new FrameBuffers();
  const reader = new FrameReader(buffers);
  reader.secured();
  let [heard, largest] = [0, 0];
  let paused = false;
  const ended = new Promise<void>((resolve) => {
    server.once('connection', (accepted) => {
      const socket = readBy(reader, accepted);
      if (!socket) throw new Error('this Node keeps its handles elsewhere: reads are small');
      reader.onData = (chunk) => {
        if (!b4a.equals(chunk, sent.subarray(heard, heard + chunk.byteLength))) t.fail(`wrong at ${heard}`);
        heard += chunk.byteLength;
        largest = Math.max(largest, chunk.byteLength);
        buffers.giveBack(chunk);
        if (paused) return;
        paused = true;
        socket.pause();
        setImmediate(() => {
          paused = false;
          socket.resume();
        });
      };
      socket.on('end', () => {
        socket.end();
        resolve();
      });
    });
  });
  connect(port, '127.0.0.1').end(sent);
  await ended;
  t.equal(heard, sent.byteLength);
  t.ok(largest > LARGE, 'large frames came whole');
  await new Promise((resolve) => server.close(resolve));
});
