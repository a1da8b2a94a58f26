import { randomBytes } from 'node:crypto';
import b4a from 'b4a';
import t, { type Test } from 'tap';
import { Fetching } from '../../src/chat/fetching.js';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { LOG_BYTES, type LogId, type Message, Messages, messageId } from '../../src/chat/message.js';
import { RoomLog } from '../../src/chat/room-log.js';
import { SyncPeer } from '../../src/chat/sync-peer.js';
import { LIMITS } from '../../src/limits.js';
import type { Room } from '../../src/room/room.js';
import { Desk } from '../support/desk.js';
import { HostileMember } from '../support/hostile/hostile-member.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, roomNumber } from '../support/memory-node.js';
import { SeededIdentity } from '../support/seeded-identity.js';
import { SeededRandom } from '../support/seeded-random.js';

const keys = roomNumber(1);
const text = (said: string) => ({ kind: 'text', text: said, replyTo: null }) as const;

/** Ann and Bob, who talk, and Mallory, who knows Ann alone. */
async function besieged(t: Test, options = {}) {
  const [near, far] = [new MemoryNetwork(), new MemoryNetwork()];
  const [ann, bob] = [await MemoryNode.open(t, 'Ann', near, far), await MemoryNode.open(t, 'Bob', far)];
  const [atAnn, atBob] = [await ann.join(keys), await bob.join(keys)];
  await heard(atBob, await atAnn.say('hello Bob'));
  const mallory = await HostileMember.join(t, near, keys, options);
  return { ann, bob, atAnn, atBob, mallory };
}

/** Resolves once a room has this message. */
async function heard(room: Room, { id }: { id: string }): Promise<void> {
  const has = async () => (await room.chat.page({ limit: 500 })).some((message) => message.id === id);
  while (!(await has())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const texts = async (room: Room) => (await room.chat.page({ limit: 500 })).map((message) => message.text);

/** Both still talk, and have just what they said. */
async function undisturbed(
  t: Test,
  { atAnn, atBob }: { atAnn: Room; atBob: Room },
  also: string[] = [],
): Promise<void> {
  await heard(atBob, await atAnn.say('still here'));
  await heard(atAnn, await atBob.say('me too'));
  const sought = ['hello Bob', ...also, 'still here', 'me too'];
  t.same((await texts(atAnn)).toSorted(), sought.toSorted());
  t.same(await texts(atBob), await texts(atAnn), 'at both in one order');
}

t.test('[C9] [C12] what is forged ends the stream, and is kept by nobody', async (t) => {
  const forgeries: [string, (mallory: HostileMember, bob: MemoryNode) => void][] = [
    [
      'in the name of another',
      (mallory, { id, signer }) => {
        const own = mallory.desk.make(text('I am Bob'));
        const inBobsName = new Messages(keys.id).make(
          { ...own.header, writer: 'ab'.repeat(6) },
          own.body as Uint8Array,
          { publicKey: signer.publicKey, sign: (bytes) => mallory.node.signer.sign(bytes) },
        );
        t.equal(inBobsName.header.author, id);
        mallory.says(inBobsName);
      },
    ],
    [
      'of another room',
      (mallory) => {
        const own = mallory.desk.make(text('from elsewhere'));
        mallory.says(
          new Messages('09'.repeat(32)).make(own.header, own.body as Uint8Array, mallory.node.signer),
        );
      },
    ],
    [
      'with another body',
      (mallory) => {
        const own = mallory.desk.make(text('what I signed'));
        mallory.says(own, { body: b4a.concat([own.body as Uint8Array, b4a.from('!')]) });
      },
    ],
    [
      'with a bit turned in its header',
      (mallory) => {
        const own = mallory.desk.make(text('turned'));
        const header = b4a.from(own.headerBytes);
        header[header.length - 40] = (header[header.length - 40] as number) ^ 1;
        mallory.says(own, { header });
      },
    ],
    [
      'without a signature',
      (mallory) => mallory.says(mallory.desk.make(text('bare')), { signature: b4a.alloc(64) }),
    ],
    [
      'at a later place than it has',
      (mallory) => mallory.says(mallory.desk.make(text('first'), null, { clock: 1e6 })),
    ],
    [
      'longer than may be',
      (mallory) => mallory.says(mallory.desk.make(text('x')), { body: b4a.alloc(LIMITS.chatBodyBytes + 1) }),
    ],
  ];
  for (const [what, forge] of forgeries) {
    await t.test(what, async (t) => {
      const all = await besieged(t);
      forge(all.mallory, all.bob);
      await all.mallory.ended;
      await undisturbed(t, all);
      t.same(all.bob.counters.snapshot(), {}, 'Bob has seen nothing of it');
    });
  }
});

t.test('[C9] nothing is heard of somebody who does not say who they are', async (t) => {
  const all = await besieged(t, { silent: true });
  all.mallory.says(all.mallory.desk.make(text('a voice from nowhere')));
  await undisturbed(t, all);
});

t.test('[C12] what was said before, too early or out of order changes nothing', async (t) => {
  const all = await besieged(t);
  const { mallory, atAnn, atBob } = all;
  const said: Message[] = [];
  for (const word of ['one', 'two', 'three']) said.push(await mallory.desk.write(text(word)));
  const [one, two, three] = said as [Message, Message, Message];
  mallory.says(three); // what it builds on is not there
  mallory.says(one);
  for (let i = 0; i < 50; i++) mallory.says(one);
  await heard(atBob, one);
  t.same((await texts(atAnn)).toSorted(), ['hello Bob', 'one'], 'once, and not the third');
  mallory.says(two);
  mallory.says(three);
  await heard(atBob, three);
  await undisturbed(t, all, ['one', 'two', 'three']);
});

t.test(
  '[C16] a log that forks on purpose a hundred times is the same at all, and its author alone is marked',
  async (t) => {
    const all = await besieged(t);
    const { mallory, atAnn, atBob } = all;
    const forked: string[] = [];
    atBob.chat.on('notice', ({ code, peer }) => void forked.push(`${code} ${peer}`));
    const branches = Array.from({ length: 100 }, (_, i) => mallory.desk.make(text(`branch ${i}`)));
    for (const branch of branches) mallory.says(branch);
    for (const branch of branches) await heard(atBob, branch);
    await undisturbed(
      t,
      all,
      branches.map((_, i) => `branch ${i}`),
    );
    t.same(forked, [`FORKED ${mallory.node.id}`]);
    t.equal((await atAnn.chat.page({ limit: 500 })).length, 103);
  },
);

t.test('[B14] who floods is cut off, and holds up nobody', async (t) => {
  const floods: [string, (mallory: HostileMember) => Promise<void>][] = [
    [
      'lines',
      async (mallory) => {
        const { desk } = mallory;
        const line = desk.make(text('again'), null, { seq: 5, prev: messageId(randomBytes(32)) });
        for (let i = 0; i < LIMITS.chatUrgentBurst + 400; i++) mallory.says(line);
      },
    ],
    [
      'logs that do not exist',
      async ({ send }) => {
        for (let page = 0; page < 300; page++) {
          const logs = Array.from({ length: 64 }, () => ({
            log: randomBytes(LOG_BYTES),
            next: 9,
            branches: 1,
            tip: randomBytes(32),
          }));
          send('heads', { logs });
          if (page % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    ],
    [
      'requests that end each other',
      async ({ send }) => {
        for (let request = 0; request < 200; request++)
          send('want', { request, logs: [{ log: randomBytes(LOG_BYTES), from: 0 }], last: 1 });
      },
    ],
    [
      'digests',
      async ({ send }) => {
        for (let i = 0; i < 2 * LIMITS.chatUrgentBurst; i++)
          send('digest', { history: randomBytes(32), receipts: randomBytes(32) });
      },
    ],
  ];
  for (const [what, flood] of floods) {
    await t.test(what, async (t) => {
      const all = await besieged(t);
      const before = process.memoryUsage().heapUsed;
      await flood(all.mallory);
      await all.mallory.ended;
      await undisturbed(t, all);
      t.ok(process.memoryUsage().heapUsed - before < 96 * 1024 * 1024, 'memory stays within bounds');
    });
  }
});

t.test('[B14] many authors behind one stream are many authors: nobody is lost over them', async (t) => {
  const all = await besieged(t);
  const { mallory, atBob } = all;
  const random = new SeededRandom(1);
  const said: Message[] = [];
  for (let i = 0; i < 100; i++) {
    const sybil = new Desk(new SeededIdentity(random), new MemoryChatStore(), undefined, keys.id);
    said.push(sybil.make(text(`sybil ${i}`)));
  }
  for (const message of said) mallory.says(message);
  for (const message of said) await heard(atBob, message);
  await undisturbed(
    t,
    all,
    said.map((_, i) => `sybil ${i}`),
  );
});

t.test('[B14] who says to have more and gives nothing is asked last, and less and less', async (t) => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const peer = (name: string) =>
    new SyncPeer(
      name,
      {
        send: () => {
          asked.push(name);
          return true;
        },
        sendBulk: async () => true,
        bulk: () => ({ wake() {}, close() {} }),
      },
      clock,
    );
  const [liar, honest] = [peer('liar'), peer('honest')];
  const store = new MemoryChatStore();
  const fetching = new Fetching({
    log: new RoomLog(store, new Messages(keys.id)),
    clock,
    peers: [liar, honest],
    done: () => {},
  });
  const lie = (n: number) => {
    const log = n.toString(16).padStart(2 * LOG_BYTES, '0') as LogId;
    liar.lacking.set(log, {
      from: 0,
      branched: false,
      summary: { log, next: 9, branches: 1, tip: b4a.alloc(32, n) },
    });
  };
  lie(1);
  fetching.next();
  const log = 'ff'.repeat(LOG_BYTES) as LogId;
  honest.lacking.set(log, {
    from: 0,
    branched: false,
    summary: { log, next: 9, branches: 1, tip: b4a.alloc(32, 9) },
  });
  t.same(asked, ['liar']);
  clock.advance(LIMITS.chatFetchStallMs);
  t.same(asked, ['liar', 'honest'], 'given up, and the next one asked');
  fetching.giveUp(honest);
  honest.lacking.clear();
  lie(2);
  fetching.next();
  t.equal(asked.length, 2, 'left alone for a while');
  clock.advance(LIMITS.chatFetchStallMs);
  fetching.next();
  t.same(asked.slice(2), ['liar'], 'and asked again after it');
  clock.advance(LIMITS.chatFetchStallMs);
  lie(3);
  clock.advance(LIMITS.chatFetchStallMs);
  fetching.next();
  t.equal(asked.length, 3, 'the while doubles');
  fetching.close();
});
