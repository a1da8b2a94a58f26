import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Host, Lan, MAIN, pids } from '../hosts/hosts.js';
import { type Said, Talker } from '../hosts/talker.js';
import { calls } from './calls.js';
import { sharingALink } from './links.js';
import { summary } from './summary.js';
import { typingInAFlood } from './terminal.js';

/**
 * `npm run bench`: what people wait for, each beside what it is compared with in the same run. Needs root, since the
 * machines are network namespaces. `npm run bench links` runs what is measured on links alone, `npm run bench links tcp loopback` one
 * of them, `npm run bench files` (or `files big`, `files tree`, `files huge`) files from disk to disk, `npm run bench calls`
 * what is measured in calls, `npm run bench chat` (or `chat 100000`) lines and long histories, `npm run bench pagefiles` a file by the page beside one by the terminal,
 * `npm run bench terminal` how the full screen bears a flood.
 * `npm run bench page` opens a room of 100,000 messages in the page (`MESSAGES`, `RATE`).
 */
const ROUNDS = Number(process.env.ROUNDS ?? 10);

async function main(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('Network namespaces need root.');
  const [first, ...words] = process.argv.slice(2);
  if (first === 'links') return sharingALink(words);
  if (first === 'files') return alone('files', words);
  if (first === 'chat') return alone('chat', words);
  if (first === 'calls') return calls(words);
  if (first === 'pagefiles') return inBrowsers('page-files');
  if (first === 'page') return inBrowsers('page');
  if (first === 'terminal') return typingInAFlood();
  startOfCommands();
  await findingEachOther('on one LAN, command to all three in the room', true);
  await findingEachOther('the same by --peer, multicast blocked', false);
  await returning();
  await typingInAFlood();
  await sharingALink();
  alone('files');
  alone('chat');
  await calls();
  inBrowsers('page-files');
  inBrowsers('page');
}

/** What needs Chromium. */
function inBrowsers(name: 'page-files' | 'page'): void {
  if (existsSync('/usr/bin/chromium')) alone(name);
  else console.log(`${name}: skipped, there is no Chromium`);
}

/** Runs a bench on a machine whose network is its own. */
function alone(name: string, words: readonly string[] = []): void {
  const lan = new Lan(1);
  try {
    const [host] = lan.hosts as [Host];
    const command = [process.execPath, path.resolve(`dist/test/bench/${name}.js`), ...words];
    spawnSync('ip', ['netns', 'exec', host.namespace, ...command], { stdio: 'inherit' });
  } finally {
    lan.close();
  }
}

/** Process start to exit, over a bare `node -e 0` in turn with it. */
function startOfCommands(): void {
  const lan = new Lan(2);
  try {
    const [a, b] = lan.hosts as [Host, Host];
    const other = new Talker(b, 'bench');
    const own = new Talker(a, 'bench');
    const data = ['--data', `${a.folder}/data`];
    spawnSync('sleep', ['3']); // both windows are in the room
    const time = (args: readonly string[]) => {
      const start = performance.now();
      spawnSync('ip', ['netns', 'exec', a.namespace, process.execPath, ...args], { stdio: 'ignore' });
      return performance.now() - start;
    };
    const cases: [string, string[]][] = [
      ['chatter --help', [MAIN, '--help']],
      ['chatter say to a running node', [MAIN, 'say', 'bench', 'hello', ...data]],
      ['chatter whoami with a running node', [MAIN, 'whoami', ...data]],
    ];
    for (const [name, args] of cases) {
      const over: number[] = [];
      for (let i = 0; i < ROUNDS; i++) over.push(-time(['-e', '0']) + time(args));
      console.log(summary(`${name}, over a bare node`, over));
    }
    void other.quit();
    void own.quit();
  } finally {
    lan.close();
  }
}

async function findingEachOther(name: string, multicast: boolean): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const lan = new Lan(3);
    try {
      if (!multicast) lan.multicast(false);
      const [a, b, c] = lan.hosts as [Host, Host, Host];
      const peers = (...hosts: Host[]) =>
        multicast ? [] : hosts.flatMap((host) => ['--peer', `${host.address}:4711`]);
      const listen = multicast ? [] : ['--listen', '4711'];
      const first = [new Talker(a, 'bench', ...listen), new Talker(b, 'bench', ...listen, ...peers(a))];
      await Promise.all(first.map((talker) => talker.sees(1)));
      const last = new Talker(c, 'bench', ...listen, ...peers(a, b));
      times.push(await last.sees(2));
    } finally {
      lan.close();
    }
  }
  console.log(summary(name, times));
}

/** A node is killed; from the start of the command after it until the others see that person again. */
async function returning(): Promise<void> {
  const [gone, back]: [number[], number[]] = [[], []];
  const lan = new Lan(2);
  try {
    const [a, b] = lan.hosts as [Host, Host];
    const watcher = new Talker(a, 'bench');
    let victim = new Talker(b, 'bench');
    await Promise.all([watcher.sees(1), victim.sees(1)]);
    for (let i = 0; i < ROUNDS; i++) {
      const since =
        (at: number) =>
        ({ at: heardAt }: Said) =>
          (heardAt as number) > at;
      const killedAt = performance.now();
      for (const pid of pids(b.namespace)) process.kill(pid, 'SIGKILL');
      const left = await watcher.until('peer-left', since(killedAt));
      gone.push((left.at as number) - killedAt);
      victim = new Talker(b, 'bench');
      const joined = await watcher.until('peer-joined', since(left.at as number));
      back.push((joined.at as number) - victim.startedAt);
      await victim.sees(1);
    }
  } finally {
    lan.close();
  }
  console.log(summary('kill -9 of a node, until it is seen to be gone', gone));
  console.log(summary('the next command, until that person is back', back));
}

await main().catch((err: unknown) => {
  console.error(err instanceof Error ? err.message : err);
  process.exitCode = 1;
});
