import type { Client } from '../src/daemon/client.js';

/** After the first member others of the same network follow within a moment. */
const QUIET_MS = 300;
const LOOK_EVERY_MS = 50;

/**
 * Waits until somebody else is in the room and nobody new came for a moment, at most `timeoutMs`.
 * Resolves to the number of others; 0 if nobody came in time.
 */
export async function settled(client: Client, room: string, timeoutMs: number): Promise<number> {
  const end = performance.now() + timeoutMs;
  let others = 0;
  let since = performance.now();
  for (;;) {
    const now = (await client.request('peers', { room })).filter(({ self }) => !self).length;
    if (now !== others) since = performance.now();
    others = now;
    if (others > 0 && performance.now() - since >= QUIET_MS) return others;
    if (performance.now() >= end) return others;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
