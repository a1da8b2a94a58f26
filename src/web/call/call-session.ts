import type { Person } from '../../daemon/api.js';
import type { CallInfo } from '../../daemon/call-api.js';
import { CallMedia } from './call-media.js';
import { feedAbilities, openFeed } from './capture/track-feed.js';
import type { CodecAbilities } from './encode/encoder-codec.js';
import { MediaLink, type MediaLinkEvents } from './media-link.js';
import { type SoundOutput, SoundOutputs } from './playback/sound-output.js';
import { outputAbilities, pictureOutput } from './playback/track-output.js';
import { ReceivedTracks, type ReceiveWishes } from './received-tracks.js';
import { type SendWishes, SentTracks } from './sent-tracks.js';
import { Settling } from './settling.js';
import type { WorkerReport } from './worker/messages.js';

export interface CallSessionEvents extends Pick<MediaLinkEvents, 'onEvent' | 'onLevels' | 'onSlept'> {
  /** The media socket is closed, with this code. */
  onClosed: (code: number) => void;
  onSendFailed: (reason: string) => void;
  onSoundBlocked: (blocked: boolean) => void;
  /** A track is received from now on, or no more. */
  onReceived: () => void;
  /** Something could not be sent or received. */
  onTrouble: (err: unknown) => void;
  /** What is to be sent and received now; null for what there is already. */
  wishes: () => (SendWishes & ReceiveWishes) | null;
}

/** What encoders, decoders and links have done until now. */
export interface CallStatistics {
  worker: WorkerReport;
  node: unknown;
  /** The consumer of each track that is received. */
  consumers: Map<string, number>;
}

/**
 * What is there only while this tab is in a call: the worker with its socket, what is sent, what is received and heard.
 *
 * 1. The audio context is made here, in the click that joins.
 * 2. After `close()` nothing is sent, received or heard, and nothing is told.
 */
export class CallSession {
  readonly #link: MediaLink;
  readonly #sounds: SoundOutputs;
  readonly #outputs = new Map<number, SoundOutput>();
  readonly #events: CallSessionEvents;
  readonly #settling = new Settling(() => this.#settle());
  #media: { all: CallMedia; sent: SentTracks; received: ReceivedTracks } | null = null;
  #wakeLock: WakeLockSentinel | null = null;
  #closed = false;

  constructor(events: CallSessionEvents) {
    this.#events = events;
    this.#sounds = new SoundOutputs(() => events.onSoundBlocked(this.#sounds.blocked)); // Invariant 1
    const ifOpen =
      <T extends unknown[]>(tell: (...values: T) => void) =>
      (...values: T) => {
        if (!this.#closed) tell(...values); // Invariant 2
      };
    this.#link = new MediaLink({
      onState: ifOpen((state, code) => state === 'closed' && events.onClosed(code)),
      onEvent: ifOpen(events.onEvent),
      onLevels: ifOpen(events.onLevels),
      onSendFailed: ifOpen((_local, reason) => events.onSendFailed(reason)),
      onSlept: ifOpen(events.onSlept),
    });
  }

  /** `ticket` lets the media socket in. Resolves when the node can be asked. Rejects with NODE_LOST. */
  async connect(ticket: string, { encodes, decodes }: CodecAbilities): Promise<void> {
    const all = new CallMedia({
      link: this.#link,
      encodes,
      decodes,
      ends: {
        openFeed: (track) => openFeed(track, feedAbilities()),
        openPicture: () => pictureOutput(outputAbilities()),
        openSound: (consumer) => this.#openSound(consumer),
      },
    });
    const received = new ReceivedTracks(all, () => {
      if (!this.#closed) this.#events.onReceived(); // Invariant 2
    });
    this.#media = { all, sent: new SentTracks(all), received };
    await Promise.all([this.#link.connect(ticket), all.open()]);
  }

  join(room: string, to: Person | null, { decodes }: CodecAbilities, move: boolean): Promise<CallInfo> {
    return this.request<CallInfo>('join', { room, ...(to ? { to: to.id } : {}), decodes, move });
  }

  /** Asks the node over the media socket. Rejects with RequestError. */
  request<T>(method: string, params: object = {}): Promise<T> {
    return this.#link.request<T>(method, params);
  }

  /** `wishes` may be others now. */
  settle(): void {
    this.#settling.settle();
  }

  sendAnew(): void {
    this.#media?.sent.sendAnew();
  }

  /** By the node's id of a track. */
  get received(): ReceivedTracks['all'] {
    return this.#media?.received.all ?? new Map();
  }

  get soundBlocked(): boolean {
    return this.#sounds.blocked;
  }

  /** From a click: "Click to hear". */
  async hear(): Promise<void> {
    await this.#sounds.resume();
  }

  /** Where the browser cannot choose a loudspeaker it stays as it is. */
  async setSpeaker(deviceId: string): Promise<void> {
    await this.#sounds.setSink(deviceId).catch(() => {});
  }

  /** How loud each person is, 0 to 2, by id; 1 where absent. */
  setVolumes(volumes: ReadonlyMap<string, number>): void {
    for (const { personId, consumer } of this.received.values())
      this.#outputs.get(consumer)?.setVolume(volumes.get(personId) ?? 1);
  }

  async statistics(): Promise<CallStatistics> {
    const [worker, node] = await Promise.all([
      this.#link.stats(),
      this.request('stats').catch(() => null), // the call has just ended
    ]);
    const consumers = new Map([...this.received].map(([track, { consumer }]) => [track, consumer]));
    return { worker, node, consumers };
  }

  /** The screen stays awake while this tab shows a call. */
  async keepAwake(): Promise<void> {
    if (this.#closed || document.hidden || !('wakeLock' in navigator)) return;
    this.#wakeLock = await navigator.wakeLock.request('screen').catch(() => null);
    if (this.#closed) void this.#wakeLock?.release().catch(() => {});
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#media?.all.close();
    this.#link.close();
    this.#sounds.close();
    void this.#wakeLock?.release().catch(() => {});
  }

  async #settle(): Promise<void> {
    const wishes = this.#closed ? null : this.#events.wishes();
    if (!wishes || !this.#media) return;
    const { sent, received } = this.#media;
    const tried = await Promise.allSettled([sent.settle(wishes), received.settle(wishes)]);
    const failed = tried.find((each) => each.status === 'rejected');
    if (failed && !this.#closed) this.#events.onTrouble(failed.reason);
  }

  async #openSound(consumer: number): Promise<SoundOutput> {
    const output = await this.#sounds.open();
    this.#outputs.set(consumer, output);
    const close = () => {
      this.#outputs.delete(consumer);
      output.close();
    };
    return { ...output, close };
  }
}
