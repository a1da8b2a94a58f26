import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';

/** How a disk is: see `faulty-disk.c`. */
type Fault = 'full' | 'readonly' | 'torn' | 'lying' | `power ${number}`;

/** A disk with all that has a path of this beginning, which fails when it is told to, for processes that are started with `env` (Linux, `cc`). */
export class FaultyDisk {
  readonly env: Record<string, string>;
  readonly #told: string;

  /** Gone with the test. */
  constructor(t: Pick<Test, 'teardown'>, beginning: string) {
    const made = mkdtempSync(path.join(tmpdir(), 'chatter-disk-'));
    t.teardown(() => rmSync(made, { recursive: true, force: true }));
    const library = path.join(made, 'faulty-disk.so');
    const source = path.resolve('test/support/faulty-disk/faulty-disk.c');
    execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    this.#told = path.join(made, 'told');
    this.env = { LD_PRELOAD: library, FAULTY_PATH: beginning, FAULTY_DISK: this.#told };
  }

  /** From now on; null is a disk as it should be. */
  is(fault: Fault | null): void {
    if (fault === null) rmSync(this.#told, { force: true });
    else writeFileSync(this.#told, fault);
  }
}
