import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Host, MAIN } from './hosts.js';

/** One event of `chatter join --json`. */
export type Said = Record<string, unknown> & { type: string };

/** A window on a host: `chatter join ROOM --json`, its events as they come, and what is typed into it. */
export class Talker {
  readonly host: Host;
  readonly events: Said[] = [];
  /** When the command was started, and when it had said that it is in the room, in ms of `performance.now()`. */
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #errors = '';
  #wake: (() => void)[] = [];

  /** `room` may be empty where `args` say which. */
  constructor(host: Host, room: string, ...args: string[]) {
    this.host = host;
    const data = path.join(host.folder, 'data');
    this.#child = host.spawn(
      process.execPath,
      [MAIN, 'join', ...(room ? [room] : []), '--json', '--data', data, ...args],
      {
        stdio: 'pipe',
      },
    );
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.events.push({ ...(JSON.parse(line) as Said), at: performance.now() });
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#exit = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code);
        for (const wake of this.#wake.splice(0)) wake();
      });
    });
  }

  get errors(): string {
    return this.#errors;
  }

  /** The first event, past or to come, of this type that `fits`. Rejects after `timeoutMs`. */
  async until(type: string, fits: (event: Said) => boolean = () => true, timeoutMs = 20_000): Promise<Said> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = this.events.find((event) => event.type === type && fits(event));
      if (found) return found;
      const left = end - performance.now();
      if (left <= 0 || this.#child.exitCode !== null) {
        const seen = this.events
          .slice(-20)
          .map((event) => event.type)
          .join(' ');
        throw new Error(`no ${type} within ${timeoutMs} ms; seen: ${seen}; ${this.#errors}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves when `count` others have been seen to join. */
  async sees(count: number, timeoutMs?: number): Promise<number> {
    const seen = new Set<string>();
    const joined = await this.until('joined', () => true, timeoutMs);
    for (const member of joined.members as { id: string }[]) seen.add(member.id);
    while (seen.size < count) {
      const isNew = ({ peer }: Said) => !seen.has((peer as { id: string }).id);
      const event = await this.until('peer-joined', isNew, timeoutMs);
      seen.add((event.peer as { id: string }).id);
    }
    return performance.now() - this.startedAt;
  }

  /** The texts of others that have been heard so far. */
  get heard(): string[] {
    return this.events
      .filter((event) => event.type === 'message' && !event.self)
      .map((event) => event.text as string);
  }

  say(text: string): void {
    this.#child.stdin?.write(`${text}\n`);
  }

  /** Types `{quit}`; resolves to the exit code. */
  async quit(): Promise<number | null> {
    this.say('{quit}');
    return this.#exit;
  }

  exited(): Promise<number | null> {
    return this.#exit;
  }
}
