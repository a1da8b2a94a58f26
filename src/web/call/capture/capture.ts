import {
  type CaptureEvent,
  type CaptureFailure,
  type CaptureState,
  NOTHING_CAPTURED,
  reduceCapture,
  type SourceId,
} from './capture-state.js';

/** Asks the browser for a source. Rejects with a DOMException, as `getUserMedia` does. */
export type OpenSource = (source: SourceId) => Promise<MediaStream>;

/**
 * Does what `reduceCapture` says and is the only place of the page that holds tracks of devices and screens.
 *
 * 1. `streams` holds exactly the streams of the slots that are live; every other track has been stopped.
 * 2. After `close()` nothing is captured, whatever the browser grants afterwards.
 */
export class Capture {
  readonly #open: OpenSource;
  readonly #onChange: () => void;
  readonly #granted = new Map<number, MediaStream>();
  #state: CaptureState = NOTHING_CAPTURED;
  #closed = false;

  /** `onChange` is called after each change, when `state` and `streams` agree. */
  constructor(open: OpenSource, onChange: () => void) {
    this.#open = open;
    this.#onChange = onChange;
  }

  get state(): CaptureState {
    return this.#state;
  }

  /** The stream of a source that is live. The tracks belong to this object: nobody else stops them. */
  stream(source: SourceId): MediaStream | null {
    const live = this.#state.slots.get(source)?.live ?? null;
    return live === null ? null : (this.#granted.get(live) ?? null);
  }

  /** Only from a click or a key of this page. */
  want(source: SourceId): void {
    if (!this.#closed) this.#step({ type: 'wanted', source });
  }

  stop(source: SourceId): void {
    this.#step({ type: 'unwanted', source });
  }

  stopAll(): void {
    this.#step({ type: 'all-unwanted' });
  }

  close(): void {
    this.#closed = true;
    this.stopAll();
  }

  #step(event: CaptureEvent): void {
    const [state, effects] = reduceCapture(this.#state, event);
    const changed = state !== this.#state;
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'open') void this.#ask(effect.source, effect.request);
      else this.#release(effect.request);
    }
    if (changed) this.#onChange();
  }

  async #ask(source: SourceId, request: number): Promise<void> {
    try {
      const stream = await this.#open(source);
      this.#granted.set(request, stream);
      for (const track of stream.getTracks()) {
        track.addEventListener('ended', () => this.#onEnded(source, request, track));
      }
      this.#step({ type: 'opened', source, request });
    } catch (err) {
      this.#step({ type: 'failed', source, request, failure: failureOf(err) });
    }
  }

  /** The sound of a screen may end by itself; the picture goes on. */
  #onEnded(source: SourceId, request: number, track: MediaStreamTrack): void {
    if (source.startsWith('screen') && track.kind === 'audio') return;
    this.#step({ type: 'ended', source, request, failure: source.startsWith('screen') ? null : 'unplugged' });
  }

  #release(request: number): void {
    for (const track of this.#granted.get(request)?.getTracks() ?? []) track.stop();
    this.#granted.delete(request);
  }
}

/** Names of `getUserMedia` and `getDisplayMedia` errors: Media Capture and Streams, section 10.2. */
function failureOf(err: unknown): CaptureFailure {
  switch (err instanceof Error ? err.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unsupported';
  }
}
