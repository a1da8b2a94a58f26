import b4a from 'b4a';
import type { Clock } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Frame } from '../media/frame.js';
import type { Ring, RingAnswer, Want } from '../media/media-channel.js';
import { MediaPeer } from '../media/media-peer.js';
import type { OpenChannel } from '../protocol/session-channel.js';
import { type CallPresence, presenceOf, wireOf } from './call-roster.js';

/** A member's instance, as calls see it. */
export interface CallInstance {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
}

/** How frames go to and from an instance. */
export interface CallPath {
  readonly id: PeerId;
  readonly instance: string;
  readonly path: MediaPeer['path'];
  readonly framesSent: number;
  readonly framesDropped: number;
}

interface CallPeerEvents {
  /** It is in another call than before, or shows something else. */
  onPresence: () => void;
  onRing: (call: string, direct: boolean, ring: Ring) => void;
  onAnswer: (call: string, answer: RingAnswer) => void;
  /** What it takes of one's own tracks, or what its path carries, may have changed. */
  onTaking: () => void;
  onKeyWanted: (stream: number, small: boolean) => void;
  onFrame: (frame: Frame, bytes: Uint8Array) => void;
  /** Nothing of what was said to it before counts any more. */
  onReset: () => void;
}

const NOTHING_SAID = JSON.stringify([]);

/**
 * What one instance of somebody says of calls, and what it was told.
 *
 * 1. Nothing is said twice: only what became otherwise since it was said last.
 * 2. A call of two is told to the other one of it alone.
 */
export class CallPeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly media: MediaPeer;
  #presence: CallPresence | null = null;
  #saidState = NOTHING_SAID;
  #saidWants = NOTHING_SAID;

  constructor({ id, instance, open }: CallInstance, clock: Clock, events: CallPeerEvents) {
    this.id = id;
    this.instance = instance;
    this.media = new MediaPeer({
      open,
      clock,
      on: {
        state: (call) => {
          this.#presence = call && presenceOf(call, id, instance);
          events.onPresence();
        },
        ring: (call, direct, ring) => events.onRing(b4a.toString(call, 'hex'), direct, ring),
        answer: (call, answer) => events.onAnswer(b4a.toString(call, 'hex'), answer),
        wants: events.onTaking,
        rate: events.onTaking,
        key: events.onKeyWanted,
        frame: events.onFrame,
        reset: () => {
          this.#saidState = NOTHING_SAID;
          this.#saidWants = NOTHING_SAID;
          events.onReset();
        },
      },
    });
  }

  /** How it says that it is in a call; null in none that this node may see. */
  get presence(): CallPresence | null {
    return this.#presence;
  }

  get figures(): CallPath {
    const { id, instance, media } = this;
    const forwarders = [...media.wanted.values()];
    return {
      id,
      instance,
      path: media.path,
      framesSent: forwarders.reduce((sum, { framesSent }) => sum + framesSent, 0),
      framesDropped: forwarders.reduce((sum, { framesDropped }) => sum + framesDropped, 0),
    };
  }

  /** Tells it of this node's call, and what this node takes of it. */
  tell(own: CallPresence | null, wants: readonly Want[]): void {
    const seen = own && (own.direct === null || own.direct === this.id) ? wireOf(own) : null; // Invariant 2
    const state = JSON.stringify(seen ? [seen] : []);
    if (state !== this.#saidState) {
      this.#saidState = state; // Invariant 1
      this.media.sayState(seen);
    }
    const said = JSON.stringify(wants);
    if (said === this.#saidWants) return;
    this.#saidWants = said;
    this.media.ask(wants);
  }

  sayRing(call: string, direct: boolean, ring: Ring): void {
    this.media.sayRing(b4a.from(call, 'hex'), direct, ring);
  }

  sayAnswer(call: string, answer: RingAnswer): void {
    this.media.sayAnswer(b4a.from(call, 'hex'), answer);
  }
}
