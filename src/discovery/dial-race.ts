import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';

/** `self`: it was this very node. `failed`: nobody, or not who was expected. */
export type DialOutcome = 'opened' | 'self' | 'failed';

/** What one attempt is told of the others. */
export interface Race {
  /** Aborted when another attempt has won: what this one has opened is to be closed. */
  readonly lost: AbortSignal;
  /** Ends the others. To be called in the tick in which it is known who is there; false if it is too late. */
  win(): boolean;
}

/**
 * Tries places where the same instance may be, beside each other: each `dialHeadStartMs` after the one before or as soon
 * as that one has failed (RFC 8305 section 5), since a dead address is known to be dead only after seconds. Who wins is
 * not who answers but who turns out to be that instance, so that a lie about an address delays and does no more.
 * Resolves to `opened` in the tick of the victory.
 */
export function dialRace<Place>(
  places: readonly Place[],
  dial: (place: Place, race: Race) => Promise<DialOutcome>,
  clock: Clock,
): Promise<DialOutcome> {
  const ends = places.map(() => new AbortController());
  let isWon = false;
  return new Promise((resolve) => {
    const raceOf = (mine: AbortController): Race => ({
      lost: mine.signal,
      win() {
        if (isWon) return false;
        isWon = true;
        resolve('opened');
        for (const end of ends) if (end !== mine) end.abort();
        return true;
      },
    });
    const runAll = async () => {
      const outcomes: Promise<DialOutcome>[] = [];
      for (const [i, end] of ends.entries()) {
        if (isWon) return;
        const outcome = dial(places[i] as Place, raceOf(end));
        outcomes.push(outcome);
        if (i < ends.length - 1) await headStart(outcome, clock);
      }
      const all = await Promise.all(outcomes);
      resolve(all.every((outcome) => outcome === 'self') ? 'self' : 'failed');
    };
    void runAll();
  });
}

/** Until this attempt is over, but not for long. */
function headStart(outcome: Promise<unknown>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(LIMITS.dialHeadStartMs, resolve);
    void outcome.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
