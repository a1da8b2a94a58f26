import { spawnSync } from 'node:child_process';

/** The part of tap's `t` that is used here. */
interface Plan {
  comment(text: string): void;
  fail(text: string): unknown;
}

/**
 * True if what a test needs is there. Otherwise the reason is printed and the test is to return; with `CI=true`, where
 * everything has to be there, it fails.
 */
export function has(
  t: Plan,
  ...needs: ('root' | 'ip' | 'python3' | 'tcpdump' | 'tmux' | 'setpriv' | 'chromium' | 'nft')[]
): boolean {
  const missing = needs.filter((need) => (need === 'root' ? process.getuid?.() !== 0 : !found(need)));
  if (missing.length === 0) return true;
  const reason = `skipped: this test needs ${missing.join(' and ')}`;
  if (process.env.CI === 'true') t.fail(reason);
  else t.comment(reason);
  return false;
}

const found = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
