import { trustedScript } from '../trusted-script.js';
import type { FrameFeed } from '../worker/messages.js';
// oxlint-disable-next-line import/default -- Vite builds it and gives its address
import samplesUrl from './samples-worklet.ts?worker&url';

/** What of the browser a captured track is read with. */
export interface FeedAbilities {
  /** `MediaStreamTrackProcessor` in the window; without it pictures are taken from a `<video>` and sound from a worklet. */
  processor: boolean;
}

export const feedAbilities = (): FeedAbilities => ({ processor: 'MediaStreamTrackProcessor' in globalThis });

export interface OpenFeed {
  feed: FrameFeed;
  transfer: Transferable[];
  /** Lets go of what the feed holds in the window. The track goes on: it is not the feed's. */
  close: () => void;
}

/** Pictures that the browser keeps for a slow reader; sound must not be lost, pictures must not be old. */
const PICTURES_HELD = 1;
const SOUNDS_HELD = 10;

/** The frames of a captured track, on their way to the media worker. */
export async function openFeed(track: MediaStreamTrack, abilities: FeedAbilities): Promise<OpenFeed> {
  if (abilities.processor) return processorFeed(track);
  return track.kind === 'video' ? videoFeed(track) : soundFeed(track);
}

function processorFeed(track: MediaStreamTrack): OpenFeed {
  const maxBufferSize = track.kind === 'video' ? PICTURES_HELD : SOUNDS_HELD;
  const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize });
  return { feed: { type: 'stream', readable }, transfer: [readable], close: () => {} };
}

/** Each picture that a hidden `<video>` shows. */
async function videoFeed(track: MediaStreamTrack): Promise<OpenFeed> {
  const { port1, port2 } = new MessageChannel();
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  await video.play();
  let handle = 0;
  const onPicture = () => {
    handle = video.requestVideoFrameCallback(onPicture);
    const frame = new VideoFrame(video, { timestamp: Math.round(performance.now() * 1000) });
    port1.postMessage(frame, [frame]);
  };
  handle = video.requestVideoFrameCallback(onPicture);
  return {
    feed: { type: 'port', port: port2 },
    transfer: [port2],
    close: () => {
      video.cancelVideoFrameCallback(handle);
      video.srcObject = null;
      port1.close();
    },
  };
}

/** Each block of samples that a worklet hears. */
async function soundFeed(track: MediaStreamTrack): Promise<OpenFeed> {
  const context = new AudioContext();
  await context.audioWorklet.addModule(trustedScript(samplesUrl));
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const node = new AudioWorkletNode(context, 'samples', { numberOfOutputs: 0 });
  const { port1, port2 } = new MessageChannel();
  node.port.postMessage(port1, [port1]);
  source.connect(node);
  return {
    feed: { type: 'samples', port: port2, sampleRate: context.sampleRate },
    transfer: [port2],
    close: () => void context.close(),
  };
}
