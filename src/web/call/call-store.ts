import type { Person } from '../../daemon/api.js';
import type { CallInfo } from '../../daemon/call-api.js';
import { RequestError } from '../node/node-connection.js';
import type { PageStore } from '../state/page-store.js';
import { CallSession, type CallStatistics } from './call-session.js';
import { type CallSettings, keepCallSettings, loadCallSettings } from './call-settings.js';
import { type CallView, type LeftReason, noCall, type Ring } from './call-view.js';
import { Capture } from './capture/capture.js';
import type { SourceId } from './capture/capture-state.js';
import { capturedTracks } from './capture/captured-tracks.js';
import { openSource } from './capture/open-source.js';
import { type CodecAbilities, codecAbilities } from './encode/encoder-codec.js';
import { reduceCallEvent } from './reduce-call-event.js';
import { Speaking } from './speaking.js';

/** Code of the media socket's close when another tab took the call. */
const MOVED = 4002;
/** From this width on the talk has a place beside the stage, as `shell.css` says. */
const WIDE_PX = 1100;
/** That this tab is in a call, for itself after it is loaded anew. */
const IN_CALL = 'chatter-in-call';

/**
 * This tab's calls: what is shown, and what a person can do. React reads it with `useSyncExternalStore`.
 *
 * 1. Nothing is captured but by `turnOn`, `show` and `answer`, which only clicks and keys call.
 * 2. However a call ends for this tab (left, moved, slept, node lost), capture is off before it is told.
 * 3. What is sent and received follows from `#wishes` alone, whatever the order of clicks and answers.
 */
export class CallStore {
  readonly #page: PageStore;
  readonly #listeners = new Set<() => void>();
  readonly #capture: Capture;
  readonly #speaking = new Speaking();
  /** Tracks whose pictures are in sight, and whether small ones would do. */
  #sight: ReadonlyMap<string, boolean> = new Map();
  #view: CallView;
  #session: CallSession | null = null;
  #abilities: Promise<CodecAbilities> | null = null;
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
    document.addEventListener('visibilitychange', () => void this.#session?.keepAwake());
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
    void this.#codecs(); // so that joining need not wait for it
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
    return this.#session?.received.get(track)?.track ?? null;
  }

  /** Joins the call of the previewed room, or of another. `move` takes it from another tab. */
  async join(roomId: string, room: string, to: Person | null = null, move = false): Promise<void> {
    if (this.#session) await this.leave();
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
      void this.#session?.keepAwake();
      this.#session?.settle();
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
    await this.#session?.request('leave').catch(() => {});
    this.#end();
    if (place.type !== 'none')
      this.#set({ ...this.#view, place: { type: 'none' }, stage: false, hand: false });
  }

  setTalking(talking: boolean): void {
    if (!this.#view.settings.pushToTalk || talking === this.#view.talking) return;
    this.#set({ ...this.#view, talking });
    this.#session?.settle();
  }

  raiseHand(up: boolean): void {
    this.#set({ ...this.#view, hand: up });
    void this.#session?.request('hand', { up }).catch(() => {});
  }

  /** 0 to 2; 1 is as it was sent. */
  setVolume(personId: string, volume: number): void {
    this.#set({ ...this.#view, volumes: new Map(this.#view.volumes).set(personId, volume) });
    this.#session?.setVolumes(this.#view.volumes);
  }

  /** From a click: "Click to hear". */
  async hear(): Promise<void> {
    await this.#session?.hear();
    this.#set({ ...this.#view, soundBlocked: this.#session?.soundBlocked ?? false });
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
    if ('speakerId' in change) void this.#session?.setSpeaker(settings.speakerId);
    if ('codec' in change || 'maxMegabits' in change) this.#session?.sendAnew();
    this.#session?.settle();
  }

  /** Which pictures the stage shows now, by track, and whether the small encoding would do. */
  setSight(sight: ReadonlyMap<string, boolean>): void {
    this.#sight = sight;
    this.#session?.settle();
  }

  /** Null outside a call. */
  async statistics(): Promise<CallStatistics | null> {
    return this.#session?.statistics() ?? null;
  }

  async #open(roomId: string, to: Person | null, move: boolean): Promise<CallInfo> {
    const session: CallSession = new CallSession({
      onClosed: (code) => this.#session === session && this.#onLost(code === MOVED ? 'moved' : 'node-lost'),
      onEvent: (event) => this.#onMediaEvent(event),
      onLevels: (senders, receivers) => this.#onLevels(senders, receivers),
      onSendFailed: (reason) => this.set({ failure: `The picture cannot be sent: ${reason}` }),
      onSlept: () => this.#onLost('slept'),
      onSoundBlocked: (soundBlocked) => this.#set({ ...this.#view, soundBlocked }),
      onReceived: () => {
        session.setVolumes(this.#view.volumes);
        this.#bump();
      },
      onTrouble: (err) => this.#onTrouble(err),
      wishes: () => this.#wishes(),
    });
    this.#session = session;
    const { speakerId } = this.#view.settings;
    if (speakerId) void session.setSpeaker(speakerId);
    const [abilities, { ticket }] = await Promise.all([
      this.#codecs(),
      this.#ask('media-ticket', {}) as Promise<{ ticket: string }>,
    ]);
    await session.connect(ticket, abilities);
    return session.join(roomId, to, abilities, move);
  }

  #codecs(): Promise<CodecAbilities> {
    this.#abilities ??= codecAbilities();
    return this.#abilities;
  }

  #onCapture(): void {
    this.#set({
      ...this.#view,
      capture: this.#capture.state,
      tracksVersion: this.#view.tracksVersion + 1,
    });
    this.#session?.settle();
  }

  #onMediaEvent(event: { event: string } & Record<string, unknown>): void {
    const { place } = this.#view;
    if (event.event === 'moved') this.#onLost('moved');
    if (event.event === 'ended' && place.type === 'in') void this.leave();
    if (event.event !== 'call' || place.type !== 'in') return;
    const info = event.info as CallInfo;
    const calls = new Map(this.#view.calls).set(info.roomId, info);
    this.#set({ ...this.#view, calls, place: { ...place, info } });
    this.#session?.settle();
  }

  #onLevels(senders: Record<string, number>, receivers: Record<number, number>): void {
    const levels = new Map<string, number>();
    for (const { memberId, kind, consumer } of this.#session?.received.values() ?? []) {
      if (kind === 'microphone') levels.set(memberId, receivers[consumer] ?? 0);
    }
    levels.set('self', Math.max(0, ...Object.values(senders)));
    const speaking = this.#speaking.update(levels, performance.now());
    if (speaking !== this.#view.speaking) this.#set({ ...this.#view, speaking });
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
    const session = this.#session;
    this.#session = null;
    sessionStorage.removeItem(IN_CALL);
    if (!session) return;
    session.close();
    this.#set({
      ...this.#view,
      speaking: new Set(),
      soundBlocked: false,
      tracksVersion: this.#view.tracksVersion + 1,
    });
  }

  /** What is to be sent and received as things stand. */
  #wishes() {
    const { place, settings, talking } = this.#view;
    if (place.type !== 'in') return null;
    const others = place.info.members.filter(({ self }) => !self);
    return {
      captured: capturedTracks(this.#capture.state.slots.keys(), (source) => this.#capture.stream(source)),
      othersDecode: others.map(({ decodes }) => decodes),
      settings,
      hushed: settings.pushToTalk && !talking,
      others,
      sight: this.#sight,
    };
  }

  /** The next change of the call, or of what is wanted, tries again. */
  #onTrouble(err: unknown): void {
    if (err instanceof RequestError && (err.code === 'NODE_LOST' || (err.code as string) === 'TRACK_UNKNOWN'))
      return;
    this.set({ failure: (err as Error).message });
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
