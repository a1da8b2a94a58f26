import type { Clock } from '../clock.js';
import type { ErrorCode } from '../errors.js';

/** Others can bring these about as often as they like: each is told at most this often about one room. */
const EVERY_MS = 60_000;
const EVERY_MS_OF: Partial<Record<ErrorCode, number>> = { ROOM_GUESSED: 10 * 60_000 };

/** When something about a room that its people should know was told last. */
export class Notices {
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True if it is to be told now; it then counts as told. */
  due(roomId: string, code: ErrorCode): boolean {
    const key = `${roomId} ${code}`;
    const now = this.#clock.now();
    const last = this.#told.get(key);
    if (last !== undefined && now - last < (EVERY_MS_OF[code] ?? EVERY_MS)) return false;
    this.#told.set(key, now);
    return true;
  }

  /** The room was left: what is told of it next is news. */
  forget(roomId: string): void {
    for (const key of this.#told.keys()) if (key.startsWith(`${roomId} `)) this.#told.delete(key);
  }
}
