import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import { TokenBucket } from '../token-bucket.js';
import { REACHED, type Reached, type Tried, type TryMe } from './link-channel.js';

/** An address of this node, and what came of it when somebody else dialled it. */
export interface ReachedHost {
  host: string;
  reached: Reached;
}

export interface ReachCheckOptions {
  clock: Clock;
  sendTryMe: (question: TryMe) => void;
  sendTried: (answer: Tried[]) => void;
  /** Dials the other end, at addresses that this node knows of by itself. */
  dialBack: (question: TryMe) => Promise<readonly ReachedHost[]>;
}

/**
 * Two nodes that are connected tell each other whether they can be dialled: a firewall cannot be seen from behind it.
 *
 * 1. A question is answered once in `tryMeEveryMs`; those that come faster get an empty answer.
 * 2. Nobody dials where the other end says, only where it has been seen; what is asked never says what is at an address
 *    of somebody else.
 */
export class ReachCheck {
  readonly #options: ReachCheckOptions;
  readonly #allowance: TokenBucket;
  #asked: { settle: (hosts: readonly ReachedHost[] | null) => void; deadline: Timer } | null = null;

  constructor(options: ReachCheckOptions) {
    this.#options = options;
    this.#allowance = new TokenBucket(options.clock, { perSecond: 1_000 / LIMITS.tryMeEveryMs, burst: 1 });
  }

  /** Asks; null if no answer comes in time. */
  ask(question: TryMe): Promise<readonly ReachedHost[] | null> {
    this.#settle(null);
    return new Promise((settle) => {
      const deadline = this.#options.clock.after(LIMITS.tryMeDeadlineMs, () => this.#settle(null));
      this.#asked = { settle, deadline };
      this.#options.sendTryMe(question);
    });
  }

  onTryMe(question: TryMe): void {
    if (!this.#allowance.take()) return this.#options.sendTried([]); // Invariant 1
    void this.#options.dialBack(question).then(
      (hosts) =>
        this.#options.sendTried(
          hosts.map(({ host, reached }) => ({ host, reached: REACHED.indexOf(reached) })),
        ),
      () => undefined, // no answer is an answer too
    );
  }

  onTried(answer: readonly Tried[]): void {
    this.#settle(answer.map(({ host, reached }) => ({ host, reached: REACHED[reached] ?? 'silent' })));
  }

  close(): void {
    this.#settle(null);
  }

  #settle(hosts: readonly ReachedHost[] | null): void {
    const asked = this.#asked;
    this.#asked = null;
    asked?.deadline.cancel();
    asked?.settle(hosts);
  }
}
