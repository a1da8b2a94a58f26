import type { Person } from '../../daemon/api.js';
import type { CallInfo } from '../../daemon/call-api.js';
import type { TrackKind } from '../../media/codecs.js';
import { RequestError } from '../node/node-connection.js';
import type { PageStore } from '../state/page-store.js';
import { CallMedia } from './call-media.js';
import { type CallSettings, keepCallSettings, loadCallSettings } from './call-settings.js';
import { type CallView, type LeftReason, noCall, type Ring } from './call-view.js';
import { Capture } from './capture/capture.js';
import type { SourceId } from './capture/capture-state.js';
import { openSource } from './capture/open-source.js';
import { feedAbilities, openFeed } from './capture/track-feed.js';
import { decodable, encodable } from './encode/encoder-codec.js';
import { MediaLink } from './media-link.js';
import { type SoundOutput, SoundOutputs } from './playback/sound-output.js';
import { outputAbilities, pictureOutput } from './playback/track-output.js';
import { reduceCallEvent } from './reduce-call-event.js';
import { Speaking } from './speaking.js';
import type { WorkerReport } from './worker/messages.js';

/** Code of the media socket's close when another tab took the call. */
const MOVED = 4002;
/** From this width on the talk has a place beside the stage, as `shell.css` says. */
const WIDE_PX = 1100;
/** That this tab is in a call, for itself after it is loaded anew. */
const IN_CALL = 'chatter-in-call';

/** What is there only while this tab is in a call. */
interface Running {
  link: MediaLink;
  media: CallMedia;
  sounds: SoundOutputs;
  /** By number of the consumer. */
  outputs: Map<number, SoundOutput>;
  wakeLock: WakeLockSentinel | null;
}

/** A picture or sound of somebody that is received. */
interface Received {
  memberId: string;
  personId: string;
  kind: TrackKind;
  track: MediaStreamTrack;
}

/**
 * This tab's calls: what is shown, and what a person can do. React reads it with `useSyncExternalStore`.
 *
 * 1. Nothing is captured but by `turnOn`, `show` and `answer`, which only clicks and keys call.
 * 2. However a call ends for this tab (left, moved, slept, node lost), capture is off before it is told.
 * 3. What is sent and received follows what is wanted, one step at a time: `#settle` runs alone and again until both
 *    are equal, so that no order of clicks and answers leaves a track behind.
 */
export class CallStore {
  readonly #page: PageStore;
  readonly #listeners = new Set<() => void>();
  readonly #capture: Capture;
  readonly #speaking = new Speaking();
  readonly #published = new Map<string, MediaStreamTrack>();
  readonly #received = new Map<string, Received>();
  readonly #small = new Set<string>();
  /** Tracks whose pictures are in sight, and whether small ones would do. */
  #sight: ReadonlyMap<string, boolean> = new Map();
  #view: CallView;
  #running: Running | null = null;
  #isSettling = false;
  #settleAgain = false;
  #screens = 0;

  constructor(page: PageStore) {
    this.#page = page;
    this.#view = noCall(loadCallSettings(), window.innerWidth > WIDE_PX ? 'chat' : null);
    this.#capture = new Capture(
      (source) => openSource(source, this.#view.settings),
      () => this.#onCapture(),
    );
    page.listen((event) => this.#set(reduceCallEvent(this.#view, event)));
    const was = sessionStorage.getItem(IN_CALL);
    if (was) this.#left(JSON.parse(was) as { roomId: string; room: string }, 'reloaded');
    window.addEventListener('pagehide', () => this.#capture.stopAll());
    document.addEventListener('visibilitychange', () => void this.#keepAwake());
  }

  readonly subscribe = (fn: () => void): (() => void) => {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  };

  readonly snapshot = (): CallView => this.#view;

  /** Changes what only this tab shows. */
  set(
    change: Partial<
      Pick<CallView, 'layout' | 'pinned' | 'stage' | 'side' | 'missed' | 'left' | 'failure' | 'ringing'>
    >,
  ): void {
    this.#set({ ...this.#view, ...change });
  }

  /** Reads which calls there are. */
  async readCalls(): Promise<void> {
    const known = (await this.#ask('calls', {}).catch(() => [])) as CallInfo[];
    this.#set({ ...this.#view, calls: new Map(known.map((info) => [info.roomId, info])) });
  }

  /** Shows what others would see, before anything is joined. Everything is off. */
  preview(roomId: string, room: string, to: Person | null = null): void {
    if (this.#view.place.type === 'in') return this.set({ stage: true });
    this.#set({
      ...this.#view,
      place: { type: 'preview', roomId, room, to },
      stage: true,
      left: null,
      failure: null,
    });
  }

  cancelPreview(): void {
    this.#capture.stopAll();
    this.#set({ ...this.#view, place: { type: 'none' }, stage: false });
  }

  /** A click: takes the microphone or camera, or takes it anew after another device was chosen. */
  turnOn(source: 'microphone' | 'camera'): void {
    this.#capture.want(source);
  }

  turnOff(source: SourceId): void {
    this.#capture.stop(source);
  }

  toggle(source: 'microphone' | 'camera'): void {
    if (this.#capture.state.slots.get(source)?.live != null) this.turnOff(source);
    else this.turnOn(source);
  }

  /** A click: asks the browser which screen, window or tab to show. */
  show(): void {
    this.#capture.want(`screen-${++this.#screens}`);
  }

  stopShowing(): void {
    for (const source of this.#capture.state.slots.keys())
      if (source.startsWith('screen')) this.turnOff(source);
  }

  stopAll(): void {
    this.#capture.stopAll();
  }

  stream(source: SourceId): MediaStream | null {
    return this.#capture.stream(source);
  }

  /** The track of somebody that is received, by the node's id of it. */
  receivedTrack(track: string): MediaStreamTrack | null {
    return this.#received.get(track)?.track ?? null;
  }

  /** Joins the call of the previewed room, or of another. `move` takes it from another tab. */
  async join(roomId: string, room: string, to: Person | null = null, move = false): Promise<void> {
    if (this.#running) await this.leave();
    this.#set({
      ...this.#view,
      place: { type: 'joining', roomId, room, to },
      stage: true,
      left: null,
      failure: null,
    });
    try {
      const info = await this.#open(roomId, to, move);
      sessionStorage.setItem(IN_CALL, JSON.stringify({ roomId, room }));
      this.#set({ ...this.#view, place: { type: 'in', roomId, room, info } });
      void this.#keepAwake();
      this.#settle();
    } catch (err) {
      this.#end();
      const isElsewhere = err instanceof RequestError && (err.code as string) === 'CALL_ELSEWHERE';
      if (isElsewhere) return this.#left({ roomId, room }, 'kept-elsewhere');
      this.#set({ ...this.#view, place: { type: 'none' }, stage: false, failure: (err as Error).message });
    }
  }

  /** A click on "Answer": joins, with the microphone on. */
  async answer(ring: Ring): Promise<void> {
    this.turnOn('microphone');
    await this.join(ring.roomId, ring.room, ring.direct ? ring.from : null);
  }

  decline({ roomId, call, from }: Ring): void {
    const rings = this.#view.rings.filter((ring) => ring.call !== call || ring.from.id !== from.id);
    this.#set({ ...this.#view, rings });
    void this.#ask('call-decline', { room: roomId, call }).catch(() => {});
  }

  async leave(): Promise<void> {
    const { place } = this.#view;
    this.#capture.stopAll(); // Invariant 2
    await this.#running?.link.request('leave').catch(() => {});
    this.#end();
    if (place.type !== 'none')
      this.#set({ ...this.#view, place: { type: 'none' }, stage: false, hand: false });
  }

  setTalking(talking: boolean): void {
    if (!this.#view.settings.pushToTalk || talking === this.#view.talking) return;
    this.#set({ ...this.#view, talking });
    this.#settle();
  }

  raiseHand(up: boolean): void {
    this.#set({ ...this.#view, hand: up });
    void this.#running?.link.request('hand', { up }).catch(() => {});
  }

  /** 0 to 2; 1 is as it was sent. */
  setVolume(personId: string, volume: number): void {
    this.#set({ ...this.#view, volumes: new Map(this.#view.volumes).set(personId, volume) });
    this.#applyVolumes();
  }

  /** From a click: "Click to hear". */
  async hear(): Promise<void> {
    await this.#running?.sounds.resume();
    this.#set({ ...this.#view, soundBlocked: this.#running?.sounds.blocked ?? false });
  }

  setSettings(change: Partial<CallSettings>): void {
    const settings = { ...this.#view.settings, ...change };
    keepCallSettings(settings);
    this.#set({ ...this.#view, settings });
    const { slots } = this.#capture.state;
    const isMicrophone = 'microphoneId' in change || 'noiseSuppression' in change;
    const isCamera = 'cameraId' in change || 'lines' in change || 'framerate' in change;
    if (isMicrophone && slots.get('microphone')?.live != null) this.turnOn('microphone');
    if (isCamera && slots.get('camera')?.live != null) this.turnOn('camera');
    if ('speakerId' in change) void this.#running?.sounds.setSink(settings.speakerId).catch(() => {});
    if ('codec' in change || 'maxMegabits' in change) void this.#republish();
    this.#settle();
  }

  /** Which pictures the stage shows now, by track, and whether the small encoding would do. */
  setSight(sight: ReadonlyMap<string, boolean>): void {
    this.#sight = sight;
    this.#settle();
  }

  /** What encoders, decoders and links have done until now; null outside a call. */
  async statistics(): Promise<{
    worker: WorkerReport;
    node: unknown;
    consumers: Map<string, number>;
  } | null> {
    const running = this.#running;
    if (!running) return null;
    const [worker, node] = await Promise.all([
      running.link.stats(),
      running.link.request('stats').catch(() => null),
    ]);
    const consumers = new Map<string, number>();
    for (const track of this.#received.keys()) consumers.set(track, running.media.consumerOf(track) ?? -1);
    return { worker, node, consumers };
  }

  async #open(roomId: string, to: Person | null, move: boolean): Promise<CallInfo> {
    const sounds = new SoundOutputs(() =>
      this.#set({ ...this.#view, soundBlocked: this.#running?.sounds.blocked ?? false }),
    );
    const outputs = new Map<number, SoundOutput>();
    const link = new MediaLink({
      onState: (state, code) => state === 'closed' && this.#onClosed(link, code),
      onEvent: (event) => this.#onMediaEvent(event),
      onLevels: (senders, receivers) => this.#onLevels(senders, receivers),
      onSendFailed: (_local, reason) => this.set({ failure: `The picture cannot be sent: ${reason}` }),
      onSlept: () => this.#onLost('slept'),
    });
    const [encodes, decodes] = await Promise.all([encodable(), decodable()]);
    const media = new CallMedia({
      link,
      encodes,
      decodes,
      ends: {
        openFeed: (track) => openFeed(track, feedAbilities()),
        openPicture: () => pictureOutput(outputAbilities()),
        openSound: async (consumer) => {
          const output = await sounds.open();
          outputs.set(consumer, output);
          return output;
        },
      },
    });
    this.#running = { link, media, sounds, outputs, wakeLock: null };
    const { speakerId } = this.#view.settings;
    if (speakerId) await sounds.setSink(speakerId).catch(() => {});
    const { ticket } = (await this.#ask('media-ticket', {})) as { ticket: string };
    await link.connect(ticket);
    await media.open();
    return link.request<CallInfo>('join', { room: roomId, ...(to ? { to: to.id } : {}), decodes, move });
  }

  #onCapture(): void {
    this.#set({
      ...this.#view,
      capture: this.#capture.state,
      tracksVersion: this.#view.tracksVersion + 1,
    });
    this.#settle();
  }

  #onMediaEvent(event: { event: string } & Record<string, unknown>): void {
    const { place } = this.#view;
    if (event.event === 'moved') this.#onLost('moved');
    if (event.event === 'ended' && place.type === 'in') void this.leave();
    if (event.event !== 'call' || place.type !== 'in') return;
    const info = event.info as CallInfo;
    const calls = new Map(this.#view.calls).set(info.roomId, info);
    this.#set({ ...this.#view, calls, place: { ...place, info } });
    this.#settle();
  }

  #onLevels(senders: Record<string, number>, receivers: Record<number, number>): void {
    const levels = new Map<string, number>();
    for (const { memberId, kind, consumer } of this.#listening()) {
      if (kind === 'microphone') levels.set(memberId, receivers[consumer] ?? 0);
    }
    levels.set('self', Math.max(0, ...Object.values(senders)));
    const speaking = this.#speaking.update(levels, performance.now());
    if (speaking !== this.#view.speaking) this.#set({ ...this.#view, speaking });
  }

  #onClosed(link: MediaLink, code: number): void {
    if (this.#running?.link !== link) return;
    this.#onLost(code === MOVED ? 'moved' : 'node-lost');
  }

  /** The call goes on without this tab. */
  #onLost(reason: LeftReason): void {
    const { place } = this.#view;
    this.#end();
    if (place.type === 'in' || place.type === 'joining') this.#left(place, reason);
  }

  #left({ roomId, room }: { roomId: string; room: string }, reason: LeftReason): void {
    sessionStorage.removeItem(IN_CALL);
    this.#set({
      ...this.#view,
      place: { type: 'none' },
      stage: false,
      hand: false,
      left: { roomId, room, reason },
    });
  }

  /** Invariant 2: capture first. */
  #end(): void {
    this.#capture.stopAll();
    const running = this.#running;
    this.#running = null;
    sessionStorage.removeItem(IN_CALL);
    this.#published.clear();
    this.#received.clear();
    this.#small.clear();
    if (!running) return;
    running.media.close();
    running.link.close();
    running.sounds.close();
    void running.wakeLock?.release().catch(() => {});
    this.#set({
      ...this.#view,
      speaking: new Set(),
      soundBlocked: false,
      tracksVersion: this.#view.tracksVersion + 1,
    });
  }

  #settle(): void {
    this.#settleAgain = true;
    if (!this.#isSettling) void this.#settleUntilDone();
  }

  async #settleUntilDone(): Promise<void> {
    this.#isSettling = true;
    while (this.#settleAgain) {
      this.#settleAgain = false;
      const running = this.#running;
      if (!running || this.#view.place.type !== 'in') break;
      await this.#settleSending(running.media).catch((err) => this.#onTrouble(err));
      await this.#settleReceiving(running).catch((err) => this.#onTrouble(err));
    }
    this.#isSettling = false;
  }

  /** The next change of the call, or of what is wanted, tries again. */
  #onTrouble(err: unknown): void {
    if (err instanceof RequestError && (err.code === 'NODE_LOST' || (err.code as string) === 'TRACK_UNKNOWN'))
      return;
    if (this.#running) this.set({ failure: (err as Error).message });
  }

  async #settleSending(media: CallMedia): Promise<void> {
    const { place, settings, talking } = this.#view;
    if (place.type !== 'in') return;
    const wanted = this.#wantedTracks();
    for (const [name] of this.#published) {
      if (wanted.has(name)) continue;
      this.#published.delete(name);
      if (name.startsWith('screen')) await media.unpublish(name);
      else await media.withhold(name);
    }
    const othersDecode = place.info.members.filter(({ self }) => !self).map(({ decodes }) => decodes);
    for (const [name, { kind, track }] of wanted) {
      const codec = media.codecOf(name);
      const isReadable = codec === null || othersDecode.every((decodes) => decodes.includes(codec));
      if (!isReadable) await media.unpublish(name); // somebody came who does not read it
      if (isReadable && this.#published.get(name) === track) continue;
      await media.publish(name, kind, track, {
        othersDecode,
        codec: kind === 'camera' || kind === 'screen' ? settings.codec : null,
        framerate: kind === 'screen' ? 30 : settings.framerate,
        maxBitrateBps: settings.maxMegabits ? settings.maxMegabits * 1e6 : null,
      });
      this.#published.set(name, track);
    }
    if (wanted.has('microphone')) await media.hush('microphone', settings.pushToTalk && !talking);
  }

  #wantedTracks(): Map<string, { kind: TrackKind; track: MediaStreamTrack }> {
    const wanted = new Map<string, { kind: TrackKind; track: MediaStreamTrack }>();
    for (const source of this.#capture.state.slots.keys()) {
      const stream = this.#capture.stream(source);
      const isScreen = source.startsWith('screen');
      for (const track of stream?.getTracks() ?? []) {
        if (track.readyState === 'ended') continue;
        if (!isScreen) wanted.set(source, { kind: source as 'microphone' | 'camera', track });
        else if (track.kind === 'video') wanted.set(source, { kind: 'screen', track });
        else wanted.set(`${source}-sound`, { kind: 'screen-sound', track });
      }
    }
    return wanted;
  }

  async #settleReceiving({ media, outputs }: Running): Promise<void> {
    const { place } = this.#view;
    if (place.type !== 'in') return;
    const others = place.info.members.filter(({ self }) => !self);
    const there = new Map(
      others.flatMap(({ member, peer, tracks }) =>
        tracks.map((track) => [track.track, { member, peer, track }]),
      ),
    );
    for (const [id] of this.#received) {
      if (there.has(id)) continue;
      this.#received.delete(id);
      this.#small.delete(id);
      outputs.delete(media.consumerOf(id) ?? -1);
      await media.unwatch(id).catch(() => {}); // the node closed it already
      this.#bump();
    }
    for (const [id, { member, peer, track }] of there) {
      const isPicture = track.kind === 'camera' || track.kind === 'screen';
      const inSight = this.#sight.get(id);
      const isSmall = inSight === true && track.encodings === 2;
      if (!this.#received.has(id)) {
        if (isPicture && inSight === undefined) continue; // nobody looks
        const group = `${member} ${track.kind.startsWith('screen') ? 'screen' : 'person'}`;
        const made = await media.watch(id, group, isSmall);
        if (isSmall) this.#small.add(id);
        this.#received.set(id, { memberId: member, personId: peer.id, kind: track.kind, track: made });
        this.#applyVolumes();
        this.#bump();
      }
      if (!isPicture) continue;
      media.pauseWatching(id, inSight === undefined);
      if (inSight === undefined || isSmall === this.#small.has(id)) continue;
      if (isSmall) this.#small.add(id);
      else this.#small.delete(id);
      await media.watchSmall(id, isSmall);
    }
  }

  /** Sends everything anew, in another codec or rate. */
  async #republish(): Promise<void> {
    const media = this.#running?.media;
    if (!media) return;
    const names = [...this.#published.keys()];
    this.#published.clear();
    for (const name of names) await media.unpublish(name).catch(() => {});
    this.#settle();
  }

  #applyVolumes(): void {
    const { outputs } = this.#running ?? {};
    for (const { personId, consumer } of this.#listening()) {
      outputs?.get(consumer)?.setVolume(this.#view.volumes.get(personId) ?? 1);
    }
  }

  #listening() {
    const { media } = this.#running ?? {};
    return [...this.#received].map(([id, received]) => ({
      ...received,
      consumer: media?.consumerOf(id) ?? -1,
    }));
  }

  /** The screen stays awake while this tab shows a call. */
  async #keepAwake(): Promise<void> {
    const running = this.#running;
    if (!running || document.hidden || !('wakeLock' in navigator)) return;
    running.wakeLock = await navigator.wakeLock.request('screen').catch(() => null);
  }

  #bump(): void {
    this.#set({ ...this.#view, tracksVersion: this.#view.tracksVersion + 1 });
  }

  /** The call's requests are not among the page's own types. */
  #ask(method: string, params: object): Promise<unknown> {
    return this.#page.request(method as 'status', params as Record<string, never>);
  }

  #set(view: CallView): void {
    if (view === this.#view) return;
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
