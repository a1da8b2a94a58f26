import { LIMITS } from '../limits.js';
import { isSound } from '../media/codecs.js';
import type { Frame } from '../media/frame.js';
import type { Want } from '../media/media-channel.js';
import type { CallMember, CallTrack } from './call-roster.js';
import { TOP_LAYER } from './encoder-rates.js';

/** What whoever takes a track is told. */
export interface ConsumerEvents {
  onFrame: (frame: Frame, bytes: Uint8Array) => void;
  /** The track is gone, or this node is in the call no more. */
  onClosed: () => void;
}

/** What is taken of a track. */
export interface Taking {
  paused: boolean;
  /** The smaller encoding would do. */
  small: boolean;
  /** The highest temporal layer. */
  layer: number;
}

export interface CallConsumer extends Readonly<ConsumerEvents> {
  readonly instance: string;
  readonly stream: number;
  readonly sound: boolean;
  taking: Taking;
}

/**
 * Who at this node takes which tracks of others.
 *
 * 1. A frame is given to nobody who has not asked for its track.
 */
export class CallConsumers {
  readonly #all = new Set<CallConsumer>();

  add(
    { instance }: CallMember,
    { stream, kind }: CallTrack,
    on: ConsumerEvents,
    paused: boolean,
  ): CallConsumer {
    const taking = { paused, small: false, layer: TOP_LAYER };
    const consumer = { instance, stream, sound: isSound(kind), taking, ...on };
    this.#all.add(consumer);
    return consumer;
  }

  remove(consumer: CallConsumer): void {
    this.#all.delete(consumer);
  }

  /** What all of them together take of an instance: the larger encoding, and all layers, where anybody wants them. */
  takenFrom(instance: string): Want[] {
    const wants = new Map<number, Want>();
    for (const { instance: from, stream, taking } of this.#all) {
      if (from !== instance || taking.paused) continue;
      const other = wants.get(stream);
      wants.set(stream, {
        stream,
        small: taking.small && other?.small !== 0 ? 1 : 0,
        layer: Math.max(taking.layer, other?.layer ?? 0),
      });
    }
    return [...wants.values()].slice(0, LIMITS.mediaTracks);
  }

  deliver(instance: string, frame: Frame, bytes: Uint8Array): void {
    for (const consumer of this.#all) {
      const { stream, taking } = consumer;
      if (consumer.instance === instance && stream === frame.header.stream && !taking.paused)
        consumer.onFrame(frame, bytes); // Invariant 1
    }
  }

  /** Ends those whose track is not among what these members show. */
  closeGone(members: readonly CallMember[]): void {
    for (const consumer of this.#all) {
      const member = members.find(({ instance }) => instance === consumer.instance);
      if (member?.tracks.some(({ stream }) => stream === consumer.stream)) continue;
      this.#all.delete(consumer);
      consumer.onClosed();
    }
  }
}
