/** Where decoded pictures go: what a track of the window is made of. */
export type PictureTarget =
  | { type: 'stream'; writable: WritableStream<VideoFrame> }
  | { type: 'canvas'; canvas: OffscreenCanvas };

export interface PictureSink {
  /** Shows the picture and closes it; false if the one before is not shown yet and this one was left out. */
  show: (frame: VideoFrame) => boolean;
  close: () => void;
}

export function pictureSink(target: PictureTarget): PictureSink {
  return target.type === 'stream' ? new StreamSink(target.writable) : new CanvasSink(target.canvas);
}

/** A picture that stays is shown again this often. */
const STILL_EVERY_MS = 200;

/**
 * A `MediaStreamTrackGenerator` of the window.
 *
 * 1. What is written before a video element has the track is lost to it, and a still screen has no next picture: the
 *    last one is kept, and shown again while none comes.
 */
class StreamSink implements PictureSink {
  readonly #writer: WritableStreamDefaultWriter<VideoFrame>;
  readonly #timer: ReturnType<typeof setInterval>;
  #last: VideoFrame | null = null;
  #isNew = false;

  constructor(writable: WritableStream<VideoFrame>) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {}); // the track was stopped
    this.#timer = setInterval(() => this.#showAgain(), STILL_EVERY_MS);
  }

  show(frame: VideoFrame): boolean {
    this.#last?.close();
    this.#last = frame.clone();
    this.#isNew = true;
    return this.#write(frame);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#last?.close();
    this.#last = null;
    this.#writer.close().catch(() => {}); // closed already
  }

  /** Invariant 1. */
  #showAgain(): void {
    if (this.#last && !this.#isNew) this.#write(this.#last.clone());
    this.#isNew = false;
  }

  #write(frame: VideoFrame): boolean {
    const { desiredSize } = this.#writer;
    if (desiredSize === null || desiredSize <= 0) {
      frame.close();
      return false;
    }
    this.#writer.write(frame).catch(() => frame.close());
    return true;
  }
}

/** Where there is no generator: a canvas whose pictures `captureStream()` turns into a track. */
class CanvasSink implements PictureSink {
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D | null;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false, desynchronized: true });
  }

  show(frame: VideoFrame): boolean {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context?.drawImage(frame, 0, 0);
    frame.close();
    return this.#context !== null;
  }

  close(): void {}
}
