import { enhancedEvents, ortc, type types } from 'mediasoup-client';
import type { HandlerInterface } from 'mediasoup-client/handlers/HandlerInterface';
import type { Codec, TrackKind } from '../../../media/codecs.js';
import type { PictureTarget } from '../playback/picture-sink.js';
import type { FrameFeed, SendLimits, SocketState, ToWorker, WorkerReport } from '../worker/messages.js';
import { codecOf, rtpCapabilities } from './capabilities.js';

/** The media worker, as far as a handler needs it. */
export interface MediaPort {
  tell: (message: ToWorker, transfer?: Transferable[]) => void;
  stats: () => Promise<WorkerReport>;
  readonly state: SocketState;
}

/** What the window makes of tracks, and tracks of. */
export interface TrackEnds {
  openFeed: (
    track: MediaStreamTrack,
  ) => Promise<{ feed: FrameFeed; transfer: Transferable[]; close: () => void }>;
  openPicture: () => { track: MediaStreamTrack; target: PictureTarget; transfer: Transferable[] };
  openSound: (
    consumer: number,
  ) => Promise<{ track: MediaStreamTrack; port: MessagePort; latencyMs: number; close: () => void }>;
}

export interface NodeHandlerDependencies {
  media: MediaPort;
  ends: TrackEnds;
  /** Codecs that this browser encodes and decodes, in the order of preference. */
  encodes: readonly Codec[];
  decodes: readonly Codec[];
}

/** mediasoup-client asks each handler for a stream that probes the bandwidth; the node measures its links itself. */
const PROBATOR = 'probator';
/** `setMaxSpatialLayer` of a layer: no codec here has spatial layers, so the encoder's picture is made smaller. */
const LAYER_DIVISIONS = [4, 2, 1] as const;

type Events = types.HandlerInterface extends infer _ ? Record<string, unknown[]> : never;

interface Sending {
  kind: TrackKind;
  track: MediaStreamTrack | null;
  closeFeed: () => void;
}

interface Receiving {
  consumer: number;
  close: () => void;
}

export function nodeHandlerFactory(deps: NodeHandlerDependencies): types.HandlerFactory {
  return {
    name: 'ChatterNode',
    factory: (options) => new NodeHandler(options, deps) as unknown as types.HandlerInterface,
    getNativeRtpCapabilities: async ({ direction }) =>
      rtpCapabilities(direction === 'sendonly' ? deps.encodes : deps.decodes),
    getNativeSctpCapabilities: async () => ({ numStreams: { OS: 1024, MIS: 1024 } }),
  };
}

/**
 * One transport of mediasoup-client to the local node, which is its router: encode once, the node fans out.
 *
 * `streamId` of a producer is its `TrackKind`; that of a consumer is its group, whose tracks are kept in step. A
 * sender is named by its `localId`, which is the `mid` of its RTP parameters, until the node has numbered it.
 *
 * 1. `@connect` is asked for once, before the first track either way.
 * 2. The tracks that are sent belong to the page's `Capture`: they are never stopped here.
 * 3. After `close()` no feed and no output is open.
 */
class NodeHandler extends enhancedEvents.EnhancedEventEmitter<Events> implements Implemented {
  readonly #options: types.HandlerOptions;
  readonly #deps: NodeHandlerDependencies;
  readonly #sending = new Map<string, Sending>();
  readonly #receiving = new Map<string, Receiving>();
  #connected: Promise<void> | null = null;
  #nextId = 0;
  #closed = false;

  constructor(options: types.HandlerOptions, deps: NodeHandlerDependencies) {
    super();
    this.#options = options;
    this.#deps = deps;
  }

  get name(): string {
    return 'ChatterNode';
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const localId of this.#sending.keys()) this.#stop(localId);
    for (const localId of this.#receiving.keys()) this.#stopReceiving(localId); // Invariant 3
    this.emit('@close');
    super.close();
  }

  /** There is no ICE: the way to the node is a WebSocket of this machine. */
  async updateIceServers(): Promise<void> {}
  async restartIce(): Promise<void> {}

  async getTransportStats(): Promise<RTCStatsReport> {
    return report('transport', { type: 'transport', state: this.#deps.media.state });
  }

  async send({
    track,
    streamId,
    encodings,
    codec,
  }: types.HandlerSendOptions): Promise<types.HandlerSendResult> {
    this.#open();
    const native = rtpCapabilities(this.#deps.encodes);
    const extended = this.#options.getSendExtendedRtpCapabilities(native);
    const rtpParameters = ortc.getSendingRtpParameters(track.kind as types.MediaKind, extended);
    rtpParameters.codecs = ortc.reduceCodecs(rtpParameters.codecs, codec);
    await this.#connect('client');
    const { feed, transfer, close } = await this.#deps.ends.openFeed(track);
    const localId = this.#newId('s');
    const kind = streamId as TrackKind;
    this.#sending.set(localId, { kind, track, closeFeed: close });
    const [first] = encodings ?? [];
    const options = {
      kind,
      codec: codecOf(rtpParameters),
      hasSmall: (encodings?.length ?? 1) > 1,
      isText: track.contentHint === 'text' || track.contentHint === 'detail',
      ...limitsOf(first ?? {}),
    };
    this.#deps.media.tell({ do: 'send', local: localId, options, feed }, transfer);
    rtpParameters.mid = localId;
    rtpParameters.encodings = (encodings ?? [{}]).map((encoding, i) => ({ ...encoding, ssrc: i + 1 }));
    rtpParameters.rtcp = { cname: localId, reducedSize: true, mux: true };
    return { localId, rtpParameters };
  }

  async stopSending(localId: string): Promise<void> {
    this.#stop(localId);
  }

  async pauseSending(localId: string): Promise<void> {
    this.#open();
    this.#deps.media.tell({ do: 'pause-send', local: localId, paused: true });
  }

  async resumeSending(localId: string): Promise<void> {
    this.#open();
    this.#deps.media.tell({ do: 'pause-send', local: localId, paused: false });
  }

  async replaceTrack(localId: string, track: MediaStreamTrack | null): Promise<void> {
    this.#open();
    const sending = this.#sending.get(localId);
    if (!sending) throw new TypeError(`not sent: ${localId}`);
    const opened = track ? await this.#deps.ends.openFeed(track) : null;
    sending.closeFeed(); // Invariant 2: the old track goes on or not, as its owner likes
    sending.track = track;
    sending.closeFeed = opened?.close ?? (() => {});
    this.#deps.media.tell({ do: 'feed', local: localId, feed: opened?.feed ?? null }, opened?.transfer);
  }

  async setMaxSpatialLayer(localId: string, spatialLayer: number): Promise<void> {
    this.#open();
    const scaleDownBy = LAYER_DIVISIONS[spatialLayer] ?? 1;
    this.#deps.media.tell({ do: 'limit', local: localId, limits: { scaleDownBy } });
  }

  async setRtpEncodingParameters(localId: string, params: Partial<RTCRtpEncodingParameters>): Promise<void> {
    this.#open();
    this.#deps.media.tell({ do: 'limit', local: localId, limits: limitsOf(params) });
  }

  async getSenderStats(localId: string): Promise<RTCStatsReport> {
    const { senders } = await this.#deps.media.stats();
    const { sound, pictures = [], kind, codec } = senders[localId] ?? {};
    const figures = sound ? [sound] : pictures;
    return new Map(
      figures.map((figure, encoding) => {
        const id = `${localId}-${encoding}`;
        return [id, { id, type: 'outbound-rtp', timestamp: performance.now(), kind, codec, ...figure }];
      }),
    ) as unknown as RTCStatsReport;
  }

  /** One throw would reject all of the list: what cannot be opened rejects alone, before anything is opened. */
  async receive(list: types.HandlerReceiveOptions[]): Promise<types.HandlerReceiveResult[]> {
    this.#open();
    await this.#connect('server');
    return Promise.all(list.map((each) => this.#receive(each)));
  }

  async stopReceiving(localIds: string[]): Promise<void> {
    for (const localId of localIds) this.#stopReceiving(localId);
  }

  async pauseReceiving(localIds: string[]): Promise<void> {
    this.#pauseReceiving(localIds, true);
  }

  async resumeReceiving(localIds: string[]): Promise<void> {
    this.#pauseReceiving(localIds, false);
  }

  async getReceiverStats(localId: string): Promise<RTCStatsReport> {
    const { receivers } = await this.#deps.media.stats();
    const consumer = this.#receiving.get(localId)?.consumer ?? -1;
    return report(localId, { type: 'inbound-rtp', ssrc: consumer, ...receivers[consumer] });
  }

  async sendDataChannel(): Promise<types.HandlerSendDataChannelResult> {
    throw new TypeError('Chatter has no data channels in calls: messages go by rooms.');
  }

  async receiveDataChannel(): Promise<types.HandlerReceiveDataChannelResult> {
    throw new TypeError('Chatter has no data channels in calls: messages go by rooms.');
  }

  async #receive({ trackId, kind, rtpParameters, streamId }: types.HandlerReceiveOptions) {
    if (trackId === PROBATOR) return { localId: PROBATOR, track: null as unknown as MediaStreamTrack };
    const consumer = rtpParameters.encodings?.[0]?.ssrc as number;
    const localId = this.#newId('r');
    const group = streamId ?? trackId;
    if (kind === 'video') {
      const { track, target, transfer } = this.#deps.ends.openPicture();
      this.#receiving.set(localId, { consumer, close: () => {} });
      const codec = codecOf(rtpParameters);
      this.#deps.media.tell({ do: 'receive-video', consumer, codec, group, target }, transfer);
      return { localId, track };
    }
    const { track, port, latencyMs, close } = await this.#deps.ends.openSound(consumer);
    if (this.#closed) close();
    else this.#receiving.set(localId, { consumer, close });
    this.#deps.media.tell({ do: 'receive-audio', consumer, group, port, latencyMs }, [port]);
    return { localId, track };
  }

  /** Asks the transport's owner to connect it, once, whichever of both ways comes first. Invariant 1. */
  #connect(role: 'client' | 'server'): Promise<void> {
    this.#connected ??= new Promise<void>((resolve, reject) => {
      this.emit('@connectionstatechange', 'connecting');
      this.emit('@connect', { dtlsParameters: { role, fingerprints: [] } }, resolve, reject);
    }).then(() => void this.emit('@connectionstatechange', 'connected'));
    return this.#connected;
  }

  #stop(localId: string): void {
    const sending = this.#sending.get(localId);
    if (!sending) return;
    this.#sending.delete(localId);
    sending.closeFeed();
    this.#deps.media.tell({ do: 'stop-send', local: localId });
  }

  #stopReceiving(localId: string): void {
    const receiving = this.#receiving.get(localId);
    if (!receiving) return;
    this.#receiving.delete(localId);
    receiving.close();
    this.#deps.media.tell({ do: 'stop-receive', consumer: receiving.consumer });
  }

  #pauseReceiving(localIds: readonly string[], paused: boolean): void {
    this.#open();
    for (const localId of localIds) {
      const consumer = this.#receiving.get(localId)?.consumer;
      if (consumer !== undefined) this.#deps.media.tell({ do: 'pause-receive', consumer, paused });
    }
  }

  #open(): void {
    if (this.#closed) throw new TypeError('This transport is closed.');
  }

  #newId(prefix: string): string {
    return `${prefix}${this.#nextId++}`;
  }
}

/** What mediasoup-client calls; its emitter's own methods come with the base class. */
type Implemented = Omit<HandlerInterface, keyof enhancedEvents.EnhancedEventEmitter>;

const limitsOf = ({
  maxFramerate,
  maxBitrate,
  scaleResolutionDownBy,
}: Partial<RTCRtpEncodingParameters>): SendLimits => ({
  ...(maxFramerate ? { framerate: maxFramerate } : {}),
  ...(maxBitrate ? { maxBitrateBps: maxBitrate } : {}),
  ...(scaleResolutionDownBy ? { scaleDownBy: scaleResolutionDownBy } : {}),
});

function report(id: string, figures: object): RTCStatsReport {
  const entry = { id, timestamp: performance.now(), ...figures };
  return new Map([[id, entry]]) as unknown as RTCStatsReport;
}
