import { createHash } from 'node:crypto';
import { freePort, NodeProcess } from '../support/node-process.js';
import { SeededRandom } from '../support/seeded-random.js';
import { pause, prove } from './proof.js';

const ROOM = 'chatkills';
const ALONE = ['--lan-only', '--no-lan'];
const NODES = 3;
const SAY_EVERY_MS = 15;

/**
 * Three nodes say one thing after the other while, round after round, one of them is killed (-9) at a moment that the
 * seed says and started again. What was acknowledged is there once, unchanged and in one order on all.
 */
export async function chatKills(rounds = 100): Promise<void> {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  const random = new SeededRandom(seed);
  const ports: number[] = [];
  const nodes: NodeProcess[] = [];
  const acknowledged = new Map<string, string>();
  const over = new AbortController();
  try {
    for (let i = 0; i < NODES; i++) {
      ports.push(await freePort());
      nodes.push(await NodeProcess.start(...ALONE, '--listen', `${ports[i]}`));
    }
    const meet = (node: NodeProcess) => node.join(ROOM, ...ports.map((port) => `127.0.0.1:${port}`));
    for (const node of nodes) await meet(node);
    const talk = nodes.map(async (node, i) => {
      for (let n = 0; !over.signal.aborted; n++) {
        const text = `${i} says ${n}`;
        await node.client.request('say', { room: ROOM, text }).then(
          ({ id }) => acknowledged.set(id, text),
          () => pause(100), // it is dead just now, or not back in the room
        );
        await pause(SAY_EVERY_MS);
      }
    });
    for (let round = 0; round < rounds; round++) {
      await pause(random.int(400));
      const victim = random.pick(nodes);
      await victim.kill();
      await victim.start();
      await meet(victim);
    }
    over.abort();
    await Promise.all(talk);
    const histories = await agreed(nodes);
    const [all = []] = histories;
    const seen = new Map(all.map(({ id, text }) => [id, text]));
    const lost = [...acknowledged].filter(([id, text]) => seen.get(id) !== text).length;
    const hashes = new Set(histories.map(hash));
    prove(
      `${rounds} kills of ${NODES} nodes that talk`,
      lost === 0 && hashes.size === 1 && seen.size === all.length,
      `SEED=${seed}: ${acknowledged.size} acknowledged, ${all.length} there, ${lost} lost, ${all.length - seen.size} twice; ` +
        `history ${[...hashes].join(' and ')}`,
    );
  } finally {
    over.abort();
    for (const node of nodes) await node.close();
  }
}

type Line = { id: string; text: string };

/** The histories of all, once they are the same, or as they are after a minute. */
async function agreed(nodes: readonly NodeProcess[]): Promise<Line[][]> {
  const end = performance.now() + 60_000;
  for (;;) {
    const histories = await Promise.all(nodes.map(whole));
    if (new Set(histories.map(hash)).size === 1 || performance.now() > end) return histories;
    await pause(500);
  }
}

/** Everything that a node has of the room, oldest first. */
async function whole({ client }: NodeProcess): Promise<Line[]> {
  const lines: Line[] = [];
  for (let before: string | undefined; ; before = lines[0]?.id) {
    const request = { room: ROOM, limit: 500, ...(before ? { before } : {}) };
    const { messages, more } = await client.request('history', request);
    lines.unshift(...messages.map(({ id, text }) => ({ id, text })));
    if (!more || messages.length === 0) return lines;
  }
}

const hash = (lines: readonly Line[]): string =>
  createHash('sha256')
    .update(lines.map(({ id, text }) => `${id} ${text}`).join('\n'))
    .digest('hex')
    .slice(0, 16);
