import type { Clock } from '../clock.js';
import { isSound } from '../media/codecs.js';
import type { MediaPeer } from '../media/media-peer.js';
import type { CallTrack } from './call-roster.js';
import { type EncoderRate, encoderRates, isNews } from './encoder-rates.js';
import { KeyRequests } from './key-requests.js';

export interface OwnEncodersDependencies {
  clock: Clock;
  on: {
    /** What an encoder is to make from now on; told where it is news. */
    rate(rate: EncoderRate): void;
    /** The next frame of this encoding is to be a key frame. */
    key(stream: number, small: boolean): void;
  };
}

/**
 * What the encoders of one's own tracks are told, as it follows from what receivers take and what their paths carry.
 *
 * 1. A track that is paused is not asked for a key frame: no encoder runs that could make it.
 */
export class OwnEncoders {
  readonly #clock: Clock;
  readonly #on: OwnEncodersDependencies['on'];
  readonly #keys: KeyRequests;
  readonly #rates = new Map<string, { rate: EncoderRate; at: number }>();

  constructor({ clock, on }: OwnEncodersDependencies) {
    this.#clock = clock;
    this.#on = on;
    this.#keys = new KeyRequests(clock, on.key);
  }

  /** What they were told last. */
  get rates(): EncoderRate[] {
    return [...this.#rates.values()].map(({ rate }) => rate);
  }

  /** Something of `tracks` or of `receivers` has changed, or may have. */
  adapt(tracks: readonly CallTrack[], receivers: readonly MediaPeer[]): void {
    const now = this.#clock.now();
    for (const rate of encoderRates(tracks, receivers)) {
      const key = `${rate.stream}${rate.small ? ' small' : ''}`;
      const last = this.#rates.get(key);
      if (last && !isNews(rate, last.rate, now - last.at)) continue;
      this.#rates.set(key, { rate, at: now });
      this.#on.rate(rate);
    }
    // After the rates: an encoder that is to begin is told so before it is asked for a key frame.
    for (const track of tracks) this.#askForKeys(track, receivers);
  }

  /** Somebody needs a picture of this track that can be decoded alone. */
  wantKey({ kind, stream, encodings, paused }: CallTrack, small: boolean): void {
    if (isSound(kind) || paused) return; // Invariant 1
    this.#keys.want(stream, small && encodings === 2);
  }

  /** A key frame of this encoding was made. */
  madeKey(stream: number, small: boolean): void {
    this.#keys.made(stream, small);
  }

  /** This track is no more. */
  forget(stream: number): void {
    for (const key of [`${stream}`, `${stream} small`]) this.#rates.delete(key);
    this.#keys.forget(stream);
  }

  clear(): void {
    this.#rates.clear();
    this.#keys.clear();
  }

  #askForKeys(track: CallTrack, receivers: readonly MediaPeer[]): void {
    for (const small of [false, true])
      if (receivers.some((media) => media.wantsKey(track.stream, small))) this.wantKey(track, small);
  }
}
