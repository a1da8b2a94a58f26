import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

/** What the besieged node says of itself. */
export interface Figures {
  rssBytes: number;
  /** Since it started. */
  cpuMs: number;
  descriptors: number;
  counters: Record<string, number>;
  members: string[];
  notices: string[];
}

type Owner = Pick<Test, 'teardown'>;

/** A node in another process that is in one room and listens: what attacks are made on. */
export class Besieged {
  readonly port: number;
  readonly #lines: AsyncIterator<string>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.port = port;
  }

  static async start(t: Owner, room: string, passphrase = ''): Promise<Besieged> {
    const folder = temporaryFolder(t);
    const here = fileURLToPath(import.meta.url);
    const program = path.join(path.dirname(here), `besieged-node${path.extname(here)}`);
    const child = spawn(process.execPath, [...process.execArgv, program, folder, room], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, CHATTER_TEST_PASSPHRASE: passphrase },
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    t.teardown(async () => {
      child.stdin?.end();
      await ended;
    });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    const { port } = JSON.parse(first.value as string) as { port: number };
    return new Besieged(child, lines, port);
  }

  /** Rejects if the node has ended. */
  async figures(): Promise<Figures> {
    this.#child.stdin?.write('\n');
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the node ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
    return JSON.parse(value as string) as Figures;
  }

  /** The first figures that fit. */
  async until(fits: (figures: Figures) => boolean): Promise<Figures> {
    for (;;) {
      const figures = await this.figures();
      if (fits(figures)) return figures;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

export function temporaryFolder(t: Owner): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'chatter-siege-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
