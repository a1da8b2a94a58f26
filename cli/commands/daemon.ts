import { runDaemon } from '../../src/daemon/start.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import type { Context, SpawnedNode } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Runs a node in this process that stays until it is stopped. */
export async function run(context: Context): Promise<never> {
  await runDaemon({
    folder: context.folder,
    node: context.fullNodeOptions,
    pinned: true,
    onReady: (apiPort) =>
      context.out.note(
        `The node runs; its API is at 127.0.0.1:${apiPort}. Ctrl-C or npx chatter stop ends it.`,
      ),
  });
  return end();
}

/** Runs the node that a command has started for itself: somebody waits, so the command line is not even loaded. */
export async function runSpawned(json: string): Promise<never> {
  const { folder, node } = JSON.parse(json) as SpawnedNode;
  await runDaemon({ folder: new DataFolder(folder), node, pinned: false });
  return end();
}

/** What the DHT still waits for keeps nobody. */
const end = () => process.exit(EXIT.done);
