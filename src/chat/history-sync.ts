import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { BulkFlow, BulkSource } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import {
  type ChatMessages,
  HEADS,
  PAGE,
  type WireMessage,
  type WireSummary,
  type WireWant,
} from './chat-channel.js';
import type { ChatStore } from './chat-store.js';
import {
  idBytes,
  type LogId,
  logBytes,
  logId,
  type Message,
  type MessageId,
  type Messages,
  messageId,
} from './message.js';
import type { LogSummary, RoomLog, Verdict } from './room-log.js';
import { Serving } from './serving.js';

/** The channel to one instance, by what sync needs of it. */
export interface SyncChannel {
  send(name: 'digest' | 'want' | 'message' | 'heads' | 'sees', value: never): boolean;
  bulk(source: BulkSource<ChatMessages>): BulkFlow;
}

export interface HistorySyncDependencies {
  log: RoomLog;
  store: ChatStore;
  messages: Messages;
  clock: Clock;
  /** 32 bytes: changes when a receipt does. */
  receiptsDigest: () => Uint8Array;
  /** Stores what can be stored of these; resolves when it is durable. */
  take: (messages: readonly Message[], bulk: boolean) => Promise<Verdict>;
  /** The log that one's own messages are written to. */
  ownLog: () => LogId;
  /** The other end has other receipts. */
  onReceipts: (peer: SyncPeer) => void;
  /** Another instance has messages of the own log that are not here: this folder is an older copy. */
  onOwnLogAhead: () => void;
  /** Whatever was to be had has been fetched. */
  onCaughtUp: () => void;
}

/** After this long what was taken in is announced to those who do not hear it from where it came from. */
const ANNOUNCE_MS = 20;
/** Something came that builds on what is not here: it may only have been overtaken. */
const ORPHAN_MS = 50;
const SEES_MS = 100;
/** What one has is compared again with everybody this often, if it changed. */
const COMPARE_MS = 10_000;
/** A vector is not told again before. */
const VECTOR_EVERY_MS = 200;
/** How far back a forked log is asked for, step by step, until what is common is found; then from its beginning. */
const FORK_STEPS = [16, 256, 4096, Number.MAX_SAFE_INTEGER];
/** Live messages at most this fast: faster than others take them they are announced and fetched. */
const PUSHES = { perSecond: LIMITS.chatUrgentPerSecond / 2, burst: LIMITS.chatUrgentBurst / 4 };

interface Lack {
  readonly summary: LogSummary;
  readonly from: number;
}

/** What is known of one instance. */
export class SyncPeer {
  readonly instance: string;
  readonly channel: SyncChannel;
  readonly pushes: TokenBucket;
  /** Instances that it hears from directly. */
  sees: ReadonlySet<string> = new Set();
  /** It has all of the own log, so that the next message can be pushed. */
  upToDate = false;
  /** The digest that it was told last, as hex. */
  told = '';
  /** Logs that it has more of. */
  readonly lacking = new Map<LogId, Lack>();
  /** Logs to be announced to it. */
  readonly dirty = new Set<LogId>();
  /** How far back its forked logs were asked for: a step, or the tip for which all was in vain. */
  readonly forks = new Map<LogId, { step: number; tip: string }>();
  /** Pages of a request that is not whole yet. */
  wanted = new Map<LogId, number>();
  vector: { flow: BulkFlow; pages: WireSummary[][] } | null = null;
  vectorAt = Number.NEGATIVE_INFINITY;
  serving: Serving | null = null;

  constructor(instance: string, channel: SyncChannel, clock: Clock) {
    this.instance = instance;
    this.channel = channel;
    this.pushes = new TokenBucket(clock, PUSHES);
  }
}

interface Fetch {
  readonly peer: SyncPeer;
  readonly request: number;
  readonly logs: ReadonlyMap<LogId, Lack>;
  /** Logs of which something new came. */
  readonly grown: Set<LogId>;
  readonly gaps: Set<LogId>;
  stall: Timer;
}

/**
 * Brings the histories of a room together, without knowing what messages say. It keeps no time and no connection of its
 * own: everything comes in by its methods and goes out by the channels, so that a simulation runs it.
 *
 * 1. Everything is fetched from one instance at a time and in an order in which nothing comes before what it builds
 *    on. What is here is closed, so any instance can serve any other.
 * 2. Who takes something in tells those of its neighbours who are no neighbours of where it came from; so everybody
 *    hears of it once, by any way that is left.
 * 3. Whatever was missed is found by comparing digests: at the beginning, on another stream, and from time to time.
 * 4. One's own messages are pushed only to those who have all before them.
 */
export class HistorySync {
  readonly #deps: HistorySyncDependencies;
  readonly #peers = new Set<SyncPeer>();
  #fetch: Fetch | null = null;
  #request = 0;
  #announcing: Timer | null = null;
  #telling: Timer | null = null;
  #asking: Timer | null = null;
  readonly #comparing: Timer;
  #closed = false;

  constructor(deps: HistorySyncDependencies) {
    this.#deps = deps;
    this.#comparing = deps.clock.every(COMPARE_MS, () => this.#compare());
  }

  /** True while history is being fetched. */
  get fetching(): boolean {
    return this.#fetch !== null;
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#comparing, this.#announcing, this.#telling, this.#asking]) timer?.cancel();
    this.#fetch?.stall.cancel();
    for (const peer of this.#peers) this.#stop(peer);
    this.#peers.clear();
  }

  add(peer: SyncPeer): void {
    this.#peers.add(peer);
    this.#greet(peer);
    this.#tellSees();
  }

  /** The channel is open on another stream: what was under way is gone. */
  reset(peer: SyncPeer): void {
    this.#stop(peer);
    peer.lacking.clear();
    peer.upToDate = false;
    this.#greet(peer);
  }

  remove(peer: SyncPeer): void {
    this.#peers.delete(peer);
    this.#stop(peer);
    this.#tellSees();
    this.#fetchNext();
  }

  /** Pushes messages that were written here just now. */
  push(messages: readonly Message[]): void {
    for (const peer of this.#peers) {
      for (const message of messages) {
        if (peer.upToDate && peer.pushes.take() && send(peer, 'message', asWire(message))) continue;
        peer.upToDate = false; // Invariant 4: it fetches what it has missed
        peer.dirty.add(logId(message.header));
      }
      if (peer.dirty.size > 0) this.#announceSoon();
    }
  }

  onDigest(peer: SyncPeer, { history, receipts }: { history: Uint8Array; receipts: Uint8Array }): void {
    if (!b4a.equals(receipts, this.#deps.receiptsDigest())) this.#deps.onReceipts(peer);
    if (b4a.equals(history, this.#deps.log.digest)) {
      peer.upToDate = true;
      peer.lacking.clear();
      if (!this.#fetch) this.#deps.onCaughtUp();
      return;
    }
    this.#tellVector(peer);
  }

  async onVector(
    peer: SyncPeer,
    { logs, last }: { logs: readonly WireSummary[]; last: number },
  ): Promise<void> {
    await this.#compareLogs(peer, logs.map(fromWire));
    if (!last || !this.#peers.has(peer)) return;
    this.#fetchNext();
  }

  async onHeads(peer: SyncPeer, { logs }: { logs: readonly WireSummary[] }): Promise<void> {
    await this.#compareLogs(peer, logs.map(fromWire));
    this.#fetchNext();
  }

  onSees(peer: SyncPeer, { instances }: { instances: readonly Uint8Array[] }): void {
    peer.sees = new Set(instances.map((instance) => b4a.toString(instance, 'hex')));
  }

  onWant(peer: SyncPeer, { request, logs, last }: { request: number; logs: WireWant[]; last: number }): void {
    for (const { log, from } of logs) peer.wanted.set(toLogId(log), from);
    if (peer.wanted.size > LIMITS.chatLogs) throw new ProtocolError('MESSAGE_FLOOD');
    if (!last) return;
    const wanted = peer.wanted;
    peer.wanted = new Map();
    const { store, messages, log } = this.#deps;
    peer.serving?.close();
    const own = this.#deps.ownLog();
    const end = log.summary(own);
    const serving = new Serving({
      store,
      messages,
      request,
      wanted,
      onEnd: (err) => {
        if (peer.serving !== serving) return;
        peer.serving = null;
        // What was written meanwhile was not read any more, or was: it is announced, and costs little where known.
        if (err === undefined && log.summary(own)?.next !== end?.next) this.#dirty(peer, own);
        if (err === undefined && wanted.has(own)) peer.upToDate = true;
      },
    });
    peer.serving = serving;
    serving.begin(peer.channel.bulk(serving));
  }

  /** Resolves when all of it is stored. */
  async onHistory(
    peer: SyncPeer,
    { request, messages, last }: { request: number; messages: readonly WireMessage[]; last: number },
  ): Promise<void> {
    const fetch = this.#fetch;
    if (!fetch || fetch.peer !== peer || fetch.request !== request) return; // of a request that was given up
    this.#expectMore(fetch);
    const verdict = await this.#take(peer, messages, true);
    for (const log of verdict.gaps) fetch.gaps.add(log);
    for (const { message } of verdict.accepted) fetch.grown.add(logId(message.header));
    for (const log of verdict.refused) peer.lacking.delete(log);
    if (this.#fetch !== fetch) return;
    if (last) this.#fetched(fetch);
    else this.#expectMore(fetch);
  }

  async onMessage(peer: SyncPeer, message: WireMessage): Promise<void> {
    const verdict = await this.#take(peer, [message], false);
    if (verdict.orphans.length > 0) this.#askSoon(peer);
  }

  /** Reads, stores, and tells the neighbours. */
  async #take(peer: SyncPeer, wire: readonly WireMessage[], bulk: boolean): Promise<Verdict> {
    const read = wire.map(({ header, signature, body }) => {
      const message = this.#deps.messages.read(header, signature, body.byteLength > 0 ? body : null);
      if (!message) throw new ProtocolError('MESSAGE_MALFORMED');
      return message;
    });
    const verdict = await this.#deps.take(read, bulk);
    if (verdict.invalid > 0) throw new ProtocolError('MESSAGE_MALFORMED');
    if (!bulk && verdict.unsigned > 0) throw new ProtocolError('SIGNATURE_WRONG');
    if (this.#closed) return verdict;
    for (const log of new Set(verdict.accepted.map(({ message }) => logId(message.header)))) {
      for (const other of this.#peers) {
        if (other !== peer && !peer.sees.has(other.instance)) this.#dirty(other, log); // Invariant 2
      }
    }
    return verdict;
  }

  #greet(peer: SyncPeer): void {
    this.#tellDigest(peer);
    send(peer, 'sees', this.#sees(peer));
  }

  #tellDigest(peer: SyncPeer): void {
    const { log, receiptsDigest } = this.#deps;
    const digest = { history: log.digest, receipts: receiptsDigest() };
    peer.told = b4a.toString(b4a.concat([digest.history, digest.receipts]), 'hex');
    send(peer, 'digest', digest);
  }

  #sees(peer: SyncPeer) {
    const others = [...this.#peers].filter((other) => other !== peer);
    return {
      instances: others.slice(0, LIMITS.peersPerRoom).map(({ instance }) => b4a.from(instance, 'hex')),
    };
  }

  #tellSees(): void {
    if (this.#closed) return;
    this.#telling ??= this.#deps.clock.after(SEES_MS, () => {
      this.#telling = null;
      for (const peer of this.#peers) send(peer, 'sees', this.#sees(peer));
    });
  }

  #compare(): void {
    const { log, receiptsDigest } = this.#deps;
    const now = b4a.toString(b4a.concat([log.digest, receiptsDigest()]), 'hex');
    for (const peer of this.#peers) if (peer.told !== now || peer.lacking.size > 0) this.#tellDigest(peer);
  }

  #tellVector(peer: SyncPeer): void {
    const now = this.#deps.clock.now();
    if (peer.vector || now - peer.vectorAt < VECTOR_EVERY_MS) return;
    peer.vectorAt = now;
    const all = this.#deps.log.summaries.map(toWire);
    const pages: WireSummary[][] = [];
    do pages.push(all.splice(0, PAGE));
    while (all.length > 0);
    const flow = peer.channel.bulk({
      next: () => {
        const logs = pages.shift();
        if (pages.length === 0) queueMicrotask(() => this.#endVector(peer, flow));
        return logs ? { name: 'vector', value: { logs, last: pages.length === 0 ? 1 : 0 } } : null;
      },
      failed: () => this.#endVector(peer, flow),
    });
    peer.vector = { flow, pages };
    flow.wake();
  }

  #endVector(peer: SyncPeer, flow: BulkFlow): void {
    flow.close();
    if (peer.vector?.flow === flow) peer.vector = null;
  }

  /** Writes down what a peer has more of. */
  async #compareLogs(peer: SyncPeer, summaries: readonly LogSummary[]): Promise<void> {
    const { log, ownLog } = this.#deps;
    const unclear = summaries.filter((theirs) => {
      const mine = log.summary(theirs.log);
      return mine && !b4a.equals(mine.tip, theirs.tip) && theirs.branches === 1 && theirs.next <= mine.next;
    });
    const known = await log.known(unclear.map(({ tip }) => messageId(tip)));
    for (const theirs of summaries) {
      const from = this.#lacksFrom(peer, theirs, known);
      if (from === null) peer.lacking.delete(theirs.log);
      else peer.lacking.set(theirs.log, { summary: theirs, from });
      if (theirs.log !== ownLog()) continue;
      const mine = log.summary(theirs.log);
      if (from !== null) this.#deps.onOwnLogAhead();
      else if (mine && b4a.equals(mine.tip, theirs.tip)) peer.upToDate = true;
    }
    if (!log.log(ownLog())) peer.upToDate = true; // there is nothing before the first message
  }

  /** From where on a log is to be asked for; null if there is nothing in it that is not here. */
  #lacksFrom(peer: SyncPeer, theirs: LogSummary, known: ReadonlyMap<MessageId, unknown>): number | null {
    const mine = this.#deps.log.summary(theirs.log);
    if (!mine) return 0;
    if (b4a.equals(mine.tip, theirs.tip)) return null;
    const fork = peer.forks.get(theirs.log);
    if (fork?.tip === b4a.toString(theirs.tip, 'hex')) return null;
    if (theirs.branches === 1 && mine.branches === 1 && theirs.next > mine.next && !fork) return mine.next;
    if (theirs.branches === 1 && known.has(messageId(theirs.tip))) return null;
    const back = FORK_STEPS[fork?.step ?? 0] as number;
    return Math.max(0, Math.min(theirs.next, mine.next) - back);
  }

  #fetchNext(): void {
    if (this.#fetch || this.#closed) return;
    for (const peer of this.#peers) {
      this.#forgetWhatCame(peer);
      if (peer.lacking.size > 0) return this.#begin(peer);
    }
  }

  /** What came by another way meanwhile is not asked for. */
  #forgetWhatCame(peer: SyncPeer): void {
    for (const [id, { summary, from }] of peer.lacking) {
      const mine = this.#deps.log.summary(id);
      if (!mine) continue;
      const isThere = b4a.equals(mine.tip, summary.tip);
      const isPassed = mine.branches === 1 && summary.branches === 1 && mine.next >= summary.next;
      if (isThere || (isPassed && from >= mine.next - 1 && !peer.forks.has(id))) peer.lacking.delete(id);
      else if (
        from > 0 &&
        from < mine.next &&
        !peer.forks.has(id) &&
        summary.next > mine.next &&
        mine.branches === 1
      )
        peer.lacking.set(id, { summary, from: mine.next });
    }
  }

  #begin(peer: SyncPeer): void {
    const logs = new Map(peer.lacking);
    const request = ++this.#request;
    const fetch: Fetch = {
      peer,
      request,
      logs,
      grown: new Set(),
      gaps: new Set(),
      stall: this.#stallTimer(),
    };
    this.#fetch = fetch;
    const wants = [...logs].map(([log, { from }]) => ({ log: logBytes(log), from }));
    for (let i = 0; i < wants.length; i += PAGE) {
      const last = i + PAGE >= wants.length ? 1 : 0;
      send(peer, 'want', { request, logs: wants.slice(i, i + PAGE), last });
    }
  }

  #stallTimer(): Timer {
    return this.#deps.clock.after(LIMITS.chatFetchStallMs, () => {
      const fetch = this.#fetch;
      if (!fetch) return;
      this.#fetch = null;
      fetch.peer.lacking.clear(); // others may have it; this one is compared with again
      this.#fetchNext();
    });
  }

  #expectMore(fetch: Fetch): void {
    fetch.stall.cancel();
    fetch.stall = this.#stallTimer();
  }

  #fetched(fetch: Fetch): void {
    fetch.stall.cancel();
    this.#fetch = null;
    const { peer, logs, grown, gaps } = fetch;
    for (const [id, { summary, from }] of logs) {
      peer.lacking.delete(id);
      const mine = this.#deps.log.summary(id);
      if (mine && b4a.equals(mine.tip, summary.tip)) {
        peer.forks.delete(id);
        continue;
      }
      if (grown.has(id) && !gaps.has(id)) continue; // whatever else there is shows when digests are compared
      const step = (peer.forks.get(id)?.step ?? -1) + 1;
      const tip = from === 0 ? b4a.toString(summary.tip, 'hex') : '';
      peer.forks.set(id, { step: Math.min(step, FORK_STEPS.length - 1), tip });
      if (from > 0 && mine) {
        const back = FORK_STEPS[Math.min(step, FORK_STEPS.length - 1)] as number;
        peer.lacking.set(id, { summary, from: Math.max(0, Math.min(summary.next, mine.next) - back) });
      }
    }
    this.#fetchNext();
    if (this.#fetch) return;
    for (const each of this.#peers) this.#tellDigest(each);
    this.#deps.onCaughtUp();
  }

  #askSoon(peer: SyncPeer): void {
    if (this.#closed) return;
    this.#asking ??= this.#deps.clock.after(ORPHAN_MS, () => {
      this.#asking = null;
      if (this.#peers.has(peer) && !this.#fetch) this.#tellDigest(peer);
    });
  }

  #dirty(peer: SyncPeer, log: LogId): void {
    peer.dirty.add(log);
    this.#announceSoon();
  }

  #announceSoon(): void {
    this.#announcing ??= this.#deps.clock.after(ANNOUNCE_MS, () => {
      this.#announcing = null;
      for (const peer of this.#peers) this.#announce(peer);
    });
  }

  #announce(peer: SyncPeer): void {
    const logs = [...peer.dirty].flatMap((id) => this.#deps.log.summary(id) ?? []).map(toWire);
    peer.dirty.clear();
    if (logs.length > HEADS) return this.#tellDigest(peer);
    if (logs.length > 0) send(peer, 'heads', { logs });
  }

  #stop(peer: SyncPeer): void {
    peer.serving?.close();
    peer.serving = null;
    peer.vector?.flow.close();
    peer.vector = null;
    peer.vectorAt = Number.NEGATIVE_INFINITY;
    peer.wanted.clear();
    if (this.#fetch?.peer !== peer) return;
    this.#fetch.stall.cancel();
    this.#fetch = null;
  }
}

function send(
  peer: SyncPeer,
  name: 'digest' | 'want' | 'message' | 'heads' | 'sees',
  value: object,
): boolean {
  return peer.channel.send(name, value as never);
}

export const asWire = ({ headerBytes, signature, body }: Message): WireMessage => ({
  header: headerBytes,
  signature,
  body: body ?? b4a.alloc(0),
});

const toLogId = (bytes: Uint8Array) => b4a.toString(bytes, 'hex') as LogId;

const toWire = ({ log, ...rest }: LogSummary): WireSummary => ({ log: logBytes(log), ...rest });

const fromWire = ({ log, next, branches, tip }: WireSummary): LogSummary => ({
  log: toLogId(log),
  next,
  branches,
  tip: b4a.from(tip),
});

void idBytes;
