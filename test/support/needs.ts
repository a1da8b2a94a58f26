import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

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
  ...needs: (
    | 'root'
    | 'ip'
    | 'python3'
    | 'tcpdump'
    | 'tmux'
    | 'setpriv'
    | 'chromium'
    | 'nft'
    | 'cc'
    | '/dev/full'
  )[]
): boolean {
  const missing = needs.filter((need) => !isThere(need));
  if (missing.length === 0) return true;
  const reason = `skipped: this test needs ${missing.join(' and ')}`;
  if (process.env.CI === 'true') t.fail(reason);
  else t.comment(reason);
  return false;
}

function isThere(need: string): boolean {
  if (need === 'root') return process.getuid?.() === 0;
  return need.startsWith('/dev/') ? mayWrite(need) : found(need);
}

function mayWrite(device: string): boolean {
  try {
    accessSync(device, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const found = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
