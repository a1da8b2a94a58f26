import { runDaemon } from '../../src/daemon/start.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Runs a node in this process: pinned when called by a person, leased when started by a client. */
export async function run(
  context: Context,
  _args: string[],
  options: Record<string, unknown>,
): Promise<never> {
  const { lanOnly = false, lan = true, bootstrap = [], listen = 0, port = null } = context.options;
  const { logLevel = 'info' } = context;
  const spawned = options.spawned === true;
  await runDaemon({
    folder: context.folder,
    node: { lanOnly, lan, bootstrap, listen, port, logLevel },
    pinned: !spawned,
    onReady: (apiPort) => {
      if (!spawned)
        context.out.note(
          `The node runs; its API is at 127.0.0.1:${apiPort}. Ctrl-C or npx chatter stop ends it.`,
        );
    },
  });
  process.exit(EXIT.done); // what the DHT still waits for keeps nobody
}
