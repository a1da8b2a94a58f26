import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { Lan } from '../hosts/hosts.js';
import { has } from './needs.js';

const INSIDE = 'CHATTER_TEST_ON_OWN_NETWORK';

/**
 * Runs the test file at `url` again as a process on a host of its own, where multicast reaches nobody else. True in
 * that process; false in the one that started it, which has no tests of its own then.
 */
export async function onOwnNetwork(t: Test, url: string): Promise<boolean> {
  if (process.env[INSIDE]) return true;
  if (!has(t, 'root', 'ip')) return false;
  const lan = new Lan(1);
  const [host] = lan.hosts;
  t.teardown(() => lan.close());
  const command = [process.execPath, ...process.execArgv, fileURLToPath(url)];
  await t.spawn('ip', ['netns', 'exec', host?.namespace as string, ...command], {
    env: { ...process.env, [INSIDE]: '1' },
  });
  return false;
}
