import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, NodeProcess } from '../support/node-process.js';
import { pause } from './proof.js';

const MIB = 1024 * 1024;
const FILE_BYTES = 48 * MIB;
const RATE_BYTES = 40 * MIB;
/** A sender may have so much under way when it is killed, and of the whole a little is no content. */
const LOST_BYTES = 8 * MIB;
const OVERHEAD = 1.02;
const ROOM = 'kills';
const ALONE = ['--lan-only', '--no-lan'];
const VICTIMS = ['sender', 'receiver', 'both'] as const;

export interface KillRound {
  seed: number;
  victim: (typeof VICTIMS)[number];
  /** How much had arrived when it was killed; above 1 it was being put into its place, or was there. */
  at: number;
  identical: boolean;
  /** Bytes on the loopback interface, both ways, of the file's. */
  sent: number;
  /** Whether those are few enough. */
  fewEnough: boolean;
}

/**
 * Kills (-9) a sender, a receiver or both at a point that the seed says, while a file goes from one to the other, and
 * starts them again. To be run on a network of its own: bytes are counted on its loopback interface. Throws when the
 * file does not arrive.
 */
export async function killRound(seed: number): Promise<KillRound> {
  const random = seeded(seed);
  const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] as KillRound['victim'];
  const at = random() * 1.1;
  const folder = mkdtempSync(path.join(tmpdir(), 'chatter-kills-'));
  const out = path.join(folder, 'to');
  const file = path.join(folder, 'file');
  mkdirSync(out);
  writeFileSync(file, randomBytes(FILE_BYTES));
  const port = await freePort();
  const receiver = await NodeProcess.start(...ALONE, '--listen', `${port}`);
  const sender = await NodeProcess.start(...ALONE);
  const meet = async () => {
    await receiver.join(ROOM);
    await sender.join(ROOM, `127.0.0.1:${port}`);
  };
  try {
    await meet();
    await receiver.until('peer-joined');
    await sender.client.request('set', { key: 'upload-limit', value: `${RATE_BYTES / MIB}MB` });
    const before = bytesOfLoopback();
    const room = await sender.join(ROOM);
    const { transfer } = await sender.client.request('send', { room, paths: [file] });
    const isIt = (event: { transfer: string }) => event.transfer === transfer;
    await receiver.until('file-offered', isIt);
    await receiver.client.request('accept', { transfer, out });
    await arrived(receiver, transfer, at);
    const killed = victim === 'both' ? [sender, receiver] : [victim === 'sender' ? sender : receiver];
    await Promise.all(killed.map((node) => node.kill()));
    await Promise.all(killed.map((node) => node.start()));
    await meet();
    await finished(receiver, transfer);
    const sent = bytesOfLoopback() - before;
    const names = readdirSync(out);
    const identical = names.length === 1 && isSame(file, path.join(out, names[0] as string));
    const fewEnough = sent <= OVERHEAD * FILE_BYTES + LOST_BYTES;
    return { seed, victim, at, identical, sent: sent / FILE_BYTES, fewEnough };
  } finally {
    await Promise.all([sender.close(), receiver.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when such a share of the file is there; from 1 on after as many moments more. */
async function arrived(receiver: NodeProcess, transfer: string, share: number): Promise<void> {
  for (;;) {
    const all = await receiver.client.request('transfers', {});
    const mine = all.find((each) => each.transfer === transfer);
    if (mine?.state !== 'active') return;
    if (mine.bytes >= Math.min(1, share) * mine.total) break;
    await pause(2);
  }
  if (share > 1) await pause((share - 1) * 300);
}

async function finished(receiver: NodeProcess, transfer: string): Promise<void> {
  const end = performance.now() + 120_000;
  for (;;) {
    const all = await receiver.client.request('transfers', {});
    const mine = all.find((each) => each.transfer === transfer);
    if (mine?.state === 'done') return;
    if (performance.now() > end) throw new Error(`it stays ${mine?.state} ${mine?.code} with ${mine?.bytes}`);
    await pause(50);
  }
}

function isSame(a: string, b: string): boolean {
  try {
    execFileSync('cmp', ['-s', a, b]);
    return true;
  } catch {
    return false;
  }
}

/** What was sent on this network's loopback interface. */
function bytesOfLoopback(): number {
  const line = /^\s*lo:(.*)$/m.exec(readFileSync('/proc/self/net/dev', 'utf8'))?.[1] ?? '';
  return Number(line.trim().split(/\s+/)[8]);
}

/** Numbers from 0 up to 1 by a seed (Marsaglia's xorshift). */
function seeded(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
