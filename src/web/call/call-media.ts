import { Device, type types } from 'mediasoup-client';
import type { Codec, TrackKind } from '../../media/codecs.js';
import { chooseCodec } from './encode/encoder-codec.js';
import { codecCapability, consumerParameters, rtpCapabilities } from './mediasoup/capabilities.js';
import { type MediaPort, nodeHandlerFactory, type TrackEnds } from './mediasoup/node-handler.js';

export interface CallMediaDependencies {
  link: MediaPort & {
    /** Asks the node over the media socket. */
    request: <T>(method: string, params?: object) => Promise<T>;
  };
  ends: TrackEnds;
  encodes: readonly Codec[];
  decodes: readonly Codec[];
}

export interface PublishOptions {
  /** What all others in the call decode. */
  othersDecode: readonly (readonly Codec[])[];
  /** Chosen by the person; null for the measured order. */
  codec: Codec | null;
  framerate: number;
  /** Bits a second; null for what the picture needs. */
  maxBitrateBps: number | null;
}

/** There is no ICE and no DTLS: the transport is a WebSocket of this machine. */
const TRANSPORT = {
  iceParameters: {} as types.IceParameters,
  iceCandidates: [],
  dtlsParameters: {} as types.DtlsParameters,
};

/**
 * The media of the call that this tab is in, as mediasoup-client sees it: one device, one transport each way, the local
 * node as the router.
 *
 * 1. Each kind of thing is produced once: a second `publish` of it gives the producer that is there another track.
 * 2. A listener of a transport never throws: that would leave mediasoup-client waiting for ever.
 */
export class CallMedia {
  readonly #deps: CallMediaDependencies;
  readonly #producers = new Map<string, types.Producer>();
  readonly #consumers = new Map<string, types.Consumer>();
  #send: types.Transport | null = null;
  #receive: types.Transport | null = null;

  constructor(deps: CallMediaDependencies) {
    this.#deps = deps;
  }

  async open(): Promise<void> {
    const { link, ends, encodes, decodes } = this.#deps;
    const handlerFactory = nodeHandlerFactory({ media: link, ends, encodes, decodes });
    const device = new Device({ handlerFactory });
    const all = [...new Set([...encodes, ...decodes])];
    await device.load({ routerRtpCapabilities: rtpCapabilities(all) });
    this.#send = device.createSendTransport({ id: 'send', ...TRANSPORT });
    this.#receive = device.createRecvTransport({ id: 'receive', ...TRANSPORT });
    for (const transport of [this.#send, this.#receive]) transport.on('connect', (_dtls, done) => done());
    this.#send.on('produce', ({ rtpParameters, appData }, done, failed) => {
      void this.#answer(rtpParameters.mid as string, appData, done, failed);
    });
  }

  /**
   * Sends a track, which stays its owner's. `source` names it: `camera`, `microphone`, `screen-1`, `screen-1-sound`.
   * Rejects with TypeError where no codec suits everybody.
   */
  async publish(
    source: string,
    kind: TrackKind,
    track: MediaStreamTrack,
    options: PublishOptions,
  ): Promise<void> {
    const known = this.#producers.get(source);
    if (known) {
      await known.replaceTrack({ track }); // Invariant 1
      await this.#pause(source, known, false);
      return;
    }
    const { othersDecode, framerate, maxBitrateBps } = options;
    const codec = chooseCodec(kind, this.#deps.encodes, othersDecode, options.codec);
    if (!codec) throw new TypeError('No codec that this browser writes can be read by everybody here.');
    const encoding = {
      maxFramerate: framerate,
      ...(maxBitrateBps ? { maxBitrate: maxBitrateBps } : {}),
    };
    const { width = 0, height = 0 } = track.getSettings();
    const encodings = kind === 'camera' ? [encoding, encoding] : [encoding];
    const producer = await (this.#send as types.Transport).produce({
      track,
      streamId: kind,
      codec: codecCapability(codec),
      encodings,
      stopTracks: false,
      disableTrackOnPause: false,
      zeroRtpOnPause: true, // or black pictures would be sent
      appData: { kind, codec, encodings: encodings.length, width, height },
    });
    this.#producers.set(source, producer);
  }

  /** Nothing of this source is sent until it is published again; the others see that it is off. */
  async withhold(source: string): Promise<void> {
    const producer = this.#producers.get(source);
    if (!producer) return;
    await this.#pause(source, producer, true);
    await producer.replaceTrack({ track: null });
  }

  /** Push to talk: the track stays, and is sent or not. */
  async hush(source: string, hushed: boolean): Promise<void> {
    const producer = this.#producers.get(source);
    if (producer && producer.paused !== hushed) await this.#pause(source, producer, hushed);
  }

  async unpublish(source: string): Promise<void> {
    const producer = this.#producers.get(source);
    if (!producer) return;
    this.#producers.delete(source);
    const number = producer.appData.producer;
    producer.close();
    await this.#deps.link.request('close-producer', { producer: number });
  }

  async limit(source: string, limits: { framerate: number; maxBitrateBps: number | null }): Promise<void> {
    const { framerate: maxFramerate, maxBitrateBps: maxBitrate } = limits;
    await this.#producers.get(source)?.setRtpEncodingParameters({
      maxFramerate,
      ...(maxBitrate ? { maxBitrate } : {}),
    });
  }

  /** The codec that a source is sent in, or null where it is not. */
  codecOf(source: string): Codec | null {
    return (this.#producers.get(source)?.appData.codec as Codec | undefined) ?? null;
  }

  /** Takes a remote track; tracks of one `group` are kept in step. Its track plays as soon as frames come. */
  async watch(track: string, group: string, isSmall: boolean): Promise<MediaStreamTrack> {
    const known = this.#consumers.get(track);
    if (known) return known.track;
    const { consumer, kind, codec } = await this.#deps.link.request<{
      consumer: number;
      kind: TrackKind;
      codec: Codec;
    }>('consume', { track, paused: true });
    if (isSmall) await this.#deps.link.request('set-consumer', { consumer, small: true });
    const isSound = kind === 'microphone' || kind === 'screen-sound';
    const made = await (this.#receive as types.Transport).consume({
      id: track,
      producerId: track,
      kind: isSound ? 'audio' : 'video',
      rtpParameters: consumerParameters(codec, consumer),
      streamId: group,
      appData: { consumer },
    });
    this.#consumers.set(track, made);
    return made.track;
  }

  /** Nothing of a track is sent to us while it is paused: it is not in sight. */
  pauseWatching(track: string, paused: boolean): void {
    const consumer = this.#consumers.get(track);
    if (!consumer || consumer.paused === paused) return;
    if (paused) consumer.pause();
    else consumer.resume();
  }

  async watchSmall(track: string, small: boolean): Promise<void> {
    const consumer = this.#consumers.get(track)?.appData.consumer;
    if (consumer !== undefined) await this.#deps.link.request('set-consumer', { consumer, small });
  }

  /** The node's number of a track that is watched. */
  consumerOf(track: string): number | null {
    return (this.#consumers.get(track)?.appData.consumer as number | undefined) ?? null;
  }

  async unwatch(track: string): Promise<void> {
    const consumer = this.#consumers.get(track);
    if (!consumer) return;
    this.#consumers.delete(track);
    const number = consumer.appData.consumer;
    consumer.close();
    await this.#deps.link.request('close-consumer', { consumer: number });
  }

  close(): void {
    this.#send?.close();
    this.#receive?.close();
    this.#producers.clear();
    this.#consumers.clear();
  }

  /** Invariant 2. */
  async #answer(
    local: string,
    appData: types.AppData,
    done: (made: { id: string }) => void,
    failed: (err: Error) => void,
  ): Promise<void> {
    try {
      done(await this.#produce(local, appData));
    } catch (err) {
      failed(err as Error);
    }
  }

  async #produce(local: string, appData: types.AppData): Promise<{ id: string }> {
    const { producer, track } = await this.#deps.link.request<{ producer: number; track: string }>(
      'produce',
      appData,
    );
    appData.producer = producer;
    this.#deps.link.tell({ do: 'bind', local, producer });
    return { id: track };
  }

  async #pause(source: string, producer: types.Producer, paused: boolean): Promise<void> {
    if (paused) producer.pause();
    else producer.resume();
    if (this.#producers.get(source) !== producer) return;
    await this.#deps.link.request('pause-producer', { producer: producer.appData.producer, paused });
  }
}
