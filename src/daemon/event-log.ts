import { LIMITS } from '../limits.js';
import type { ApiEvent, EventBody } from './api.js';

/** The last `LIMITS.events` events of one run of a node, numbered from 1 without a gap. */
export class EventLog {
  readonly epoch: string;
  readonly #events: ApiEvent[] = [];
  #seq = 0;

  /** `epoch` names this run: a number means something only with it. */
  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** Number of the newest event; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  add(body: EventBody, time: string): ApiEvent {
    const event = { ...body, epoch: this.epoch, seq: ++this.#seq, time };
    this.#events[(this.#seq - 1) % LIMITS.events] = event;
    return event;
  }

  /** Everything after event `seq`; null if some of that is gone or was never of this run. */
  since(epoch: string, seq: number): ApiEvent[] | null {
    if (epoch !== this.epoch || seq > this.#seq || seq < this.#seq - LIMITS.events) return null;
    const missed: ApiEvent[] = [];
    for (let next = seq; next < this.#seq; next++)
      missed.push(this.#events[next % LIMITS.events] as ApiEvent);
    return missed;
  }
}
