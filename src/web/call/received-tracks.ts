import type { CallMemberInfo, TrackInfo } from '../../daemon/call-api.js';
import type { TrackKind } from '../../media/codecs.js';
import type { CallMedia } from './call-media.js';

/** A picture or sound of somebody that is received. */
export interface Received {
  readonly memberId: string;
  readonly personId: string;
  readonly kind: TrackKind;
  readonly track: MediaStreamTrack;
  /** The node's number of it. */
  readonly consumer: number;
}

/** What is to be received. */
export interface ReceiveWishes {
  others: readonly CallMemberInfo[];
  /** Tracks whose pictures are in sight, and whether small ones would do. */
  sight: ReadonlyMap<string, boolean>;
}

interface Shown {
  member: CallMemberInfo;
  track: TrackInfo;
}

/** What is received in one call: all sound, and the pictures that are in sight, no larger than they are shown. */
export class ReceivedTracks {
  readonly #media: CallMedia;
  readonly #onChange: () => void;
  readonly #received = new Map<string, Received>();
  readonly #small = new Set<string>();

  /** `onChange` is called when a track has come or is gone. */
  constructor(media: CallMedia, onChange: () => void) {
    this.#media = media;
    this.#onChange = onChange;
  }

  /** By the node's id of the track. */
  get all(): ReadonlyMap<string, Received> {
    return this.#received;
  }

  /** Not to be called again before it has settled. Rejects with the first RequestError, when all has been tried. */
  async settle({ others, sight }: ReceiveWishes): Promise<void> {
    const shown = new Map<string, Shown>(
      others.flatMap((member) => member.tracks.map((track) => [track.track, { member, track }] as const)),
    );
    for (const id of this.#received.keys()) if (!shown.has(id)) await this.#stop(id);
    // All at once: who comes into a large call sees and hears everybody as soon as the first.
    const tried = await Promise.allSettled(
      [...shown].map(([id, each]) => this.#follow(id, each, sight.get(id))),
    );
    const failed = tried.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** `inSight` is undefined where nobody looks at it, and true where the small encoding would do. */
  async #follow(id: string, { member, track }: Shown, inSight: boolean | undefined): Promise<void> {
    const isPicture = track.kind === 'camera' || track.kind === 'screen';
    const isSmall = inSight === true && track.encodings === 2;
    if (!this.#received.has(id)) {
      if (isPicture && inSight === undefined) return;
      await this.#start(id, { member, track }, isSmall);
    }
    if (!isPicture) return;
    this.#media.pauseWatching(id, inSight === undefined);
    if (inSight === undefined || isSmall === this.#small.has(id)) return;
    this.#remember(id, isSmall);
    await this.#media.watchSmall(id, isSmall);
  }

  async #start(id: string, { member, track: { kind } }: Shown, isSmall: boolean): Promise<void> {
    const group = `${member.member} ${kind.startsWith('screen') ? 'screen' : 'person'}`;
    const track = await this.#media.watch(id, group, isSmall);
    this.#remember(id, isSmall);
    const consumer = this.#media.consumerOf(id) ?? -1;
    this.#received.set(id, { memberId: member.member, personId: member.peer.id, kind, track, consumer });
    this.#onChange();
  }

  async #stop(id: string): Promise<void> {
    this.#received.delete(id);
    this.#small.delete(id);
    await this.#media.unwatch(id).catch(() => {}); // the node closed it already
    this.#onChange();
  }

  #remember(id: string, isSmall: boolean): void {
    if (isSmall) this.#small.add(id);
    else this.#small.delete(id);
  }
}
