import { randomBytes } from 'node:crypto';
import b4a from 'b4a';
import t from 'tap';
import { Fetching } from '../../src/chat/fetching.js';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { LOG_BYTES, type LogId, type Message, type MessageId, Messages } from '../../src/chat/message.js';
import { MissingBodies } from '../../src/chat/missing-bodies.js';
import { Receipts } from '../../src/chat/receipts.js';
import { RoomLog } from '../../src/chat/room-log.js';
import { SyncPeer } from '../../src/chat/sync-peer.js';
import { Reader } from '../../src/chat/timeline.js';
import { LIMITS } from '../../src/limits.js';
import { Desk } from '../support/desk.js';
import { HostileMember } from '../support/hostile/hostile-member.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';
import { SeededIdentity } from '../support/seeded-identity.js';
import { SeededRandom } from '../support/seeded-random.js';

const keys = roomNumber(1);
const text = (said: string) => ({ kind: 'text', text: said, replyTo: null }) as const;
const WANTED = { messages: 0, last: true };

/** Instances that say to have more, and who of them is asked, in order; `wants` are the logs of each request. */
function askedOf() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const peers = new Set<SyncPeer>();
  const log = new RoomLog(new MemoryChatStore(), new Messages(keys.id));
  const fetching = new Fetching({ log, clock, peers, done: () => {} });
  const claim = (peer: SyncPeer, n: number) => {
    const id = n.toString(16).padStart(2 * LOG_BYTES, '0') as LogId;
    const summary = { log: id, next: 1e6, branches: 1, tip: b4a.alloc(32, n) };
    peer.lacking.set(id, { from: 0, branched: false, summary });
  };
  const come = (name: string, n: number): SyncPeer => {
    const send = (_: string, value: { logs?: unknown[] }) => {
      asked.push(value.logs?.length === 0 ? `${name} no more` : name);
      return true;
    };
    const bulk = () => ({ wake() {}, close() {} });
    const peer = new SyncPeer(name, { send, sendBulk: async () => true, bulk } as never, clock);
    claim(peer, n);
    peers.add(peer);
    return peer;
  };
  return { clock, asked, peers, fetching, come };
}

t.test('[B14] who comes anew under another instance waits until those were asked who are here', async (t) => {
  const { clock, asked, peers, fetching, come } = askedOf();
  let liar = come('liar', 1);
  come('honest', 2);
  fetching.next();
  for (let i = 0; i < 5; i++) {
    clock.advance(10);
    peers.delete(liar);
    fetching.giveUp(liar);
    liar = come(`liar again ${i}`, 3 + i);
    fetching.next();
  }
  t.same(asked.slice(0, 2), ['liar', 'honest']);
  fetching.close();
});

t.test('[B14] who gives without end has its turn, and then others have theirs', async (t) => {
  const { clock, asked, fetching, come } = askedOf();
  const [endless] = [come('endless', 1), come('honest', 2)];
  fetching.next();
  const accepted = Array.from({ length: 1000 }, () => ({
    message: { header: { author: '00'.repeat(32), writer: '00'.repeat(6) } },
  }));
  const verdict = { accepted, refused: new Set(), gaps: new Set(), orphans: [] };
  for (let s = 0; s < 120 && asked.length < 3; s++) {
    clock.advance(1000);
    fetching.took(endless, 1, verdict as never, !WANTED.last);
  }
  t.same(asked, ['endless', 'endless no more', 'honest']);
  t.ok(endless.lacking.size > 0, 'what it has more of is asked for later');
  fetching.close();
});

t.test('[B14] who gives much is asked for all of it while nobody else has anything', async (t) => {
  const { clock, asked, fetching, come } = askedOf();
  const giver = come('giver', 1);
  fetching.next();
  const accepted = Array.from({ length: 1000 }, () => ({
    message: { header: { author: '00'.repeat(32), writer: '00'.repeat(6) } },
  }));
  for (let s = 0; s < 300; s++) {
    clock.advance(1000);
    fetching.took(giver, 1, { accepted, refused: [], gaps: [], orphans: [] } as never, false);
  }
  t.same(asked, ['giver']);
  fetching.close();
});

t.test(
  '[B14] however often one asks for bodies, a few are read at a time, and only as they are taken',
  async (t) => {
    const desk = new Desk(new SeededIdentity(new SeededRandom(1)), new MemoryChatStore(), undefined, keys.id);
    const ids: MessageId[] = [];
    for (let i = 0; i < 256; i++) ids.push((await desk.write(text(`line ${i}`))).id);
    const reads: number[] = [];
    const { store, messages, identity } = desk;
    const get = store.get.bind(store);
    store.get = (some) => {
      reads.push(some.length);
      return get(some);
    };
    const bodies = new MissingBodies({
      store,
      messages,
      reader: new Reader(identity.id, identity),
      channels: () => [],
    });
    let takes = () => {};
    const given = new Set<string>();
    const channel = {
      send: () => true,
      sendBulk: (_: string, value: { bodies: { id: Uint8Array }[] }) => {
        for (const { id } of value.bodies) given.add(b4a.toString(id, 'hex'));
        return new Promise<boolean>((resolve) => {
          takes = () => resolve(true);
        });
      },
    };
    const all = Array.from({ length: 100 }, () => bodies.give(channel as never, ids));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    t.ok(Math.max(...reads) <= 16, `${Math.max(...reads)} at once`);
    t.equal(reads.length, 1, 'and no more before those are taken');
    const whole = Promise.all(all).then(() => true);
    const turn = () => new Promise<false>((resolve) => setImmediate(() => resolve(false)));
    while (!(await Promise.race([whole, turn()]))) takes();
    t.equal(given.size, 256);
    t.ok(reads.reduce((sum, n) => sum + n) < 2 * 256, 'each is read once, however often it was asked for');
  },
);

t.test('[B14] receipts of made-up members push out none of somebody real', async (t) => {
  const network = new MemoryNetwork();
  const ann = await MemoryNode.open(t, 'Ann', network);
  const atAnn = await ann.join(keys);
  await atAnn.say('who is there?');
  const mallory = await HostileMember.join(t, network, keys);
  const random = new SeededRandom(2);
  const receipts = () =>
    Array.from({ length: 64 }, () => {
      const made = new Receipts(keys.id).make([], [], new SeededIdentity(random));
      return { receipt: made.bytes, signature: made.signature };
    });
  for (let page = 0; page < LIMITS.chatReceipts / 64; page++)
    await mallory.bulk('receipts', { receipts: receipts() });
  const cid = await MemoryNode.open(t, 'Cid', network);
  const delivered = next(
    (fn: (what: { member: string }) => void) => atAnn.chat.on('receipt', fn),
    ({ member }) => member === cid.id,
  );
  await cid.join(keys);
  t.match(await delivered, { member: cid.id, delivered: 1 });
});

t.test(
  '[B14] of too many receipts those of strangers go first, then those of who wrote and left',
  async (t) => {
    const random = new SeededRandom(3);
    const [here, wrote, stranger] = [1, 2, 3].map(() => new SeededIdentity(random)) as [
      SeededIdentity,
      SeededIdentity,
      SeededIdentity,
    ];
    const standing = (id: string) => (id === here.id ? 2 : id === wrote.id ? 1 : 0);
    const receipts = new Receipts(keys.id, { standing });
    const by = (identity: SeededIdentity) => new Receipts(keys.id).make([], [], identity);
    t.equal(receipts.put(by(wrote)), wrote.id);
    for (let i = 1; i < LIMITS.chatReceipts; i++) receipts.put(by(new SeededIdentity(random)));
    t.equal(receipts.put(by(stranger)), 'full');
    t.equal(receipts.put(by(here)), here.id);
    t.ok(receipts.members.includes(wrote.id));
    t.equal(receipts.members.length, LIMITS.chatReceipts, 'and there are no more of them');
    t.equal(receipts.takeGone().length, 1);
  },
);

t.test('[B14] who claims to have much to give does not hide what others say', async (t) => {
  const network = new MemoryNetwork();
  const [ann, bob] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [atAnn, atBob] = [await ann.join(keys), await bob.join(keys)];
  const hello = next((fn: (message: { text: string }) => void) => atAnn.chat.on('message', fn));
  await atBob.say('hello');
  await hello;
  const mallory = await HostileMember.join(t, network, keys);
  const logs = [{ log: randomBytes(LOG_BYTES), next: 1_000_000, branches: 1, tip: randomBytes(32) }];
  mallory.send('heads', { logs });
  await mallory.asked;
  const told = new Promise((resolve) => {
    atAnn.chat.on('message', ({ text: said }) => resolve(said));
    atAnn.chat.on('changed', () => resolve('something has changed'));
  });
  await atBob.say('what is new');
  t.equal(await told, 'what is new');
});

t.test('[B14] a reaction is stored without reading those before it', async (t) => {
  let read = 0;
  const store = new MemoryChatStore();
  for (const name of ['about', 'changes'] as const) {
    const ask = store[name].bind(store) as (of: readonly never[]) => ReturnType<typeof store.about>;
    store[name] = async (of: readonly never[]) => {
      const found = await ask(of);
      read += found.length;
      return found;
    };
  }
  const random = new SeededRandom(4);
  const ann = new Desk(new SeededIdentity(random), store);
  const bob = new Desk(new SeededIdentity(random), new MemoryChatStore());
  const { id } = await ann.write(text('to be liked'));
  for (let i = 0; i < 100; i++) {
    const reaction = await bob.write({ kind: 'react', emoji: '👍', on: i % 2 === 0 }, id);
    await ann.take([reaction]);
  }
  t.equal(read, 0);
  await ann.take([await bob.write({ kind: 'edit', text: 'not his to change' }, id)]);
  t.equal(read, 0, 'nor for what others would change');
  const edit = await ann.write({ kind: 'edit', text: 'edited' }, id);
  await ann.write({ kind: 'edit', text: 'edited again' }, id);
  t.equal(read, 1, `one's own edits alone: ${edit.id}`);
});

t.test(
  '[B14] texts that were deleted before they came stay away, however many, over a restart too',
  async (t) => {
    const identity = new SeededIdentity(new SeededRandom(5));
    const [writes, deletes] = ['01', '02'].map(
      (writer) => new Desk(identity, new MemoryChatStore(), writer.repeat(6)),
    ) as [Desk, Desk];
    const [texts, acts]: [Message[], Message[]] = [[], []];
    for (let i = 0; i < 2 * LIMITS.chatHeldMessages; i++) {
      const said = await writes.write(text(`secret ${i}`));
      texts.push(said);
      acts.push(await deletes.write({ kind: 'delete' }, said.id));
    }
    for (const restarts of [false, true]) {
      const [reader, store] = [new SeededIdentity(new SeededRandom(6)), new MemoryChatStore()];
      let desk = new Desk(reader, store);
      await desk.take(acts);
      if (restarts) {
        desk = new Desk(reader, store);
        await desk.load();
      }
      await desk.take(texts);
      const shown = await desk.shown();
      t.equal(shown.length, texts.length);
      t.ok(
        shown.every((each) => each.deleted && each.text === ''),
        restarts ? 'after a restart' : 'at once',
      );
      const kept = await store.get(texts.map(({ id }) => id));
      t.ok(kept.every(({ body }) => body === null));
    }
  },
);

t.test('[B14] what one has is summed up once for all who ask', async (t) => {
  const desk = new Desk(new SeededIdentity(new SeededRandom(7)), new MemoryChatStore());
  await desk.write(text('one'));
  const { summaries } = desk.log;
  t.equal(desk.log.summaries, summaries);
  await desk.write(text('two'));
  t.not(desk.log.summaries, summaries);
  t.match(desk.log.summaries, [{ next: 2 }]);
});
