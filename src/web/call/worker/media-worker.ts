import type { Codec } from '../../../media/codecs.js';
import { decodeConfig, type Frame } from '../../../media/frame.js';
import { AudioReceiver } from '../playback/audio-receiver.js';
import { AudioClock } from '../playback/lip-sync.js';
import { pictureSink } from '../playback/picture-sink.js';
import { VideoReceiver } from '../playback/video-receiver.js';
import { MediaSocket } from './media-socket.js';
import type { FromWorker, ToWorker, WorkerReport } from './messages.js';
import { Producer, type RateOrder } from './producer.js';

/** Who speaks is drawn from this. */
const LEVELS_EVERY_MS = 100;
/** A timer of a second that took this long: nothing ran, as in sleep. */
const ASLEEP_MS = 30_000;
/** Requests of the worker's own have ids above those of the window. */
let ownRequest = 2 ** 30;

/**
 * The media worker of a call: it has the socket to the node, all encoders and all decoders; no frame passes through
 * the window, which may be busy or hidden.
 */
const scope = globalThis as unknown as {
  onmessage: (message: MessageEvent<ToWorker>) => void;
  postMessage: (message: FromWorker) => void;
};
const producers = new Map<string, Producer>();
const videos = new Map<number, { receiver: VideoReceiver; codec: Codec }>();
const sounds = new Map<number, AudioReceiver>();
const paused = new Set<number>();
/** One audio clock a group: what is to be in step. */
const clocks = new Map<string, AudioClock>();
let socket: MediaSocket | null = null;

const say = (message: FromWorker) => scope.postMessage(message);
const nowUs = () => performance.now() * 1000;
const nowMs = () => performance.now();

scope.onmessage = ({ data }: MessageEvent<ToWorker>) => handle(data);

setInterval(() => {
  if (producers.size === 0 && sounds.size === 0) return;
  say({
    say: 'levels',
    senders: Object.fromEntries([...producers].map(([local, producer]) => [local, producer.level])),
    receivers: Object.fromEntries([...sounds].map(([id, { stats }]) => [id, stats.audioLevel])),
  });
}, LEVELS_EVERY_MS);

let awakeMs = Date.now();
setInterval(() => {
  const wasMs = awakeMs;
  awakeMs = Date.now();
  if (awakeMs - wasMs > ASLEEP_MS) say({ say: 'slept' });
}, 1_000);

function handle(message: ToWorker): void {
  switch (message.do) {
    case 'connect':
      socket?.close();
      socket = new MediaSocket(message.url, message.ticket, {
        onState: (state, code) => say({ say: 'socket', state, code }),
        onEvent,
        onAnswer: (id, { ok, error }) => say({ say: 'answer', id, ok, error }),
        onFrame,
      });
      return;
    case 'disconnect':
      return socket?.close();
    case 'request':
      return socket?.request(message.id, message.method, message.params);
    case 'send': {
      const { local, options, feed } = message;
      const producer = new Producer(options, {
        send: (frame) => socket?.send(frame),
        bufferedBytes: () => socket?.bufferedBytes ?? 0,
        onFailed: (reason) => say({ say: 'send-failed', local, reason }),
        nowUs,
      });
      producers.set(local, producer);
      return producer.take(feed);
    }
    case 'bind':
      return producers.get(message.local)?.bind(message.producer);
    case 'feed':
      return producers.get(message.local)?.take(message.feed);
    case 'pause-send':
      return producers.get(message.local)?.pause(message.paused);
    case 'limit':
      return producers.get(message.local)?.limit(message.limits);
    case 'stop-send':
      producers.get(message.local)?.close();
      return void producers.delete(message.local);
    case 'receive-video': {
      const { consumer, codec, group, target } = message;
      const receiver = new VideoReceiver(pictureSink(target), clockOf(group), {
        askKey: () => request('key', { consumer }),
        nowMs,
      });
      videos.set(consumer, { receiver, codec });
      return request('set-consumer', { consumer, paused: false });
    }
    case 'receive-audio': {
      const { consumer, group, port, latencyMs } = message;
      sounds.set(consumer, new AudioReceiver(port, clockOf(group), nowMs, latencyMs));
      return request('set-consumer', { consumer, paused: false });
    }
    case 'pause-receive': {
      const { consumer } = message;
      if (message.paused) paused.add(consumer);
      else paused.delete(consumer);
      videos.get(consumer)?.receiver.restart();
      return request('set-consumer', { consumer, paused: message.paused });
    }
    case 'stop-receive':
      return stopReceiving(message.consumer);
    case 'stats':
      return say({ say: 'stats', id: message.id, report: report() });
  }
}

function onFrame({ header, config, payload }: Frame): void {
  const { stream } = header;
  if (paused.has(stream)) return;
  if (header.kind === 'audio') return sounds.get(stream)?.take(header, payload);
  const video = videos.get(stream);
  if (!video) return; // nobody asked to see it
  try {
    video.receiver.take(header, header.key ? decodeConfig(config, video.codec) : null, payload);
  } catch {
    // a configuration of another codec, or out of bounds: nothing of it is decoded
  }
}

function onEvent(event: { event: string } & Record<string, unknown>): void {
  const producer = [...producers.values()].find((each) => each.producer === event.producer);
  if (event.event === 'rate') producer?.order(event as unknown as RateOrder);
  else if (event.event === 'key') producer?.wantKey(event.encoding as number);
  else if (event.event === 'consumer-closed') stopReceiving(event.consumer as number);
  say({ say: 'event', event });
}

function stopReceiving(consumer: number): void {
  videos.get(consumer)?.receiver.close();
  sounds.get(consumer)?.close();
  videos.delete(consumer);
  sounds.delete(consumer);
  paused.delete(consumer);
}

function clockOf(group: string): AudioClock {
  const clock = clocks.get(group) ?? new AudioClock();
  clocks.set(group, clock);
  return clock;
}

function request(method: string, params: object): void {
  socket?.request(ownRequest++, method, params);
}

function report(): WorkerReport {
  return {
    atMs: nowMs(),
    senders: Object.fromEntries([...producers].map(([local, producer]) => [local, producer.report()])),
    receivers: {
      ...Object.fromEntries([...videos].map(([id, { receiver }]) => [id, receiver.stats])),
      ...Object.fromEntries([...sounds].map(([id, { stats }]) => [id, stats])),
    },
  };
}
