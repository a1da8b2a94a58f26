import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import { PAGE } from './chat-channel.js';
import { type Lack, searchBack, stillLacking } from './log-difference.js';
import { type LogId, logBytes, logId } from './message.js';
import type { RoomLog } from './room-log.js';
import type { SyncPeer } from './sync-peer.js';
import type { Verdict } from './verdict.js';

/** Messages in `chatFetchStallMs` that are too few while others have what is lacking too. */
const LEAST = 16;
/** Looks at who gives: after so many another one has a turn, if one waits. */
const TURN_LOOKS = 4;
/** All that came builds on what did not. */
const IN_VAIN_MS = 1_000;
const MAX_PAUSE_MS = 10 * 60_000;

interface Fetch {
  readonly peer: SyncPeer;
  readonly request: number;
  readonly logs: ReadonlyMap<LogId, Lack>;
  /** Logs of which something new came. */
  readonly grown: Set<LogId>;
  readonly gaps: Set<LogId>;
  /** Something came that builds on what did not. */
  orphaned: boolean;
  /** Messages that came since the last look, and how many looks there were. */
  came: number;
  looked: number;
  readonly looks: Timer;
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
 * 2. One that gives nothing for `chatFetchStallMs`, or next to nothing while others wait, is given up and left alone for
 *    a while that doubles each time: nobody holds up what others have.
 * 3. Who was not asked for the longest time is asked next. Whoever gives without end has its turn, and then others have
 *    theirs: what it has not given is asked for again when all of them were asked.
 * 4. What came by another way meanwhile is not asked for again.
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
    const now = this.#deps.clock.now();
    let next: SyncPeer | null = null;
    for (const peer of this.#deps.peers) {
      this.#forgetWhatCame(peer);
      if (peer.lacking.size === 0 || peer.pausedUntil > now) continue;
      if (!next || peer.askedAt < next.askedAt) next = peer; // Invariant 3
    }
    if (next) this.#begin(next);
  }

  /** A part of an answer has come: whether it is of the request that is under way. */
  expects(peer: SyncPeer, request: number): boolean {
    return this.#fetch?.peer === peer && this.#fetch.request === request;
  }

  /** The part was dealt with. */
  took(peer: SyncPeer, request: number, verdict: Verdict, last: boolean): void {
    for (const log of verdict.refused) peer.lacking.delete(log);
    const fetch = this.#fetch;
    if (!fetch || fetch.peer !== peer || fetch.request !== request) return;
    for (const log of verdict.gaps) fetch.gaps.add(log);
    for (const { message } of verdict.accepted) fetch.grown.add(logId(message.header));
    fetch.orphaned ||= verdict.orphans.length > 0;
    fetch.came += verdict.accepted.length;
    if (last) this.#end(fetch);
  }

  /** What was asked of this one will not come. */
  giveUp(peer: SyncPeer): void {
    if (this.#fetch?.peer !== peer) return;
    this.#fetch.looks.cancel();
    this.#fetch = null;
  }

  /** Leaves one alone for so long. */
  pause(peer: SyncPeer, ms: number): void {
    this.giveUp(peer);
    peer.lacking.clear();
    peer.told = ''; // so that it is compared with again
    peer.pausedUntil = this.#deps.clock.now() + ms;
  }

  close(): void {
    this.#closed = true;
    this.#fetch?.looks.cancel();
  }

  #forgetWhatCame(peer: SyncPeer): void {
    for (const [id, lack] of peer.lacking) {
      const left = stillLacking(this.#deps.log.summary(id), lack, peer.forks.has(id));
      if (left) peer.lacking.set(id, left);
      else peer.lacking.delete(id); // Invariant 4
    }
  }

  #begin(peer: SyncPeer): void {
    const logs = new Map(peer.lacking);
    const request = ++this.#request;
    peer.askedAt = this.#deps.clock.now();
    this.#fetch = {
      peer,
      request,
      logs,
      grown: new Set(),
      gaps: new Set(),
      orphaned: false,
      came: 0,
      looked: 0,
      looks: this.#deps.clock.every(LIMITS.chatFetchStallMs, () => this.#look()),
    };
    const wants = [...logs].map(([log, { from }]) => ({ log: logBytes(log), from }));
    for (let i = 0; i < wants.length; i += PAGE) {
      const last = i + PAGE >= wants.length ? 1 : 0;
      peer.channel.send('want', { request, logs: wants.slice(i, i + PAGE), last });
    }
  }

  #look(): void {
    const fetch = this.#fetch;
    if (!fetch) return;
    const { peer, came } = fetch;
    fetch.came = 0;
    const now = this.#deps.clock.now();
    const othersWait = [...this.#deps.peers].some(
      (other) => other !== peer && other.lacking.size > 0 && other.pausedUntil <= now,
    );
    if (came > 0 && (came >= LEAST || !othersWait)) {
      if (++fetch.looked >= TURN_LOOKS && othersWait) this.#endTurn(fetch);
      return;
    }
    peer.pauseMs = Math.min(MAX_PAUSE_MS, 2 * peer.pauseMs || LIMITS.chatFetchStallMs);
    this.pause(peer, peer.pauseMs); // Invariant 2
    this.next();
  }

  /** Invariant 3. A request for nothing takes the place of the one that is being answered. */
  #endTurn({ peer }: Fetch): void {
    this.giveUp(peer);
    peer.askedAt = this.#deps.clock.now();
    peer.channel.send('want', { request: ++this.#request, logs: [], last: 1 });
    this.next();
  }

  #end(fetch: Fetch): void {
    fetch.looks.cancel();
    this.#fetch = null;
    if (fetch.grown.size > 0) fetch.peer.pauseMs = 0;
    for (const [id, lack] of fetch.logs) this.#settle(fetch, id, lack);
    if (fetch.orphaned && fetch.came === 0) this.pause(fetch.peer, IN_VAIN_MS);
    this.next();
    if (!this.#fetch) this.#deps.done();
  }

  /** Whether a log that was fetched is the same now, or forked further back than it was asked for. */
  #settle({ peer, grown, gaps, orphaned }: Fetch, id: LogId, lack: Lack): void {
    peer.lacking.delete(id);
    if (peer.forks.size > LIMITS.chatLogs) peer.forks.clear();
    const mine = this.#deps.log.summary(id);
    if (mine && b4a.equals(mine.tip, lack.summary.tip)) return void peer.forks.delete(id);
    // Whatever else there is, or waits for what another log was to bring, shows when digests are compared.
    const isWhole = !gaps.has(id) || lack.from === 0;
    if (isWhole && (grown.has(id) || orphaned)) return;
    const { search, lack: further } = searchBack(mine, lack, peer.forks.get(id));
    peer.forks.set(id, search);
    if (further) peer.lacking.set(id, further);
  }
}
