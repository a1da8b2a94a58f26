import type { FrameFeed } from './messages.js';

/** Frames that wait here at most: what is not taken at once is too old. */
const HELD = 2;

/** Calls `take` with every frame of the feed, which is then its own to close, until the feed ends or `signal` aborts. */
export async function readFeed(
  feed: FrameFeed,
  signal: AbortSignal,
  take: (frame: VideoFrame | AudioData) => void,
): Promise<void> {
  const reader = readable(feed).getReader();
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true });
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
    if (done || !value) return;
    if (signal.aborted) return value.close();
    take(value);
  }
}

function readable(feed: FrameFeed): ReadableStream<VideoFrame | AudioData> {
  switch (feed.type) {
    case 'stream':
      return feed.readable;
    case 'port':
      return fromPort(feed.port, (data) => data as VideoFrame, HELD);
    default: {
      let played = 0;
      const { sampleRate } = feed;
      return fromPort(
        feed.port,
        (data) => {
          const samples = data as Float32Array<ArrayBuffer>;
          const timestamp = (played / sampleRate) * 1e6;
          played += samples.length;
          return new AudioData({
            format: 'f32-planar',
            sampleRate,
            numberOfFrames: samples.length,
            numberOfChannels: 1,
            timestamp,
            data: samples,
          });
        },
        Number.POSITIVE_INFINITY,
      );
    }
  }
}

function fromPort<T extends VideoFrame | AudioData>(
  port: MessagePort,
  read: (data: unknown) => T,
  held: number,
): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      start(controller) {
        port.onmessage = ({ data }) => {
          const frame = read(data);
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(frame);
          else frame.close();
        };
      },
      cancel() {
        port.close();
      },
    },
    { highWaterMark: held },
  );
}
