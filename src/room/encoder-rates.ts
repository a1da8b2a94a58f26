import type { MediaPeer } from '../media/media-peer.js';
import { allocate } from '../media/rate-allocation.js';
import type { CallTrack } from './call-roster.js';

/** What an encoder of one's own should make just now. */
export interface EncoderRate {
  readonly stream: number;
  /** The second, smaller encoding. */
  readonly small: boolean;
  /** False while nobody takes it. */
  readonly active: boolean;
  readonly bitrateBps: number;
  /** Leave frames out before they are encoded. */
  readonly skip: boolean;
  /** The highest temporal layer that anybody takes. */
  readonly layer: number;
}

export const TOP_LAYER = 2;
/** What is told of a rate's change: steps of this share, this far apart; what concerns skipping at once. */
const RATE_STEP = 0.1;
const RATE_EVERY_MS = 200;
/** Somebody whose path carries less than this share of the best one's does not slow the others down if there is a smaller encoding. */
const FAR_BELOW = 0.4;
/** Whether `rate` is to be told, after `last` was told `ageMs` ago. */
export function isNews(rate: EncoderRate, last: EncoderRate, ageMs: number): boolean {
  if (rate.active !== last.active || rate.skip !== last.skip || rate.layer !== last.layer) return true;
  const step = Math.abs(rate.bitrateBps - last.bitrateBps) / last.bitrateBps;
  return rate.active && step >= RATE_STEP && ageMs >= RATE_EVERY_MS;
}

/** What each encoding should be, given what every receiver takes and what its path carries. */
export function encoderRates(tracks: readonly CallTrack[], receivers: readonly MediaPeer[]): EncoderRate[] {
  const offers = receivers.map((media) => {
    const taken = tracks.filter(({ stream }) => media.wanted.has(stream));
    const { targetBps, skips } = media.path;
    const asked = taken.map((track) => ({
      kind: track.kind,
      small: track.encodings === 2 && media.wanted.get(track.stream)?.taken.small === true,
    }));
    const shares = allocate(targetBps, asked);
    return taken.map((track, i) => ({
      stream: track.stream,
      small: asked[i]?.small ?? false,
      bps: shares[i] ?? 0,
      layer: media.wanted.get(track.stream)?.taken.layer ?? TOP_LAYER,
      skips,
    }));
  });
  return tracks.flatMap(({ stream, encodings }) =>
    [false, true].slice(0, encodings).map((small) => {
      const takers = offers.flat().filter((offer) => offer.stream === stream && offer.small === small);
      const best = Math.max(0, ...takers.map(({ bps }) => bps));
      // With a smaller encoding to fall back to, nobody waits for somebody far below.
      const heeded = encodings === 2 && !small ? takers.filter(({ bps }) => bps >= best * FAR_BELOW) : takers;
      return {
        stream,
        small,
        active: takers.length > 0,
        bitrateBps: heeded.length > 0 ? Math.min(...heeded.map(({ bps }) => bps)) : 0,
        skip: heeded.length > 0 && heeded.every(({ skips }) => skips),
        layer: Math.max(0, ...takers.map(({ layer }) => layer)),
      };
    }),
  );
}
