import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import envPaths from 'env-paths';
import { ChatterError } from '../errors.js';
import { writeWhole } from './write-whole.js';

export interface DataFolderOptions {
  /** Another folder than the system's place for it. */
  data?: string;
  /** A second person on this machine: a folder beside the default one. */
  profile?: string;
}

const PROFILE = /^[a-z0-9][a-z0-9._-]{0,31}$/i;

/** Where a node keeps what outlives it: a folder that is its owner's alone (0700, files 0600). */
export class DataFolder {
  readonly path: string;

  /** Throws USAGE for a profile that is no plain word, and for an empty path. */
  constructor({ data, profile }: DataFolderOptions = {}) {
    if (profile !== undefined && !PROFILE.test(profile)) {
      throw new ChatterError('USAGE', {
        message: 'A profile is a word of up to 32 letters, digits, dots and dashes.',
      });
    }
    if (data === '') throw new ChatterError('USAGE', { message: 'A data folder has a path.' });
    const root = data ?? envPaths('chatter', { suffix: '' }).data;
    this.path = path.resolve(profile === undefined ? root : `${root}-${profile}`);
  }

  get identity(): string {
    return path.join(this.path, 'identity');
  }

  get database(): string {
    return path.join(this.path, 'chatter.db');
  }

  /** How a client reaches the running node: `{pid, port}`. */
  get nodeFile(): string {
    return path.join(this.path, 'node.json');
  }

  /** What a client shows the node to be let in. */
  get tokenFile(): string {
    return path.join(this.path, 'token');
  }

  /** Copies of what programs handed over to be offered. */
  get uploads(): string {
    return path.join(this.path, 'uploads');
  }

  /** What guests hand in. */
  get guests(): string {
    return path.join(this.path, 'guests');
  }

  get crashFile(): string {
    return path.join(this.path, 'crashes.json');
  }

  get logFile(): string {
    return path.join(this.path, 'log', 'node.log');
  }

  /** Makes the folder, or repairs its rights. Throws DATA_FOLDER_UNUSABLE, for a folder of other things too. */
  create(): void {
    try {
      makeFolder(this.path);
      const content = readdirSync(this.path);
      if (!content.some((name) => OURS.includes(name)) && content.some((name) => name !== 'log')) {
        throw new ChatterError('DATA_FOLDER_UNUSABLE', {
          message: `${this.path} has other things in it: name a new folder.`,
        });
      }
      makeFolder(path.dirname(this.logFile));
      const { uid, mode } = statSync(this.path);
      if (process.getuid && uid !== process.getuid()) {
        throw new ChatterError('DATA_FOLDER_UNUSABLE', { message: `${this.path} belongs to another user.` });
      }
      if ((mode & 0o077) !== 0) chmodSync(this.path, 0o700);
    } catch (err) {
      throw this.#failure(err);
    }
  }

  /** Writes a small file whole or not at all, for its owner alone. Throws DATA_FOLDER_UNUSABLE. */
  write(file: string, content: string): void {
    try {
      writeWhole(file, content);
    } catch (err) {
      throw this.#failure(err);
    }
  }

  /** The content of a small file, or null if there is none. Throws DATA_FOLDER_UNUSABLE. */
  read(file: string): string | null {
    try {
      return readFileSync(file, 'utf8');
    } catch (err) {
      if (['ENOENT', 'ENOTDIR'].includes((err as NodeJS.ErrnoException).code ?? '')) return null;
      throw this.#failure(err);
    }
  }

  remove(file: string): void {
    rmSync(file, { force: true });
  }

  /** Removes it with all that is in it; to be called once nothing of it is open. Throws DATA_FOLDER_UNUSABLE. */
  wipe(): void {
    try {
      rmSync(this.path, { recursive: true, force: true });
    } catch (err) {
      throw this.#failure(err);
    }
  }

  #failure(err: unknown): ChatterError {
    if (err instanceof ChatterError) return err;
    const why = CAUSES[(err as NodeJS.ErrnoException).code ?? ''] ?? 'it cannot be used';
    return new ChatterError('DATA_FOLDER_UNUSABLE', { message: `${this.path}: ${why}.`, cause: err });
  }
}

/** By which a data folder is known; the log is there a moment before. */
const OURS = ['identity', 'chatter.db', 'crashes.json', 'token'];

/** Level by level: Node's own recursive way never ends in some places, such as below `/proc`. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    const parent = path.dirname(folder);
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(parent)) throw err;
    makeFolder(parent);
    makeFolder(folder);
  }
}

const CAUSES: Record<string, string> = {
  EACCES: 'you are not allowed to write there',
  EPERM: 'you are not allowed to write there',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  ENOTDIR: 'a part of this path is a file',
  EEXIST: 'a file is in its place',
};
