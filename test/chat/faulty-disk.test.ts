import path from 'node:path';
import t, { type Test } from 'tap';
import { FaultyDisk } from '../support/faulty-disk/faulty-disk.js';
import { has } from '../support/needs.js';
import { freePort, NodeProcess } from '../support/node-process.js';

const ROOM = 'faulty';
const ALONE = ['--lan-only', '--no-lan'];
const DAMAGE = /damaged/;

/** A node in a room, on a disk that can fail: all of its folder, or the database alone. */
async function onDisk(t: Test, what: 'all' | 'database'): Promise<{ node: NodeProcess; disk: FaultyDisk }> {
  const node = await NodeProcess.start(...ALONE);
  t.teardown(() => node.close());
  await node.join(ROOM);
  await node.kill();
  const disk = new FaultyDisk(t, what === 'all' ? node.data : path.join(node.data, 'chatter.db'));
  node.env = disk.env;
  await node.start();
  return { node, disk };
}

/** Resolves with the text once it is acknowledged. */
async function say({ client }: NodeProcess, text: string): Promise<string> {
  await client.request('say', { room: ROOM, text });
  return text;
}

async function textsOf({ client }: NodeProcess): Promise<string[]> {
  const { messages } = await client.request('history', { room: ROOM, limit: 500 });
  return messages.map(({ text }) => text);
}

/** What whoever joins now is told. */
const noticesOf = async ({ client }: NodeProcess) =>
  (await client.request('join', { room: ROOM, open: true, peers: [] })).notices.join(' ');

t.test(
  '[S4] torn write: what was acknowledged is there, the torn line is not, and a crash is no damage',
  async (t) => {
    if (!has(t, 'cc')) return;
    const { node, disk } = await onDisk(t, 'database');
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < round; i++) acknowledged.push(await say(node, `line ${round} ${i}`));
      disk.is('torn');
      await t.rejects(say(node, `torn ${round}`));
      disk.is(null);
      await node.start();
      await node.join(ROOM); // after so many crashes it joins nothing by itself
      t.same(await textsOf(node), acknowledged, `round ${round}`);
    }
    t.notMatch(await noticesOf(node), DAMAGE);
  },
);

for (const [fault, why] of [
  ['full', 'the disk is full'],
  ['readonly', 'it is read-only|the disk failed|the disk is read-only'],
] as const) {
  t.test(
    `[S4] ${fault} disk: nothing is shown as sent that is not kept, and it goes on afterwards`,
    async (t) => {
      if (!has(t, 'cc')) return;
      const { node, disk } = await onDisk(t, 'all');
      const port = await freePort();
      const other = await NodeProcess.start(...ALONE, '--listen', `${port}`);
      t.teardown(() => other.close());
      await other.join(ROOM);
      await node.join(ROOM, `127.0.0.1:${port}`);
      await node.until('peer-joined');
      await say(node, 'before');
      disk.is(fault);
      await t.rejects(say(node, 'lost'), { code: 'STORAGE_FAILED', message: new RegExp(why) });
      t.same(await textsOf(node), ['before'], 'what is there can be read');
      t.notOk(node.events.some((event) => event.type === 'message' && event.text === 'lost'));
      await node.kill();
      await t.rejects(node.start(), { message: new RegExp(why) }, 'at the start it says why');
      disk.is(null);
      await node.start();
      t.same(await textsOf(node), ['before']);
      await node.join(ROOM, `127.0.0.1:${port}`);
      await say(node, 'after');
      await other.until('message', ({ text }) => text === 'after');
      t.same(await textsOf(other), ['before', 'after'], 'nobody else has it either');
      t.notMatch(await noticesOf(node), DAMAGE);
    },
  );
}

t.test('[S4] a disk that fills up while it runs takes messages again when there is room', async (t) => {
  if (!has(t, 'cc')) return;
  const { node, disk } = await onDisk(t, 'all');
  await say(node, 'one');
  for (let round = 0; round < 3; round++) {
    disk.is('full');
    await t.rejects(say(node, 'lost'), { code: 'STORAGE_FAILED' });
    disk.is(null);
    await say(node, `round ${round}`);
  }
  const kept = ['one', 'round 0', 'round 1', 'round 2'];
  t.same(await textsOf(node), kept);
  await node.kill();
  await node.start();
  t.same(await textsOf(node), kept);
});

t.test(
  '[S4] lying disk: after a power cut it is the same person, and others give back what it lost',
  async (t) => {
    if (!has(t, 'cc')) return;
    const { node, disk } = await onDisk(t, 'all');
    const port = await freePort();
    const other = await NodeProcess.start(...ALONE, '--listen', `${port}`);
    t.teardown(() => other.close());
    await other.join(ROOM);
    const { id } = await node.client.request('whoami', {});
    const said = new Set<string>();
    for (let seed = 1; seed <= 6; seed++) {
      await node.join(ROOM, `127.0.0.1:${port}`);
      await node.until('peer-joined');
      disk.is('lying');
      for (let i = 0; i < 8; i++) {
        said.add(await say(node, `mine ${seed} ${i}`));
        said.add(await say(other, `other's ${seed} ${i}`));
      }
      await node.client.request('rename', { name: `Ann ${seed}` });
      await other.until('message', ({ text }) => text === `mine ${seed} 7`);
      disk.is(`power ${seed}`);
      await t.rejects(say(node, `never ${seed}`));
      disk.is(null);
      await node.start();
      t.equal((await node.client.request('whoami', {})).id, id, 'the same person');
      t.match(await node.client.request('rooms', {}), [{ room: ROOM }]);
      t.ok(
        (await textsOf(node)).every((text) => said.has(text)),
        'nothing is shown that was not said',
      );
      await node.join(ROOM, `127.0.0.1:${port}`);
      const end = performance.now() + 30_000;
      const all = () => Promise.all([textsOf(node), textsOf(other)]);
      for (let [a, b] = await all(); a.join() !== b.join() && performance.now() < end; [a, b] = await all())
        await new Promise((resolve) => setTimeout(resolve, 50));
      const [mine, theirs] = await all();
      t.same(mine, theirs, `all of it, by seed ${seed}`);
      t.same(new Set(mine), said);
    }
  },
);
