import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ChatterError, ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { OpenChannel } from '../protocol/session-channel.js';
import { Resource } from '../resource.js';
import { showText } from '../text.js';
import { TokenBucket } from '../token-bucket.js';
import { lineChannel } from './line-channel.js';

/** A member to talk to: what chat needs of a room session. */
export interface LinePeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
}

export type LineEvents = {
  line: [{ id: string; author: PeerId; text: string }];
  /** `count` people have it now; `to` is the latest of them. */
  delivered: [{ id: string; to: PeerId; count: number }];
  /** The last stream to somebody was lost before they acknowledged these: they may have them or not. */
  undelivered: [{ ids: string[]; to: PeerId }];
};

interface Unacknowledged {
  seq: number;
  text: string;
}

interface PeerState {
  id: PeerId;
  send: (line: Unacknowledged) => void;
  queue: Unacknowledged[];
}

/** A little below what receivers allow, so that an honest sender never meets their limit. */
const PACE = { perSecond: LIMITS.linesPerSecond * 0.9, burst: LIMITS.linesBurst * 0.5 };

/**
 * Lines between those who are in a room at the same time; nothing is stored.
 *
 * 1. A line reaches each peer once and in the order in which it was said, over any change of stream.
 * 2. It counts as delivered when a peer has acknowledged it, not when it was written.
 * 3. A peer that acknowledges nothing costs at most `unacknowledgedLines` lines of memory; then it misses lines,
 *    and nobody else does.
 */
export class LiveLines extends Resource<LineEvents> {
  readonly #instance: string;
  readonly #clock: Clock;
  readonly #pace: TokenBucket;
  readonly #peers = new Set<PeerState>();
  readonly #delivered = new Map<number, Set<PeerId>>();
  #seq = 0;
  #turn: Promise<void> = Promise.resolve();

  /** `instance` names this running node to the others; with the sequence number it names a line. */
  constructor({ instance, clock }: { instance: string; clock: Clock }) {
    super();
    this.#instance = instance;
    this.#clock = clock;
    this.#pace = new TokenBucket(clock, PACE);
  }

  protected async _open(): Promise<void> {}

  /** Talks with this peer until its session ends: the function given back is to be called then, before anybody is told. */
  add(peer: LinePeer): () => void {
    const allowance = new TokenBucket(this.#clock, {
      perSecond: LIMITS.linesPerSecond,
      burst: LIMITS.linesBurst,
    });
    let heard = 0;
    const channel = peer.open(
      lineChannel,
      {
        line: ({ seq, text }) => {
          if (!allowance.take()) throw new ProtocolError('MESSAGE_FLOOD');
          if (seq > heard) {
            heard = seq; // Invariant 1: what was sent again after a reset is not heard twice
            const shown = showText(text);
            if (shown) this.emit('line', { id: lineId(peer.instance, seq), author: peer.id, text: shown });
          }
          channel.send('ack', { seq: heard });
        },
        ack: ({ seq }) => this.#acknowledged(state, seq),
      },
      { onReset: () => state.queue.forEach(state.send) },
    );
    const state: PeerState = { id: peer.id, queue: [], send: (line) => void channel.send('line', line) };
    this.#peers.add(state);
    return () => {
      this.#peers.delete(state);
      const missing = state.queue.filter(({ seq }) => !this.#delivered.get(seq)?.has(state.id));
      if (missing.length === 0) return;
      const ids = missing.map(({ seq }) => lineId(this.#instance, seq));
      this.emit('undelivered', { ids, to: state.id });
    };
  }

  /**
   * Says a line to all who are here; resolves when it is on its way, which takes longer for who says very much.
   * Throws MESSAGE_INVALID for an empty or too long one.
   */
  say(text: string): Promise<{ id: string; recipients: number }> {
    if (text.trim() === '' || b4a.byteLength(text) > LIMITS.lineBytes || !text.isWellFormed()) {
      return Promise.reject(new ChatterError('MESSAGE_INVALID'));
    }
    const said = this.#turn.then(async () => {
      while (!this.#pace.take())
        await new Promise<void>((done) => void this.#clock.after(PACE_WAIT_MS, done));
      return this.#send(text);
    });
    this.#turn = said.then(() => undefined);
    return said;
  }

  #send(text: string): { id: string; recipients: number } {
    const line = { seq: ++this.#seq, text };
    const people = new Set<PeerId>();
    for (const peer of this.#peers) {
      if (peer.queue.length >= LIMITS.unacknowledgedLines) continue; // Invariant 3
      peer.queue.push(line);
      peer.send(line);
      people.add(peer.id);
    }
    return { id: lineId(this.#instance, line.seq), recipients: people.size };
  }

  #acknowledged(peer: PeerState, seq: number): void {
    while (peer.queue[0] && peer.queue[0].seq <= seq) {
      const { seq: done } = peer.queue.shift() as Unacknowledged;
      const people = this.#delivered.get(done) ?? new Set();
      if (people.has(peer.id)) continue;
      people.add(peer.id);
      this.#delivered.set(done, people);
      if (this.#delivered.size > LIMITS.unacknowledgedLines) {
        this.#delivered.delete(this.#delivered.keys().next().value as number);
      }
      this.emit('delivered', { id: lineId(this.#instance, done), to: peer.id, count: people.size });
    }
  }
}

const PACE_WAIT_MS = 5;

/** Unforgeable by others: the instance is bound to the stream that a line came by. */
const lineId = (instance: string, seq: number) => `${instance}-${seq}`;
