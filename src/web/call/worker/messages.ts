import type { Codec, TrackKind } from '../../../media/codecs.js';
import type { AudioSenderStats } from '../encode/audio-sender.js';
import type { VideoSenderStats } from '../encode/video-sender.js';
import type { AudioReceiverStats } from '../playback/audio-receiver.js';
import type { PictureTarget } from '../playback/picture-sink.js';
import type { VideoReceiverStats } from '../playback/video-receiver.js';

/** Where the frames of a captured track come from: a stream that was moved here, or a port that they are posted to. */
export type FrameFeed =
  | { type: 'stream'; readable: ReadableStream<VideoFrame | AudioData> }
  | { type: 'port'; port: MessagePort }
  /** Blocks of samples from an AudioWorklet. */
  | { type: 'samples'; port: MessagePort; sampleRate: number };

export interface SendLimits {
  framerate?: number;
  maxBitrateBps?: number;
  scaleDownBy?: number;
}

export interface SendOptions extends SendLimits {
  kind: TrackKind;
  codec: Codec;
  /** Encode a second, small one when somebody wants it. */
  hasSmall: boolean;
  /** Small text is to stay readable. */
  isText: boolean;
}

/** From the window to its media worker. `local` names a sender before the node has given it a number. */
export type ToWorker =
  | { do: 'connect'; url: string; ticket: string }
  | { do: 'request'; id: number; method: string; params: object }
  | { do: 'disconnect' }
  | { do: 'send'; local: string; options: SendOptions; feed: FrameFeed }
  /** The node's number for it: from here on frames go out. */
  | { do: 'bind'; local: string; producer: number }
  | { do: 'feed'; local: string; feed: FrameFeed | null }
  | { do: 'pause-send'; local: string; paused: boolean }
  | { do: 'limit'; local: string; limits: SendLimits }
  | { do: 'stop-send'; local: string }
  | { do: 'receive-video'; consumer: number; codec: Codec; group: string; target: PictureTarget }
  | { do: 'receive-audio'; consumer: number; group: string; port: MessagePort; latencyMs: number }
  | { do: 'pause-receive'; consumer: number; paused: boolean }
  | { do: 'stop-receive'; consumer: number }
  | { do: 'stats'; id: number };

export interface SenderReport {
  kind: TrackKind;
  codec: Codec;
  /** Sound has `audioLevel`; a picture has one for each encoding that runs, the large one first. */
  sound: AudioSenderStats | null;
  pictures: VideoSenderStats[];
}

export interface WorkerReport {
  atMs: number;
  senders: Record<string, SenderReport>;
  receivers: Record<number, AudioReceiverStats | VideoReceiverStats>;
}

export type SocketState = 'connecting' | 'open' | 'closed';

/** From the media worker to its window. */
export type FromWorker =
  | { say: 'socket'; state: SocketState; code: number }
  | { say: 'answer'; id: number; ok?: unknown; error?: { code: string; text: string } }
  | { say: 'event'; event: { event: string } & Record<string, unknown> }
  | { say: 'stats'; id: number; report: WorkerReport }
  /** No time passed for this worker for long: the computer slept. */
  | { say: 'slept' }
  /** An encoder was given up. */
  | { say: 'send-failed'; local: string; reason: string }
  /** How loud everybody is, by local name of a sender and number of a consumer, 0 to 1: about ten times a second. */
  | { say: 'levels'; senders: Record<string, number>; receivers: Record<number, number> };
