import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { ChatterError, ERRORS, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { DataFolder } from '../storage/data-folder.js';
import type { NodeOptions } from './api.js';

/** How to reach a node that says it runs. */
export interface NodeAddress {
  pid: number;
  port: number;
  options: NodeOptions;
  token: string;
}

export interface SpawnCommand {
  command: string;
  args: readonly string[];
}

const LOOK_EVERY_MS = 20;
/** A node that found the folder locked makes room; if the other one is only ending, it is tried again. */
const AGAIN_MS = 400;

/** What a running node has written about itself; null if there is none, or half of it. */
export function findNode(folder: DataFolder): NodeAddress | null {
  const [content, token] = [folder.read(folder.nodeFile), folder.read(folder.tokenFile)];
  if (!content || !token) return null;
  try {
    const { pid, port, options } = JSON.parse(content) as Omit<NodeAddress, 'token'>;
    return isPort(port) ? { pid, port, options, token } : null;
  } catch {
    return null;
  }
}

const isPort = (port: unknown) => Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;

/**
 * Starts a node, detached from this process, and waits until one answers: this one or, where several start at once,
 * whichever got the lock. `reach` says whether a node at an address lets this client in. Throws what kept the node
 * from starting, or NODE_START_FAILED.
 */
export async function spawnNode(
  folder: DataFolder,
  { command, args }: SpawnCommand,
  reach: (address: NodeAddress) => Promise<boolean>,
): Promise<{ address: NodeAddress; own: boolean }> {
  folder.create();
  const end = performance.now() + LIMITS.nodeStartMs;
  let child = start(folder, command, args);
  void import('ws'); // loaded while the node starts, so that nobody waits for it afterwards
  let tried: string | null = null;
  while (performance.now() < end) {
    const address = findNode(folder);
    // A dead node's file is asked once: its port may be anybody's by now. A slow one's is asked again.
    const seen = address ? `${address.pid} ${address.port} ${address.token}` : null;
    if (address && (seen !== tried || runs(address.pid))) {
      if (await reach(address)) {
        folder.remove(startLog(folder));
        return { address, own: address.pid === child.pid };
      }
      tried = seen;
    }
    if (child.failure) throw child.failure;
    if (child.lockedAt !== null && performance.now() - child.lockedAt > AGAIN_MS)
      child = start(folder, command, args);
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  throw new ChatterError('NODE_START_FAILED', {
    message: `The node did not answer in time; see ${folder.logFile}.`,
  });
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface Child {
  pid: number | undefined;
  /** When it found the folder locked by another node. */
  lockedAt: number | null;
  /** Why it ended otherwise. */
  failure: ChatterError | null;
}

function start(folder: DataFolder, command: string, args: readonly string[]): Child {
  const file = startLog(folder);
  const fd = openSync(file, 'w', 0o600);
  const spawned = spawn(command, args, { detached: true, stdio: ['ignore', fd, fd], windowsHide: true });
  closeSync(fd);
  spawned.unref();
  const child: Child = { pid: spawned.pid, lockedAt: null, failure: null };
  spawned.on('error', (cause) => {
    child.failure = new ChatterError('NODE_START_FAILED', { cause });
  });
  spawned.on('exit', () => {
    const reason = lastFailure(folder.read(file) ?? ''); // none is left where another node answered first
    if (reason?.code === 'DATA_FOLDER_LOCKED') child.lockedAt = performance.now();
    else
      child.failure =
        reason ?? new ChatterError('NODE_START_FAILED', { message: `The node ended at once; see ${file}.` });
    if (reason) folder.remove(file);
  });
  return child;
}

/** What a node says before it has a log of its own. */
const startLog = (folder: DataFolder) => path.join(path.dirname(folder.logFile), `start-${process.pid}.log`);

/** The last `chatter: CODE: sentence` that a node printed before it ended. */
function lastFailure(printed: string): ChatterError | null {
  for (const line of printed.split('\n').reverse()) {
    const [, code, message] = /^chatter: ([A-Z_]+): (.*)$/.exec(line) ?? [];
    if (code && Object.hasOwn(ERRORS, code)) return new ChatterError(code as ErrorCode, { message });
  }
  return null;
}
