import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';

export interface PulseOptions {
  clock: Clock;
  /** Bytes that have come on the stream since it began. */
  bytesRead: () => number;
  /** Asks the other end for a sign of life. */
  ping: () => void;
  /** It became doubtful whether the stream lives, or something has come after all. */
  onDoubt: (doubted: boolean) => void;
  /** The network has changed, and since then nothing has come in time. */
  onDead: () => void;
}

const DOUBT_LOOKS = LIMITS.doubtAfterMs / LIMITS.lookMs;
const PING_LOOKS = LIMITS.keepAliveMs / LIMITS.lookMs;
const PROBE_LOOKS = LIMITS.probeMs / LIMITS.lookMs;

/** A question that was asked at a certain moment, and how often its answer was looked for. */
interface Question {
  bytes: number;
  looks: number;
  /** Whether the stream ends without an answer. */
  deadly: boolean;
  timer: Timer;
}

/**
 * Whether a stream lives, by what comes on it (PROTOCOL.md [K1]).
 *
 * 1. Silence is counted in looks, not in time: between two of them what has come is read, so that a machine which was
 *    busy for ten seconds does not take its own deafness for the other end's silence.
 * 2. Doubt ends nothing: it lets other ways be tried, and is over with the next byte.
 * 3. Each function given to `ask` is called once.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #timer: Timer;
  readonly #waiting: ((alive: boolean) => void)[] = [];
  #looks = 0;
  #silentLooks = 0;
  #bytes: number;
  /** Bytes that had come when it became doubtful; null while it is not. */
  #doubtedAt: number | null = null;
  #question: Question | null = null;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#bytes = options.bytesRead();
    this.#timer = options.clock.every(LIMITS.lookMs, () => this.#look());
  }

  /** True while nothing has come for long, or since somebody asked. */
  get doubted(): boolean {
    return this.#doubtedAt !== null && this.#doubtedAt === this.#options.bytesRead();
  }

  /** The network changed: the stream is dead if nothing comes on it in time. */
  probe(): void {
    this.#ask(true);
  }

  /** Calls back with whether the stream lives, after `lookMs` at the latest. */
  ask(fn: (alive: boolean) => void): void {
    if (this.doubted) return fn(false);
    this.#waiting.push(fn);
    this.#ask(false);
  }

  /** The stream is gone. */
  close(): void {
    this.#timer.cancel();
    this.#question?.timer.cancel();
    this.#question = null;
    this.#answer(false);
  }

  #look(): void {
    const bytes = this.#options.bytesRead();
    this.#silentLooks = bytes === this.#bytes ? this.#silentLooks + 1 : 0;
    this.#bytes = bytes;
    if (this.#silentLooks === 0) this.#trust();
    else if (this.#silentLooks >= DOUBT_LOOKS) this.#doubt();
    if (++this.#looks % PING_LOOKS === 0) this.#options.ping();
  }

  #ask(deadly: boolean): void {
    if (this.#question) {
      this.#question.deadly ||= deadly;
      return;
    }
    this.#options.ping();
    const timer = this.#options.clock.every(LIMITS.lookMs, () => this.#lookForAnswer());
    this.#question = { bytes: this.#options.bytesRead(), looks: 0, deadly, timer };
  }

  #lookForAnswer(): void {
    const question = this.#question as Question;
    const alive = this.#options.bytesRead() !== question.bytes;
    const isLast = alive || !question.deadly || ++question.looks >= PROBE_LOOKS;
    if (isLast) {
      question.timer.cancel();
      this.#question = null;
    }
    if (!alive) this.#doubt();
    this.#answer(alive);
    if (isLast && !alive && question.deadly) this.#options.onDead();
  }

  #answer(alive: boolean): void {
    for (const fn of this.#waiting.splice(0)) fn(alive);
  }

  #doubt(): void {
    if (this.#doubtedAt !== null) return;
    this.#doubtedAt = this.#options.bytesRead();
    this.#options.onDoubt(true);
  }

  #trust(): void {
    if (this.#doubtedAt === null) return;
    this.#doubtedAt = null;
    this.#options.onDoubt(false);
  }
}
