import type { Codec } from '../../media/codecs.js';
import type { CallMedia } from './call-media.js';
import type { CallSettings } from './call-settings.js';
import type { CapturedTrack } from './capture/captured-tracks.js';

/** What is to be sent. */
export interface SendWishes {
  /** By the name of each. */
  captured: ReadonlyMap<string, CapturedTrack>;
  /** What each of the others decodes. */
  othersDecode: readonly (readonly Codec[])[];
  settings: Pick<CallSettings, 'codec' | 'framerate' | 'maxMegabits'>;
  /** The microphone is on, and not heard: nobody holds the key to talk. */
  hushed: boolean;
}

const SCREEN_FRAMERATE = 30;

/** What of the captured tracks is sent in one call. */
export class SentTracks {
  readonly #media: CallMedia;
  readonly #sent = new Map<string, MediaStreamTrack>();
  #isAnew = false;

  constructor(media: CallMedia) {
    this.#media = media;
  }

  /** The next `settle` sends everything anew, in another codec or rate. */
  sendAnew(): void {
    this.#isAnew = true;
  }

  /** Not to be called again before it has settled. Rejects with RequestError, and TypeError without a codec for all. */
  async settle({ captured, othersDecode, settings, hushed }: SendWishes): Promise<void> {
    const media = this.#media;
    if (this.#isAnew) await this.#withdraw();
    for (const name of this.#sent.keys()) {
      if (captured.has(name)) continue;
      this.#sent.delete(name);
      if (name.startsWith('screen')) await media.unpublish(name);
      else await media.withhold(name);
    }
    for (const [name, { kind, track }] of captured) {
      const codec = media.codecOf(name);
      const isReadable = codec === null || othersDecode.every((decodes) => decodes.includes(codec));
      if (!isReadable) await media.unpublish(name); // somebody came who does not read it
      if (isReadable && this.#sent.get(name) === track) continue;
      await media.publish(name, kind, track, {
        othersDecode,
        codec: kind === 'camera' || kind === 'screen' ? settings.codec : null,
        framerate: kind === 'screen' ? SCREEN_FRAMERATE : settings.framerate,
        maxBitrateBps: settings.maxMegabits ? settings.maxMegabits * 1e6 : null,
      });
      this.#sent.set(name, track);
    }
    if (captured.has('microphone')) await media.hush('microphone', hushed);
  }

  async #withdraw(): Promise<void> {
    this.#isAnew = false;
    const names = [...this.#sent.keys()];
    this.#sent.clear();
    for (const name of names) await this.#media.unpublish(name).catch(() => {}); // the node closed it already
  }
}
