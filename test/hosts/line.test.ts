import { once } from 'node:events';
import path from 'node:path';
import t from 'tap';
import type { Figures } from '../bench/bench-session.js';
import { has } from '../support/needs.js';
import { Line } from './line.js';

const END = path.resolve('dist/test/bench/link-end.js');

for (const { name, mbit, roundTripMs, p99Ms } of [
  { name: '100 Mbit/s', mbit: 100, roundTripMs: 5, p99Ms: 3_000 },
  { name: '1 Mbit/s', mbit: 1, roundTripMs: 20, p99Ms: 5_000 },
]) {
  t.test(`[S1] on a line of ${name} a message comes through beside bulk`, async (t) => {
    if (!has(t, 'root', 'ip', 'python3')) return;
    const line = await Line.open({ mbit, roundTripMs });
    t.teardown(() => line.close());
    const [from, to] = line.hosts;
    const listener = to.spawn(process.execPath, [END, 'listen', 'tcp', line.addresses[1]], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [where] = (await once(listener.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const { out } = await from.run(process.execPath, [END, 'send', 'tcp', `${where}`.trim(), 'ours', '4']);
    const { megabytesPerSecond, roundTrips } = JSON.parse(out) as Figures;
    const sorted = [...roundTrips].sort((a, b) => a - b);
    t.ok(
      megabytesPerSecond <= (mbit / 8) * 1.1,
      `${megabytesPerSecond} MB/s: the line is no wider than it says`,
    );
    t.ok(megabytesPerSecond >= mbit / 8 / 10, `${megabytesPerSecond} MB/s, on a machine that does much else`);
    t.ok((sorted[0] as number) >= roundTripMs, `${sorted[0]} ms at least`);
    t.ok((sorted[Math.floor(sorted.length * 0.99)] as number) < p99Ms, `99 of 100 within ${p99Ms} ms`);
  });
}
