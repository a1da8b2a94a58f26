import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import c from 'compact-encoding';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { replaces } from '../../src/connection/tie-break.js';
import { LIMITS } from '../../src/limits.js';
import type { Room } from '../../src/room/room.js';
import { liveHeapBytes } from '../support/live-heap.js';
import { BreakableNetwork, type MemoryDiscovery, MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';
import { noisePair } from '../support/noise-pair.js';

const joined = (room: Room, name: string) =>
  room.members.some((member) => member.name === name)
    ? Promise.resolve()
    : next<{ name: string }>(
        (fn) => room.on('member-joined', fn),
        (member) => member.name === name,
      );
const left = (room: Room) => next<{ reason: string }>((fn) => room.on('member-left', fn));
const line = (room: Room, text: string) =>
  next<{ text: string }>(
    (fn) => room.on('line', fn),
    (said) => said.text === text,
  );

t.test('members of one room see and hear each other', async (t) => {
  const network = new MemoryNetwork();
  const keys = roomNumber(1);
  const [a, b, d] = [
    await MemoryNode.open(t, 'Ann', network),
    await MemoryNode.open(t, 'Bob', network),
    await MemoryNode.open(t, 'Dan', network),
  ];
  const [atA, atB, atD] = [await a.join(keys), await b.join(keys), await d.join(roomNumber(2))];
  await Promise.all([joined(atA, 'Bob'), joined(atB, 'Ann')]);
  const heard = line(atB, 'hello');
  const delivered = next<{ id: string; count: number }>((fn) => atA.on('delivered', fn));
  const said = await atA.say('hello');
  t.equal(said.recipients, 1);
  t.match(await heard, { id: said.id, author: { name: 'Ann', id: a.id } });
  t.match(await delivered, { id: said.id, count: 1, to: { name: 'Bob' } });
  t.equal(atD.members.length, 0, 'who is in another room sees nobody');
  t.equal(a.network.connections.size, 1);

  const renamed = next<{ was: string; member: { name: string } }>((fn) => atA.on('member-renamed', fn));
  atB.rename('Rob');
  t.match(await renamed, { was: 'Bob', member: { name: 'Rob' } });
  await t.rejects(atA.say(' \n'), { code: 'MESSAGE_INVALID' });
  await t.rejects(atA.say('x'.repeat(LIMITS.lineBytes + 1)), { code: 'MESSAGE_INVALID' });
});

t.test('[P5] a later room is proven on the stream that is there, whoever joins it last', async (t) => {
  const network = new MemoryNetwork();
  const [a, b] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [one] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await joined(one, 'Bob');
  for (const [n, first, second] of [
    [2, a, b],
    [3, b, a],
  ] as const) {
    const atFirst = await first.join(roomNumber(n));
    const atSecond = await second.join(roomNumber(n));
    await Promise.all([joined(atFirst, second.name), joined(atSecond, first.name)]);
  }
  t.equal(a.network.connections.size, 1);
  t.equal([...a.network.connections.values()][0]?.sessions.size, 3);

  const gone = left(b.rooms.get(roomNumber(2).id) as Room);
  await a.leave(roomNumber(2));
  t.equal((await gone).reason, 'left');
  t.equal(one.members.length, 1, 'the other rooms are not touched');
  const back = await a.join(roomNumber(2));
  await joined(back, 'Bob');
  const last = left(one);
  await b.network.close();
  t.equal((await last).reason, 'left', 'a node that ends says goodbye');
  t.same(
    [a, b].map(({ counters }) => counters.snapshot()),
    [{}, {}],
    'nobody has broken a rule',
  );
});

t.test('[K2] both ends decide alike between two streams, and a decision can be repeated', async (t) => {
  const facts = fc.record({
    carrier: fc.constantFrom('tcp' as const, 'udx' as const),
    initiatorKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  fc.assert(
    fc.property(facts, facts, (x, y) => {
      const same = x.carrier === y.carrier && b4a.equals(x.initiatorKey, y.initiatorKey);
      return same ? replaces(x, y) && replaces(y, x) : replaces(x, y) !== replaces(y, x);
    }),
  );
  t.ok(
    replaces(
      { carrier: 'tcp', initiatorKey: b4a.alloc(32) },
      { carrier: 'udx', initiatorKey: b4a.alloc(32, 255) },
    ),
  );
});

t.test('[K2] [C1] a better path takes over without a line lost or heard twice', async (t) => {
  const [lan, internet] = [new MemoryNetwork(), new MemoryNetwork()];
  const [a, b] = [
    await MemoryNode.open(t, 'Ann', lan, internet),
    await MemoryNode.open(t, 'Bob', lan, internet),
  ];
  const keys = [roomNumber(1), roomNumber(2)] as const;
  for (const node of [a, b]) node.discoveries[0]?.leave('nothing');
  const lanOf = (node: MemoryNode) => node.discoveries[0] as (typeof node.discoveries)[0] & object;
  const realJoin = [a, b].map((node) => lanOf(node).join.bind(lanOf(node)));
  for (const node of [a, b]) lanOf(node).join = () => {}; // at first only the Internet is there
  const [oneA, oneB] = [await a.join(keys[0]), await b.join(keys[0])];
  const [twoA, twoB] = [await a.join(keys[1]), await b.join(keys[1])];
  await Promise.all([joined(oneA, 'Bob'), joined(oneB, 'Ann'), joined(twoA, 'Bob'), joined(twoB, 'Ann')]);
  const connection = [...a.network.connections.values()][0];
  t.equal(connection?.path, 'internet');

  const heard: string[] = [];
  const offs: (() => void)[] = [];
  oneB.on('line', ({ text }) => heard.push(text));
  for (const room of [oneA, oneB, twoA, twoB])
    offs.push(room.on('member-left', () => t.fail('nobody leaves while a path changes')));
  const lines = Array.from({ length: 300 }, (_, i) => `line ${i}`);
  const all = line(oneB, 'line 299');
  const saying = (async () => {
    for (const [i, text] of lines.entries()) {
      await oneA.say(text);
      if (i === 100) for (const join of realJoin) join({ ...keys[0], lanOnly: false });
    }
  })();
  await Promise.all([saying, all]);
  t.same(heard, lines);
  const hasMoved = () =>
    connection?.path === 'lan' &&
    [...connection.sessions.values()].every((session) => session.isOn(connection.link));
  while (!hasMoved()) await new Promise((resolve) => setImmediate(resolve));
  t.equal(connection?.sessions.size, 2, 'the room that only the old stream had proven has moved too');
  const other = line(twoB, 'in two');
  await twoA.say('in two');
  await other;
  for (const off of offs) off();
});

for (const slow of ['initiator', 'responder'] as const)
  t.test(
    `[K2] nobody leaves for the end that still proves the better path, the ${slow} being slow`,
    async (t) => {
      const lag = { initiator: 0, responder: 0, [slow]: 50 };
      const [lan, internet] = [new MemoryNetwork(lag), new MemoryNetwork()];
      const [a, b] = [
        await MemoryNode.open(t, 'Ann', lan, internet),
        await MemoryNode.open(t, 'Bob', lan, internet),
      ];
      const [atA, atB] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
      await Promise.all([joined(atA, 'Bob'), joined(atB, 'Ann')]);
      const gone: string[] = [];
      for (const room of [atA, atB]) room.on('member-left', ({ reason }) => gone.push(reason));
      const ways = [a, b].map(({ network }) => [...network.connections.values()][0]);
      t.same(
        ways.map((way) => way?.path),
        ['internet', 'internet'],
      );
      while (ways.some((way) => way?.path !== 'lan' || way.sessions.size === 0))
        await new Promise((resolve) => setTimeout(resolve, 5));
      const heard = line(atB, 'after');
      await atA.say('after');
      await heard;
      t.same(gone, []);
    },
  );

/** Two in one room, who see each other by the first network; the first of them has the smaller key. */
async function two(t: Test, ...networks: MemoryNetwork[]) {
  const nodes = [await MemoryNode.open(t, 'Ann', ...networks), await MemoryNode.open(t, 'Bob', ...networks)];
  nodes.sort((a, b) => b4a.compare(a.keyPair.publicKey, b.keyPair.publicKey));
  const [a, b] = nodes as [MemoryNode, MemoryNode];
  const [atA, atB] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await Promise.all([joined(atA, b.name), joined(atB, a.name)]);
  const gone: string[] = [];
  for (const room of [atA, atB])
    room.on('member-left', ({ member, reason }) => gone.push(`${member.name} ${reason}`));
  const link = (node: MemoryNode) => [...node.network.connections.values()][0]?.link;
  /** Resolves when both are on another stream than this one, and hear each other on it. */
  const moved = async (from: { a: unknown; b: unknown }) => {
    while (link(a) === from.a || link(b) === from.b || link(a)?.closed || link(b)?.closed)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const heard = [line(atB, 'from a'), line(atA, 'from b')];
    await Promise.all([atA.say('from a'), atB.say('from b')]);
    await Promise.all(heard);
  };
  return { a, b, atA, atB, gone, moved, links: () => ({ a: link(a), b: link(b) }) };
}

t.test('[K2] nobody leaves where a stream ends without a word and another follows', async (t) => {
  const { links, moved, gone } = await two(t, new MemoryNetwork());
  const from = links();
  // As hyperswarm does with the stream in use when one that crossed it comes in.
  const stream = from.a?.mux.stream as unknown as NoiseSecretStream | undefined;
  stream?.destroy();
  await moved(from);
  t.same(gone, []);
});

t.test('[K3] who is gone without a word is lost when nothing follows', async (t) => {
  const { b, atA, gone } = await two(t, new MemoryNetwork());
  const start = performance.now();
  const away = left(atA);
  await b.discoveries[0]?.close(); // its streams end, and it dials nobody any more
  t.equal((await away).reason, 'lost');
  const ms = performance.now() - start;
  t.ok(ms >= LIMITS.replacedStreamGraceMs - 50 && ms < 30_000, `after ${Math.round(ms)} ms`);
  t.ok(gone.includes(`${b.name} lost`));
});

for (const sees of ['a', 'b'] as const)
  t.test(
    `[K2] a path breaks, which one end alone sees, the one with the ${sees === 'a' ? 'smaller' : 'greater'} key`,
    async (t) => {
      const network = new BreakableNetwork();
      const nodes = await two(t, network);
      const from = nodes.links();
      network.break();
      const start = performance.now();
      nodes[sees].network.refresh();
      await nodes.moved(from);
      t.ok(performance.now() - start < LIMITS.doubtAfterMs, 'long before the other end would have seen it');
      t.same(nodes.gone, [], 'and nobody has left');
      t.equal(nodes[sees].counters.snapshot()['streams doubted'], 1);
    },
  );

t.test('[K2] one too many is refused while the one in use lives, and nobody leaves', async (t) => {
  const network = new MemoryNetwork();
  const { a, b, links, gone } = await two(t, network);
  const from = links();
  const [mine, theirs] = await noisePair({ initiator: a.keyPair, responder: b.keyPair }, network.line);
  const closed = new Promise<void>((resolve) => void theirs.on('close', () => resolve()));
  const [atA, atB] = [a, b].map(({ discoveries: [one] }) => one) as [MemoryDiscovery, MemoryDiscovery];
  atB.hand(theirs, atA, []);
  atA.hand(mine, atB, [roomNumber(1).id]);
  await closed;
  t.same([links().a === from.a, links().b === from.b], [true, true], 'the stream is the one of before');
  t.same(gone, []);
});

t.test('[B7] a member who sends a nested batch loses its stream, and the node goes on', async (t) => {
  const network = new MemoryNetwork();
  const [a, b] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Mal', network)];
  const [atA] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await joined(atA, 'Mal');
  const gone = left(atA);
  const uint = (n: number) => c.encode(c.uint, n) as Uint8Array;
  const [link] = [...b.network.connections.values()].map((connection) => connection.link);
  const inner = b4a.concat([b4a.from([0]), uint(1), uint(1), b4a.from([0])]);
  const stream = link?.mux.stream as unknown as NoiseSecretStream;
  stream.write(b4a.concat([b4a.from([0, 0, 0]), uint(inner.length), inner]));
  t.equal((await gone).reason, 'lost');
  t.match(a.counters.snapshot(), { 'violation BATCH_NESTED': 1 });
  await joined(atA, 'Mal'); // it may come back: it is a member
});

t.test('[C9] who sends no profile is neither shown nor heard', async (t) => {
  const network = new MemoryNetwork();
  const a = await MemoryNode.open(t, 'Ann', network);
  const b = await MemoryNode.open(t, 'Bob', network);
  const atA = await a.join(roomNumber(1));
  const atB = await b.join(roomNumber(1));
  await joined(atA, 'Bob');
  atB.rename('\u202e\u200b');
  await next((fn) => atA.on('member-renamed', fn));
  t.equal(atA.members[0]?.name, 'Nameless', 'a name that cannot be seen is none');
});

t.test('[B2] [L5] a flood of lines ends the stream of who floods', async (t) => {
  const network = new MemoryNetwork();
  const [a, b] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Mal', network)];
  const [atA] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await joined(atA, 'Mal');
  const gone = left(atA);
  const [session] = b.sessions;
  const { chatChannel } = await import('../../src/chat/chat-channel.js');
  const [channel] = [...(b.network.connections.values().next().value?.link.mux ?? [])].filter(
    ({ protocol }) => protocol === chatChannel.name,
  );
  t.ok(session && channel);
  const typing = Object.keys(chatChannel.messages).indexOf('typing');
  for (let i = 0; i < LIMITS.chatUrgentBurst * 2; i++) channel?.messages[typing]?.send({ on: i % 2 });
  await gone;
  t.match(a.counters.snapshot(), { 'violation MESSAGE_FLOOD': 1 });
});

t.test('[L5] [R2] a full room takes nobody else in, and tells them', async (t) => {
  const network = new MemoryNetwork();
  const a = await MemoryNode.open(t, 'Ann', network);
  const atA = await a.join(roomNumber(1));
  for (let i = 0; i <= LIMITS.peersPerRoom; i++) {
    const node = await MemoryNode.open(t, `N${i}`, network);
    node.discoveries[0]!.refresh = () => {};
    const room = await node.join(roomNumber(1));
    const full = next<void>((fn) => room.on('full', () => fn()));
    a.discoveries[0]!.refresh();
    if (i < LIMITS.peersPerRoom) await joined(atA, `N${i}`);
    else await full;
  }
  t.equal(atA.members.length, LIMITS.peersPerRoom);
  while (a.network.connections.size > LIMITS.peersPerRoom) await new Promise((done) => setTimeout(done, 5));
  t.pass('and the stream of who found no place ends');
});

t.test('[B5] [B6] 150 members come and go, and nothing of them stays', async (t) => {
  const network = new MemoryNetwork();
  const a = await MemoryNode.open(t, 'Ann', network);
  const room = await a.join(roomNumber(1));
  let before = 0;
  for (let i = 0; i < 150; i++) {
    if (i === 50) before = liveHeapBytes(); // what is compiled and cached once is there by now
    const other = await MemoryNode.open(t, `N${i}`, network);
    const [came, gone] = [joined(room, `N${i}`), left(room)];
    await other.join(roomNumber(1));
    await came;
    await other.network.close();
    await gone;
  }
  t.equal(a.network.connections.size, 0);
  t.equal(room.members.length, 0);
  const grown = (liveHeapBytes() - before) / 100;
  t.comment(`${Math.round(grown / 1024)} KiB a visit, those of the visitors' own nodes among them`);
  t.ok(grown < 160 * 1024);
});
