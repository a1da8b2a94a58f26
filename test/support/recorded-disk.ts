import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/** The process has ended for what it does to its disk: nothing more is done. */
class Ended extends Error {}

type Fn = (...args: never[]) => unknown;
type Callback = (err: Error | null) => void;

/** Calls that change names or what stands beside a file; the last of these arguments is the path that changes. */
const NAMES = {
  mkdirSync: 1,
  linkSync: 2,
  renameSync: 2,
  copyFileSync: 2,
  unlinkSync: 1,
  rmSync: 1,
} as const;
const MARKS = ['chmodSync', 'utimesSync'] as const;

/**
 * What this process does to one folder, operation by operation, with a model of what a loss of power would leave: data
 * that was written and names that were given since the last sync may be lost, each for itself.
 *
 * Nothing really waits for the disk. With `endAt` the operation of that number and all after it are not done, as when
 * the process is killed before it; `torn` does half of a write.
 */
export class RecordedDisk {
  readonly operations: string[] = [];
  readonly #root: string;
  readonly #endAt: number;
  readonly #torn: boolean;
  readonly #onDone: (operation: string) => void;
  readonly #undo: (() => void)[] = [];
  readonly #open = new Map<number, string>();
  /** Files and folders by number, with something that would be lost. */
  readonly #dirty = new Set<number>();

  /** `onDone` is called after each operation. */
  constructor(
    root: string,
    options: { endAt?: number; torn?: boolean; onDone?: (operation: string) => void } = {},
  ) {
    this.#root = root;
    this.#endAt = options.endAt ?? Number.POSITIVE_INFINITY;
    this.#torn = options.torn ?? false;
    this.#onDone = options.onDone ?? (() => {});
  }

  /** Runs `fn`; true if it came to its end, false if it was ended. */
  async run(fn: () => Promise<unknown>): Promise<boolean> {
    this.#patch();
    try {
      await fn();
      return this.operations.length <= this.#endAt;
    } catch (err) {
      if (this.operations.length > this.#endAt) return false;
      throw err;
    } finally {
      for (const undo of this.#undo.splice(0)) undo();
      syncBuiltinESMExports();
    }
  }

  /** Whether something of what lies there would be lost: the data of a file, names in a folder. */
  isDirty(place: string): boolean {
    return this.#dirty.has(fs.lstatSync(place).ino);
  }

  #patch(): void {
    for (const [name, last] of Object.entries(NAMES) as [keyof typeof NAMES, number][]) {
      this.#replace(fs, name, (real, args) => {
        const places = (args as unknown[]).slice(0, last).map(String);
        const target = places.at(-1) as string;
        return this.#step(target, name, () => {
          const done = real(...args);
          for (const place of places) this.#touch(path.dirname(place));
          if (name === 'copyFileSync' || name === 'mkdirSync') this.#touch(target);
          return done;
        });
      });
    }
    for (const name of MARKS)
      this.#replace(fs, name, (real, args) => this.#step(String(args[0]), name, () => real(...args)));
    this.#replace(fs, 'writeFileSync', (real, args) =>
      this.#step(String(args[0]), 'writeFileSync', () => {
        real(...args);
        this.#touch(path.dirname(String(args[0])));
        this.#touch(String(args[0]));
      }),
    );
    this.#patchDescriptors();
    this.#replace(childProcess, 'execFile', (_real, args) => {
      const [command, , callback] = args as unknown as [string, string[], Callback];
      this.#step(this.#root, command, () => this.#dirty.clear());
      queueMicrotask(() => callback(null));
    });
    syncBuiltinESMExports();
  }

  #patchDescriptors(): void {
    this.#replace(fs, 'openSync', (real, args) => {
      const place = String(args[0]);
      const open = () => real(...args) as number;
      const isNew = this.#isOurs(place) && !fs.existsSync(place);
      const fd = isNew ? (this.#step(place, 'create', open) as number) : open();
      if (isNew) this.#touch(path.dirname(place));
      this.#open.set(fd, place);
      return fd;
    });
    this.#replace(fs, 'writeSync', (real, args) => {
      const [fd, bytes, offset, length, position] = args as unknown as [
        number,
        Uint8Array,
        number,
        number,
        number,
      ];
      const place = this.#open.get(fd) ?? '';
      const half = () => real(...([fd, bytes, offset, Math.floor(length / 2), position] as never[]));
      return this.#step(
        place,
        'writeSync',
        () => {
          this.#touch(place);
          return real(...args);
        },
        half,
      );
    });
    for (const name of ['fsync', 'fdatasync'] as const)
      this.#replace(fs, name, (_real, args) => {
        const [fd, callback] = args as unknown as [number, Callback];
        const place = this.#open.get(fd) ?? '';
        this.#step(place, name, () => void this.#dirty.delete(fs.fstatSync(fd).ino));
        queueMicrotask(() => callback(null));
      });
  }

  #isOurs(place: string): boolean {
    return place === this.#root || place.startsWith(`${this.#root}/`);
  }

  #touch(place: string): void {
    if (fs.existsSync(place)) this.#dirty.add(fs.lstatSync(place).ino);
  }

  #step(place: string, what: string, fn: () => unknown, half: () => unknown = () => {}): unknown {
    if (!this.#isOurs(place)) return fn();
    const operation = `${what} ${path.relative(this.#root, place)}`;
    const number = this.operations.push(operation) - 1;
    if (number >= this.#endAt) {
      if (number === this.#endAt && this.#torn) half();
      throw new Ended(operation);
    }
    const done = fn();
    this.#onDone(operation);
    return done;
  }

  #replace(module: object, name: string, fn: (real: Fn, args: never[]) => unknown): void {
    const holder = module as Record<string, Fn>;
    const real = holder[name] as Fn;
    holder[name] = (...args: never[]) => fn(real, args);
    this.#undo.push(() => {
      holder[name] = real;
    });
  }
}
