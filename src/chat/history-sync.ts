import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { HEADS, PAGE, type WireMessage, type WireSummary, type WireWant } from './chat-channel.js';
import type { ChatStore } from './chat-store.js';
import { Fetching } from './fetching.js';
import { lacksFrom } from './log-difference.js';
import type { LogSummary } from './log-summary.js';
import { type LogId, logBytes, logId, type Message, type Messages, messageId } from './message.js';
import type { RoomLog } from './room-log.js';
import { Serving } from './serving.js';
import { asWire, type SyncPeer } from './sync-peer.js';
import type { Verdict } from './verdict.js';

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
/** After the disk did not take something. */
const REFUSED_MS = 1_000;
/** A vector is not told again before; one that is due then is told later. */
const VECTOR_EVERY_MS = 200;

/**
 * Brings the histories of a room together, without knowing what messages say. It keeps no time and no connection of its
 * own: everything comes in by its methods and goes out by the channels, so that a simulation runs it.
 *
 * 1. Everything is fetched from one instance at a time (`Fetching`) and in an order in which nothing comes before what
 *    it builds on. What is here is closed, so any instance can serve any other (`Serving`).
 * 2. Who takes something in tells those of its neighbours who are no neighbours of where it came from; so everybody
 *    hears of it once, by any way that is left.
 * 3. Whatever was missed is found by comparing digests: at the beginning, on another stream, and from time to time.
 * 4. One's own messages are pushed only to those who have all before them.
 */
export class HistorySync {
  readonly #deps: HistorySyncDependencies;
  readonly #peers = new Set<SyncPeer>();
  readonly #fetching: Fetching;
  #announcing: Timer | null = null;
  #telling: Timer | null = null;
  #asking: Timer | null = null;
  readonly #comparing: Timer;
  #closed = false;

  constructor(deps: HistorySyncDependencies) {
    this.#deps = deps;
    const { log, clock } = deps;
    this.#fetching = new Fetching({ log, clock, peers: this.#peers, done: () => this.#fetched() });
    this.#comparing = clock.every(COMPARE_MS, () => this.#compare());
  }

  /** True while history is being fetched. */
  get fetching(): boolean {
    return this.#fetching.active;
  }

  /** Messages that are on their way in what is being fetched. */
  get expected(): number {
    return this.#fetching.expected;
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#comparing, this.#announcing, this.#telling, this.#asking]) timer?.cancel();
    this.#fetching.close();
    for (const peer of this.#peers) peer.stop();
    this.#peers.clear();
  }

  add(peer: SyncPeer): void {
    this.#peers.add(peer);
    this.#greet(peer);
    this.#tellSees();
  }

  /** The channel is open on another stream: what was under way is gone. */
  reset(peer: SyncPeer): void {
    peer.stop();
    this.#fetching.giveUp(peer);
    peer.lacking.clear();
    peer.upToDate = false;
    this.#greet(peer);
  }

  remove(peer: SyncPeer): void {
    this.#peers.delete(peer);
    peer.stop();
    this.#fetching.giveUp(peer);
    this.#tellSees();
    this.#fetching.next();
  }

  /** Pushes messages that were written here just now. */
  push(messages: readonly Message[]): void {
    for (const peer of this.#peers) {
      for (const message of messages) {
        if (peer.upToDate && peer.pushes.take() && peer.channel.send('message', asWire(message))) continue;
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
      if (!this.fetching) this.#deps.onCaughtUp();
      return;
    }
    this.#tellVector(peer);
  }

  async onVector(
    peer: SyncPeer,
    { logs, last }: { logs: readonly WireSummary[]; last: number },
  ): Promise<void> {
    await this.#compareLogs(peer, logs.map(fromWire));
    if (last && this.#peers.has(peer)) this.#fetching.next();
  }

  async onHeads(peer: SyncPeer, { logs }: { logs: readonly WireSummary[] }): Promise<void> {
    await this.#compareLogs(peer, logs.map(fromWire));
    this.#fetching.next();
  }

  onSees(peer: SyncPeer, { instances }: { instances: readonly Uint8Array[] }): void {
    peer.sees = new Set(instances.map((instance) => b4a.toString(instance, 'hex')));
  }

  onWant(peer: SyncPeer, { request, logs, last }: { request: number; logs: WireWant[]; last: number }): void {
    for (const { log, from } of logs) peer.wanted.set(toLogId(log), from);
    if (peer.wanted.size > LIMITS.chatLogs) throw new ProtocolError('MESSAGE_FLOOD');
    if (!last) return;
    if (peer.serving && !peer.restarts.take()) throw new ProtocolError('MESSAGE_FLOOD');
    const { wanted } = peer;
    peer.wanted = new Map();
    this.#serve(peer, request, wanted);
  }

  /** Resolves when all of it is stored. */
  async onHistory(
    peer: SyncPeer,
    { request, messages, last }: { request: number; messages: readonly WireMessage[]; last: number },
  ): Promise<void> {
    if (!this.#fetching.expects(peer, request)) return; // of a request that was given up
    const verdict = await this.#take(peer, messages, true);
    this.#fetching.took(peer, request, verdict, last === 1);
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
    const verdict = await this.#deps.take(read, bulk).catch((err: unknown) => {
      this.#fetching.pause(peer, REFUSED_MS); // the disk's fault: what was not taken is asked for again
      throw err;
    });
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

  #serve(peer: SyncPeer, request: number, wanted: ReadonlyMap<LogId, number>): void {
    const { store, messages, log, ownLog } = this.#deps;
    peer.serving?.close();
    const own = ownLog();
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

  #fetched(): void {
    for (const each of this.#peers) this.#tellDigest(each);
    this.#deps.onCaughtUp();
  }

  #greet(peer: SyncPeer): void {
    this.#tellDigest(peer);
    peer.channel.send('sees', this.#sees(peer));
  }

  #tellDigest(peer: SyncPeer): void {
    const { log, receiptsDigest } = this.#deps;
    const digest = { history: log.digest, receipts: receiptsDigest() };
    peer.told = b4a.toString(b4a.concat([digest.history, digest.receipts]), 'hex');
    peer.channel.send('digest', digest);
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
      for (const peer of this.#peers) peer.channel.send('sees', this.#sees(peer));
    });
  }

  #compare(): void {
    const { log, receiptsDigest } = this.#deps;
    const now = b4a.toString(b4a.concat([log.digest, receiptsDigest()]), 'hex');
    for (const peer of this.#peers) if (peer.told !== now || peer.lacking.size > 0) this.#tellDigest(peer);
  }

  #tellVector(peer: SyncPeer): void {
    const { clock } = this.#deps;
    const waitMs = peer.vector ? VECTOR_EVERY_MS : peer.vectorAt + VECTOR_EVERY_MS - clock.now();
    if (waitMs > 0) {
      peer.vectorDue ??= clock.after(waitMs, () => {
        peer.vectorDue = null;
        this.#tellVector(peer);
      });
      return;
    }
    peer.vectorAt = clock.now();
    const all = this.#deps.log.summaries.map(toWire);
    const pages: WireSummary[][] = [];
    do pages.push(all.splice(0, PAGE));
    while (all.length > 0);
    const end = () => {
      flow.close();
      if (peer.vector === flow) peer.vector = null;
    };
    const flow = peer.channel.bulk({
      next: () => {
        const logs = pages.shift();
        if (pages.length === 0) queueMicrotask(end); // a flow that is closed while it is asked sends nothing
        return logs ? { name: 'vector', value: { logs, last: pages.length === 0 ? 1 : 0 } } : null;
      },
      failed: end,
    });
    peer.vector = flow;
    flow.wake();
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
      const mine = log.summary(theirs.log);
      const from = lacksFrom(mine, theirs, {
        tipKnown: known.has(messageId(theirs.tip)),
        search: peer.forks.get(theirs.log),
      });
      if (from === null) peer.lacking.delete(theirs.log);
      else {
        const branched = mine !== undefined && from !== mine.next;
        peer.lacking.set(theirs.log, { summary: theirs, from, branched });
      }
      if (peer.lacking.size > LIMITS.chatLogs) throw new ProtocolError('MESSAGE_FLOOD');
      if (theirs.log !== ownLog()) continue;
      if (from !== null) this.#deps.onOwnLogAhead();
      else if (mine && b4a.equals(mine.tip, theirs.tip)) peer.upToDate = true;
    }
    if (!log.log(ownLog())) peer.upToDate = true; // there is nothing before the first message
  }

  #askSoon(peer: SyncPeer): void {
    if (this.#closed) return;
    this.#asking ??= this.#deps.clock.after(ORPHAN_MS, () => {
      this.#asking = null;
      if (this.#peers.has(peer) && !this.fetching) this.#tellDigest(peer);
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
    if (logs.length > HEADS) return this.#tellVector(peer);
    if (logs.length > 0) peer.channel.send('heads', { logs });
  }
}

const toLogId = (bytes: Uint8Array) => b4a.toString(bytes, 'hex') as LogId;

const toWire = ({ log, ...rest }: LogSummary): WireSummary => ({ log: logBytes(log), ...rest });

const fromWire = ({ log, next, branches, tip }: WireSummary): LogSummary => ({
  log: toLogId(log),
  next,
  branches,
  tip: b4a.from(tip),
});
