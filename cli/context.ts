import type { NodeOptions } from '../src/daemon/api.js';
import { Client } from '../src/daemon/client.js';
import type { ErrorCode } from '../src/errors.js';
import { ChatterError } from '../src/errors.js';
import { LOG_LEVELS, type LogLevel } from '../src/log.js';
import { DataFolder, type DataFolderOptions } from '../src/storage/data-folder.js';
import { Output } from './output.js';

/** The global options as commander gives them. */
export interface GlobalOptions {
  data?: string;
  profile?: string;
  name?: string;
  lanOnly?: boolean;
  lan?: boolean;
  bootstrap?: string[];
  peer?: string[];
  listen?: number;
  port?: number;
  passphraseFile?: string;
  passphrase?: string;
  json?: boolean;
  quiet?: boolean;
  logLevel?: string;
  color?: boolean;
  timeout?: number;
}

/** What a command tells the node that it starts. */
export interface SpawnedNode {
  folder: DataFolderOptions;
  node: NodeOptions;
}

/** A longer timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What every command gets. */
export class Context {
  readonly options: GlobalOptions;
  readonly out: Output;

  constructor(options: GlobalOptions) {
    this.options = options;
    this.out = new Output({
      json: options.json ?? false,
      quiet: options.quiet ?? false,
      color: options.color,
    });
    if (options.passphrase !== undefined) {
      throw new ChatterError('USAGE', {
        message:
          'A passphrase in an argument can be read by everybody on this computer. ' +
          'Use --protected to be asked for it, or --passphrase-file FILE (- for standard input).',
      });
    }
  }

  get folder(): DataFolder {
    const { data, profile } = this.options;
    return new DataFolder({ data, profile });
  }

  /** Milliseconds to wait for somebody to be there. */
  get timeoutMs(): number {
    return Math.min((this.options.timeout ?? 30) * 1000, LONGEST_TIMER_MS);
  }

  /** The options that belong to the node: only those that were given. */
  get nodeOptions() {
    const { lanOnly, lan, bootstrap, listen, port } = this.options;
    return {
      ...(lanOnly ? { lanOnly } : {}),
      ...(lan === false ? { lan } : {}),
      bootstrap,
      listen,
      port,
      logLevel: this.logLevel,
    };
  }

  /** The level that was asked for, if any was. Throws USAGE for one that there is not. */
  get logLevel(): LogLevel | undefined {
    const { logLevel } = this.options;
    if (logLevel !== undefined && !LOG_LEVELS.includes(logLevel as LogLevel)) {
      throw new ChatterError('USAGE', { message: `A log level is one of ${LOG_LEVELS.join(', ')}.` });
    }
    return logLevel as LogLevel | undefined;
  }

  /** The node of this data folder, started if none runs. */
  connect(): Promise<Client> {
    return Client.connect({ folder: this.folder, options: this.nodeOptions, spawn: this.#spawn });
  }

  /** The node of this data folder if one runs. */
  find(): Promise<Client | null> {
    return Client.find({ folder: this.folder });
  }

  /** All options of a node that is started now. */
  get fullNodeOptions(): NodeOptions {
    const { lanOnly = false, lan = true, bootstrap = [], listen = 0, port = null } = this.options;
    return { lanOnly, lan, bootstrap, listen, port, logLevel: this.logLevel ?? 'info' };
  }

  get #spawn() {
    const { data, profile } = this.options;
    const spawned: SpawnedNode = { folder: { data, profile }, node: this.fullNodeOptions };
    return {
      command: process.execPath,
      args: [process.argv[1] as string, 'daemon', '--spawned', JSON.stringify(spawned)],
    };
  }
}

/** `chatter: CODE: sentence`, the one line by which every failure is told. */
export const failureLine = (code: ErrorCode, sentence: string): string => `chatter: ${code}: ${sentence}`;
