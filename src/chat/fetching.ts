import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import { PAGE } from './chat-channel.js';
import { type Lack, searchBack, stillLacking } from './log-difference.js';
import { type LogId, logBytes, logId } from './message.js';
import type { RoomLog, Verdict } from './room-log.js';
import type { SyncPeer } from './sync-peer.js';

interface Fetch {
  readonly peer: SyncPeer;
  readonly request: number;
  readonly logs: ReadonlyMap<LogId, Lack>;
  /** Logs of which something new came. */
  readonly grown: Set<LogId>;
  readonly gaps: Set<LogId>;
  stall: Timer;
}

export interface FetchingDependencies {
  log: RoomLog;
  clock: Clock;
  peers: Iterable<SyncPeer>;
  /** Whatever was to be had has been fetched. */
  done: () => void;
}

/**
 * Asks for what others have more of.
 *
 * 1. One instance is asked at a time, for all that it has more of.
 * 2. One that gives nothing for `chatFetchStallMs` is given up, and the next one asked.
 * 3. What came by another way meanwhile is not asked for again.
 */
export class Fetching {
  readonly #deps: FetchingDependencies;
  #fetch: Fetch | null = null;
  #request = 0;
  #closed = false;

  constructor(deps: FetchingDependencies) {
    this.#deps = deps;
  }

  get active(): boolean {
    return this.#fetch !== null;
  }

  /** Messages that are asked for, as far as they are counted: those of a forked log's branches are not. */
  get expected(): number {
    const lacks = [...(this.#fetch?.logs.values() ?? [])];
    return lacks.reduce((sum, { summary, from }) => sum + Math.max(1, summary.next - from), 0);
  }

  /** Asks the next one, unless one is being asked (Invariant 1). */
  next(): void {
    if (this.#fetch || this.#closed) return;
    for (const peer of this.#deps.peers) {
      this.#forgetWhatCame(peer);
      if (peer.lacking.size > 0) return this.#begin(peer);
    }
  }

  /** A part of an answer has come: whether it is of the request that is under way. */
  expects(peer: SyncPeer, request: number): boolean {
    const fetch = this.#fetch;
    if (!fetch || fetch.peer !== peer || fetch.request !== request) return false;
    this.#expectMore(fetch);
    return true;
  }

  /** The part was dealt with. */
  took(peer: SyncPeer, request: number, verdict: Verdict, last: boolean): void {
    for (const log of verdict.refused) peer.lacking.delete(log);
    const fetch = this.#fetch;
    if (!fetch || fetch.peer !== peer || fetch.request !== request) return;
    for (const log of verdict.gaps) fetch.gaps.add(log);
    for (const { message } of verdict.accepted) fetch.grown.add(logId(message.header));
    if (last) this.#end(fetch);
    else this.#expectMore(fetch);
  }

  /** What was asked of this one will not come. */
  giveUp(peer: SyncPeer): void {
    if (this.#fetch?.peer !== peer) return;
    this.#fetch.stall.cancel();
    this.#fetch = null;
  }

  close(): void {
    this.#closed = true;
    this.#fetch?.stall.cancel();
  }

  #forgetWhatCame(peer: SyncPeer): void {
    for (const [id, lack] of peer.lacking) {
      const left = stillLacking(this.#deps.log.summary(id), lack, peer.forks.has(id));
      if (left) peer.lacking.set(id, left);
      else peer.lacking.delete(id); // Invariant 3
    }
  }

  #begin(peer: SyncPeer): void {
    const logs = new Map(peer.lacking);
    const request = ++this.#request;
    this.#fetch = { peer, request, logs, grown: new Set(), gaps: new Set(), stall: this.#stallTimer() };
    const wants = [...logs].map(([log, { from }]) => ({ log: logBytes(log), from }));
    for (let i = 0; i < wants.length; i += PAGE) {
      const last = i + PAGE >= wants.length ? 1 : 0;
      peer.channel.send('want', { request, logs: wants.slice(i, i + PAGE), last });
    }
  }

  #stallTimer(): Timer {
    return this.#deps.clock.after(LIMITS.chatFetchStallMs, () => {
      const fetch = this.#fetch;
      if (!fetch) return;
      this.#fetch = null;
      fetch.peer.lacking.clear(); // Invariant 2; it is compared with again
      this.next();
    });
  }

  #expectMore(fetch: Fetch): void {
    fetch.stall.cancel();
    fetch.stall = this.#stallTimer();
  }

  #end(fetch: Fetch): void {
    fetch.stall.cancel();
    this.#fetch = null;
    for (const [id, lack] of fetch.logs) this.#settle(fetch, id, lack);
    this.next();
    if (!this.#fetch) this.#deps.done();
  }

  /** Whether a log that was fetched is the same now, or forked further back than it was asked for. */
  #settle({ peer, grown, gaps }: Fetch, id: LogId, lack: Lack): void {
    peer.lacking.delete(id);
    const mine = this.#deps.log.summary(id);
    if (mine && b4a.equals(mine.tip, lack.summary.tip)) return void peer.forks.delete(id);
    if (grown.has(id) && !gaps.has(id)) return; // whatever else there is shows when digests are compared
    const { search, lack: further } = searchBack(mine, lack, peer.forks.get(id));
    peer.forks.set(id, search);
    if (further) peer.lacking.set(id, further);
  }
}
