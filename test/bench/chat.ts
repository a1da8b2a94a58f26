import { readFileSync } from 'node:fs';
import { reconnectWithNothingNew } from '../support/idle-reconnect.js';
import { freePort, NodeProcess, twoNodes } from '../support/node-process.js';

/**
 * `npm run bench chat [MESSAGES]`, on a machine whose network is its own: how long a line takes, what a long history
 * costs who fetches it and who gives it, and how soon it is shown and searched. MESSAGES: 10000 where nothing is said.
 */
const ROOM = 'benchchat';
const LIVE = 500;
const AT_ONCE = 16;
const MiB = 1024 * 1024;
const ALONE = ['--lan-only', '--no-lan'];
const messages = Number(process.argv[2] ?? 10_000);

const [ann, bob] = await twoNodes(ROOM);
const all = [ann, bob];
try {
  await live('a line, from saying it to the event at the other end', 1);
  await manyHere();
  await sentOneByOne();
  await caughtUp();
  await metAgain();
} finally {
  for (const node of all) await node.close();
}

/** From `say` to the event of it at the other node, both told by the API; it is durable at both then. */
async function live(what: string, others: number): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < LIVE; i++) {
    const text = `live ${others} ${i}`;
    const from = performance.now();
    const there = bob.until('message', (event) => event.text === text);
    await ann.client.request('say', { room: ROOM, text });
    await there;
    times.push(performance.now() - from);
    bob.events.length = 0;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => `${times[Math.floor(share * times.length)]?.toFixed(1)} ms`;
  console.log(
    `${what}, ${others} other${others === 1 ? '' : 's'} here: median ${at(0.5)}, p95 ${at(0.95)}, n=${LIVE}`,
  );
}

async function manyHere(): Promise<void> {
  const port = await freePort();
  const hub = await NodeProcess.start(...ALONE, '--listen', `${port}`);
  const others = [hub];
  try {
    for (let i = 0; i < 5; i++) others.push(await NodeProcess.start(...ALONE));
    await hub.join(ROOM);
    for (const node of [ann, bob, ...others.slice(1)]) await node.join(ROOM, `127.0.0.1:${port}`);
    await live('the same', 7);
  } finally {
    for (const node of others) await node.close();
  }
}

async function sentOneByOne(): Promise<void> {
  const from = performance.now();
  let last = '';
  for (let sent = 0; sent < messages; sent += AT_ONCE) {
    const said = Array.from({ length: AT_ONCE }, (_, i) =>
      ann.client.request('say', { room: ROOM, text: `${sent + i} ${'words and more words '.repeat(3)}` }),
    );
    last = (await Promise.all(said)).at(-1)?.id ?? '';
    ann.events.length = 0;
    bob.events.length = 0;
  }
  const sent = performance.now() - from;
  await has(bob, last);
  const there = performance.now() - from;
  console.log(
    `${messages} lines, each durable before it is acknowledged: ${(sent / 1e3).toFixed(1)} s, at the other end after ${(there / 1e3).toFixed(1)} s`,
  );
}

/** Somebody comes who has nothing, and gets all from one who did not write it. */
async function caughtUp(): Promise<void> {
  const last = (await bob.client.request('history', { room: ROOM, limit: 1 })).messages[0]?.id as string;
  await ann.kill();
  const port = await freePort();
  const cid = await NodeProcess.start(...ALONE, '--listen', `${port}`);
  all.push(cid);
  cid.forgetPeak();
  bob.forgetPeak();
  const [bytes, giver, taker] = [bytesOfLoopback(), bob.cpuSeconds, cid.cpuSeconds];
  const from = performance.now();
  await cid.join(ROOM);
  await bob.join(ROOM, `127.0.0.1:${port}`);
  await cid.until('peer-joined');
  const met = performance.now() - from;
  await has(cid, last);
  const took = performance.now() - from - met;
  const each = (bytesOfLoopback() - bytes) / messages;
  console.log(
    `catching up with ${messages}: ${(took / 1e3).toFixed(2)} s after they met (${(met / 1e3).toFixed(2)} s), ${each.toFixed(0)} bytes a message on the wire; ` +
      `processor ${(bob.cpuSeconds - giver).toFixed(2)} s gives, ${(cid.cpuSeconds - taker).toFixed(2)} s takes; ` +
      `most memory ${(bob.peakBytes / MiB).toFixed(0)} and ${(cid.peakBytes / MiB).toFixed(0)} MiB`,
  );
  await opened(cid);
  const idle = bytesOfLoopback();
  await bob.kill();
  await bob.start();
  await bob.join(ROOM, `127.0.0.1:${port}`);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  console.log(
    `a restart with nothing new: ${((bytesOfLoopback() - idle) / 1024).toFixed(1)} KiB, all that both nodes and the API say`,
  );
}

/** The same without the start, the handshake and the API: a stream in memory that has the history's channel alone. */
async function metAgain(): Promise<void> {
  const undo: (() => unknown)[] = [];
  try {
    const t = { teardown: (fn: () => unknown) => void undo.push(fn) };
    const { bytes, people } = await reconnectWithNothingNew(t, { messages, people: 50 });
    console.log(
      `of that, what two say about a history of ${messages} lines by ${people} people when nothing is new: ${bytes} bytes, both ways`,
    );
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}

/** A start, the first page, and what is typed into the search. */
async function opened(node: NodeProcess): Promise<void> {
  await node.kill();
  await node.start();
  node.forgetPeak();
  const time = async (fn: () => Promise<unknown>) => {
    const from = performance.now();
    await fn();
    return (performance.now() - from).toFixed(1);
  };
  const join = await time(() => node.join(ROOM));
  const page = await time(() => node.client.request('history', { room: ROOM, limit: 50 }));
  const rare = await time(() =>
    node.client.request('history', { room: ROOM, limit: 50, search: `${messages - 7}` }),
  );
  const common = await time(() =>
    node.client.request('history', { room: ROOM, limit: 50, search: 'words mo' }),
  );
  console.log(
    `a room of ${messages} after a start: joined in ${join} ms, its newest page in ${page} ms, found a rare word in ${rare} ms, ` +
      `a common one in ${common} ms; most memory ${(node.peakBytes / MiB).toFixed(0)} MiB`,
  );
}

/** Resolves once a node has a message. */
async function has(node: NodeProcess, id: string): Promise<void> {
  for (;;) {
    const { messages: newest } = await node.client.request('history', { room: ROOM, limit: 1 });
    if (newest[0]?.id === id) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** On the loopback interface of this network, both ways; each byte is counted once. */
function bytesOfLoopback(): number {
  const [, counts = ''] = /^\s*lo:\s*(.*)$/m.exec(readFileSync('/proc/net/dev', 'utf8')) ?? [];
  return Number(counts.trim().split(/\s+/)[0]);
}
