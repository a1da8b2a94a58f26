import { spawn } from 'node:child_process';
import type { ApiEvent, Person } from '../src/daemon/api.js';
import { ChatterError } from '../src/errors.js';

export interface Hook {
  /** The program and its arguments, as they were written: no shell reads them, and nothing of a peer's is among them. */
  command: readonly [string, ...string[]];
  /** True hands the whole event over as JSON, false a message's text alone. */
  json: boolean;
  /** Takes what the program prints; inherited where it is left out. */
  capture: boolean;
}

/** What is kept of a program's output: more than a message holds is no answer. */
const OUTPUT_BYTES = 16 * 1024;

/**
 * Runs a program on an event. What a peer chose reaches it by standard input and environment only. Resolves to what it
 * printed and its exit code; throws USAGE if it cannot be run at all.
 */
export function runHook(
  { command, json, capture }: Hook,
  event: ApiEvent & { room: string; roomId: string },
  who: Person,
  signal: AbortSignal,
): Promise<{ printed: string; code: number }> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    signal,
    stdio: ['pipe', capture ? 'pipe' : 'inherit', 'inherit'],
    env: {
      ...process.env,
      CHATTER_EVENT: event.type,
      CHATTER_ROOM: event.room,
      CHATTER_ROOM_ID: event.roomId,
      CHATTER_NAME: who.name,
      CHATTER_TAG: who.tag,
      CHATTER_ID: who.id,
      CHATTER_VERIFIED: who.verified ? '1' : '',
    },
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      if (bytes < OUTPUT_BYTES) chunks.push(chunk);
      bytes += chunk.length;
    });
    child.stdin?.on('error', () => {}); // it need not read
    child.stdin?.end(json ? `${JSON.stringify(event)}\n` : event.type === 'message' ? `${event.text}\n` : '');
    child.on('error', (cause) => {
      if (signal.aborted) resolve({ printed: '', code: 1 });
      else reject(new ChatterError('USAGE', { message: `${program} cannot be run.`, cause }));
    });
    child.on('close', (code) => {
      const printed = Buffer.concat(chunks).subarray(0, OUTPUT_BYTES).toString('utf8');
      resolve({ printed: printed.trimEnd(), code: code ?? 1 });
    });
  });
}
