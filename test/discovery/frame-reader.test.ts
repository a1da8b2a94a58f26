import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import b4a from 'b4a';
import t from 'tap';
import { ReadBuffers, readingInto } from '../../src/discovery/read-buffers.js';

const KIB = 1024;

t.test('buffers grow with what fills them, shrink when it is quiet, and are handed out once', async (t) => {
  const reads = new ReadBuffers();
  const { buffer, callback } = reads.onread;
  const chunks: Buffer[] = [];
  reads.onData = (chunk) => chunks.push(chunk);
  const read = (bytes: number) => {
    const into = buffer();
    callback(Math.min(bytes, into.byteLength), into);
    return into;
  };
  const sizes = Array.from({ length: 9 }, () => read(Number.POSITIVE_INFINITY).byteLength / KIB);
  t.same(sizes, [16, 32, 64, 128, 256, 512, 1024, 1024, 1024]);
  t.equal(new Set(chunks.map((chunk) => chunk.buffer)).size, 9, 'each chunk has a buffer of its own');
  const spare = read(100);
  const short = chunks.at(-1) as Buffer;
  t.equal(short.byteLength, 100);
  t.ok(short.buffer !== spare.buffer, 'what is short is copied');
  for (let i = 0; i < 10; i++) read(100);
  t.equal(read(100).byteLength, 16 * KIB);
  t.equal(read(100), read(100), 'and the buffer used again');
  const first = chunks.length;
  for (let i = 0; i < 3; i++) read(5000);
  const [a, b, c] = chunks.slice(first) as [Buffer, Buffer, Buffer];
  t.ok(a.buffer === b.buffer && b.byteOffset >= a.byteOffset + a.byteLength, 'the rest of a buffer is used');
  t.ok(c.buffer !== a.buffer, 'but not when little is left');
});

t.test(
  'an accepted connection reads into them, in order and to its end, and the server can close',
  async (t) => {
    const total = 32 * KIB * KIB;
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const reads = new ReadBuffers();
    let [heard, largest] = [0, 0];
    let paused = false;
    const ended = new Promise<void>((resolve) => {
      server.once('connection', (accepted) => {
        const socket = readingInto(accepted, reads);
        if (!socket) throw new Error('this Node keeps its handles elsewhere: reads are small');
        reads.onData = (chunk) => {
          for (let i = 0; i < chunk.byteLength; i += 4096)
            if (chunk[i] !== ((heard + i) >> 12) % 251) t.fail(`a wrong byte at ${heard + i}`);
          heard += chunk.byteLength;
          largest = Math.max(largest, chunk.byteLength);
          if (paused) t.fail('heard something while paused');
          if (heard < total / 2) return;
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
    const data = b4a.alloc(total);
    for (let i = 0; i < total; i++) data[i] = (i >> 12) % 251;
    const client = connect(port, '127.0.0.1');
    client.end(data);
    await ended;
    t.equal(heard, total);
    t.ok(largest > 64 * KIB, `reads of up to ${largest} bytes`);
    await new Promise((resolve) => server.close(resolve));
  },
);
