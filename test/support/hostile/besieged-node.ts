import { readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ChatterNode } from '../../../src/node/node.js';

/**
 * A real node in a process of its own, whose memory, processor and file descriptors are nobody else's. Arguments: a
 * folder and a room. It prints its port, and for every line that it reads its figures, each as JSON.
 */
const [folder = '', room = ''] = process.argv.slice(2);
const node = new ChatterNode(
  { identity: path.join(folder, 'identity'), database: path.join(folder, 'chatter.db') },
  { lan: false, internet: false },
);
const notices: string[] = [];
node.on('notice', ({ code }) => notices.push(code));
await node.open();
const passphrase = process.env.CHATTER_TEST_PASSPHRASE;
await node.join({ room, ...(passphrase ? { passphrase } : { open: true }) });
const print = (value: object) => void process.stdout.write(`${JSON.stringify(value)}\n`);
print({ port: node.lanPort });
createInterface({ input: process.stdin })
  .on('line', () => {
    const { user, system } = process.cpuUsage();
    print({
      rssBytes: process.memoryUsage().rss,
      cpuMs: (user + system) / 1000,
      descriptors: readdirSync('/proc/self/fd').length,
      counters: node.counters.snapshot(),
      members: [...node.rooms.values()][0]?.members.map(({ name }) => name),
      notices,
    });
  })
  .on('close', () => void node.close().then(() => process.exit(0)));
