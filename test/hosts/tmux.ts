import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lan, MAIN } from './hosts.js';

/**
 * `npm run hosts -- 3`: a tmux with three machines of one private network, each in the room `lab`. Everything is taken
 * back when the tmux session has ended.
 */
async function main(): Promise<void> {
  const count = Number(process.argv[2] ?? 3);
  if (!Number.isInteger(count) || count < 1 || count > 12) throw new Error('Say how many hosts: 1 to 12.');
  if (process.getuid?.() !== 0) throw new Error('Network namespaces need root.');
  const session = `chatter-${process.pid}`;
  const tmux = (...args: string[]) => spawnSync('tmux', args, { stdio: ['inherit', 'pipe', 'inherit'] });
  const lan = new Lan(count);
  try {
    for (const [index, host] of lan.hosts.entries()) {
      const command = `ip netns exec ${host.namespace} ${process.execPath} ${MAIN} join lab --data ${path.join(host.folder, 'data')}`;
      if (index === 0) tmux('new-session', '-d', '-s', session, '-x', '160', '-y', '48', command);
      else tmux('split-window', '-t', session, command);
      tmux('select-layout', '-t', session, 'tiled');
    }
    if (process.stdout.isTTY) spawnSync('tmux', ['attach', '-t', session], { stdio: 'inherit' });
    else console.log(`tmux attach -t ${session}; the hosts are taken back when that session ends.`);
    while (tmux('has-session', '-t', session).status === 0) await sleep(500);
  } finally {
    tmux('kill-session', '-t', session);
    lan.close();
  }
}

process.on('SIGINT', () => {}).on('SIGTERM', () => {}); // the session's end is what ends this
await main().catch((err: unknown) => {
  console.error(err instanceof Error ? err.message : err);
  process.exitCode = 1;
});
