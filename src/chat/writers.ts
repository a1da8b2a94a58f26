import { randomBytes } from 'node:crypto';
import type { Settings } from '../storage/settings.js';
import { storedJson } from '../storage/stored-json.js';
import { WRITER_BYTES } from './message.js';

const KEY = 'chat-writers';

type Kept = Pick<Settings, 'get' | 'set'>;
/** Writers of the past that still count as this folder's. */
const PAST = 64;

/**
 * Under which writer this data folder adds to its person's logs. Two folders must never share one, or their logs would
 * fork: a folder that lies somewhere else than when it last wrote (it was copied, or restored) takes a new one.
 */
export class Writers {
  readonly #settings: Kept;
  readonly #place: string;
  #all: string[];
  #claimed = false;

  private constructor(settings: Kept, place: string, all: string[]) {
    this.#settings = settings;
    this.#place = place;
    this.#all = all;
  }

  /** `place` names where the folder lies, such that no copy of it has the same. */
  static async load(settings: Kept, place: string): Promise<Writers> {
    const stored = await settings.get(KEY);
    const { place: was, all } = storedJson(stored ?? '', { place: '', all: [] as string[] });
    const writers = new Writers(settings, place, all);
    if (was !== place) await writers.renew();
    return writers;
  }

  get current(): string {
    return this.#all[0] as string;
  }

  /** This one and those before it: all that this folder, and the one that it is a copy of, has written. */
  get all(): ReadonlySet<string> {
    return new Set(this.#all);
  }

  /** Renews for something that a peer only claims; once a run, since anybody can claim. */
  async renewForClaim(): Promise<boolean> {
    if (this.#claimed) return false;
    this.#claimed = true;
    await this.renew();
    return true;
  }

  async renew(): Promise<void> {
    const fresh = randomBytes(WRITER_BYTES).toString('hex');
    this.#all = [fresh, ...this.#all].slice(0, PAST);
    await this.#settings.set(KEY, JSON.stringify({ place: this.#place, all: this.#all }));
  }
}
