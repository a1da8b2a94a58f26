import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { ChatterError, ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Frame } from '../media/frame.js';
import { TokenBucket } from '../token-bucket.js';
import { CLOSE, RequestFrame } from './api.js';
import {
  MEDIA_REQUESTS,
  type MediaEvent,
  MediaGot,
  MediaHello,
  type MediaMethod,
  type MediaParams,
} from './call-api.js';
import type { MediaSeat, MediaSeats } from './media-seats.js';
import { PageQueue } from './page-queue.js';
import type { Tickets } from './tickets.js';

export interface MediaSocketDependencies {
  seats: MediaSeats;
  tickets: Tickets;
  clock: Clock;
  /** The upgrade request bore the token already. */
  authorized: boolean;
}

/** How long a client has to say hello. */
const HELLO_MS = 5_000;

/**
 * The socket of the window that has the call: requests and events as text, frames both ways as binary messages.
 *
 * 1. Nothing is heard and nothing told before the hello has shown a ticket or the upgrade bore the token.
 * 2. The end of the socket is the end of its part in the call: of what it shows, and of what it sees.
 * 3. Frames of one's own over `mediaVideoFramesPerSecond` and `mediaAudioFramesPerSecond` for all tracks that one may have are left out.
 */
export class MediaSocket {
  readonly #socket: WebSocket;
  readonly #deps: MediaSocketDependencies;
  readonly #seat: MediaSeat;
  readonly #queue: PageQueue;
  readonly #frames: TokenBucket;
  #welcomed = false;

  constructor(socket: WebSocket, deps: MediaSocketDependencies) {
    this.#socket = socket;
    this.#deps = deps;
    this.#queue = new PageQueue();
    const perSecond =
      (LIMITS.mediaVideoFramesPerSecond + LIMITS.mediaAudioFramesPerSecond) * (LIMITS.mediaTracks / 2);
    this.#frames = new TokenBucket(deps.clock, { perSecond, burst: perSecond });
    this.#seat = deps.seats.seat({
      event: (event) => this.#event(event),
      frame: (frame, bytes) => this.#frame(frame, bytes),
      moved: () => {
        this.#event({ event: 'moved' });
        socket.close(CLOSE.moved);
      },
    });
    const deadline = deps.clock.after(HELLO_MS, () => socket.close(CLOSE.policy));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      deadline.cancel();
      this.#seat.leave(); // Invariant 2
    });
    socket.on('message', (data, isBinary) => {
      if (this.closed) return;
      if (!this.#welcomed) {
        deadline.cancel();
        return this.#hello(isBinary ? null : parse(data as Buffer));
      }
      if (isBinary) this.#send(data as Buffer);
      else this.#text(parse(data as Buffer));
    });
  }

  get closed(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN;
  }

  close(): void {
    this.#socket.terminate();
  }

  #hello(frame: unknown): void {
    const hello = MediaHello.safeParse(frame);
    const { authorized, tickets } = this.#deps;
    const welcome = hello.success && (authorized || tickets.redeem(hello.data.ticket ?? ''));
    if (!welcome) return this.#socket.close(CLOSE.policy);
    this.#welcomed = true;
    this.#say({ welcome: 1 });
  }

  #send(bytes: Buffer): void {
    if (!this.#frames.take()) return; // Invariant 3
    try {
      this.#seat.send(bytes);
    } catch (err) {
      if (!(err instanceof ProtocolError)) throw err;
      this.#socket.close(CLOSE.protocol);
    }
  }

  #text(frame: unknown): void {
    const got = MediaGot.safeParse(frame);
    if (got.success) return this.#queue.got(got.data.got);
    const request = RequestFrame.safeParse(frame);
    if (!request.success) return this.#socket.close(CLOSE.protocol);
    const { id, do: method, ...params } = request.data;
    try {
      this.#say({ id, ok: this.#answer(method, params) });
    } catch (err) {
      const { code, message } = ChatterError.from(err);
      this.#say({ id, error: { code, text: message } });
    }
  }

  #answer(method: string, params: unknown): unknown {
    if (!Object.hasOwn(MEDIA_REQUESTS, method)) throw new ChatterError('API_NOT_FOUND');
    const parsed = MEDIA_REQUESTS[method as MediaMethod].params.safeParse(params);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new ChatterError('API_BAD_REQUEST', {
        message: `${method}: ${issue?.path.map(String).join('.') || 'parameters'}: ${issue?.message}`,
      });
    }
    return handlers[method as MediaMethod](this.#seat, parsed.data as never) ?? {};
  }

  #event(event: MediaEvent): void {
    this.#say(event);
  }

  #frame({ header }: Frame, bytes: Uint8Array): void {
    if (this.closed) return;
    const verdict = this.#queue.takes(header, bytes.byteLength, this.#socket.bufferedAmount);
    if (verdict === 'send') this.#socket.send(bytes, { binary: true });
    else if (verdict === 'ask-key') this.#seat.keyFor(header.stream);
  }

  #say(text: object): void {
    if (!this.closed) this.#socket.send(JSON.stringify(text));
  }
}

const handlers: { [M in MediaMethod]: (seat: MediaSeat, params: MediaParams<M>) => unknown } = {
  join: (seat, params) => seat.join(params),
  leave: (seat) => seat.leave(),
  hand: (seat, params) => seat.hand(params),
  produce: (seat, params) => seat.produce(params),
  'close-producer': (seat, params) => seat.closeProducer(params),
  'pause-producer': (seat, params) => seat.pauseProducer(params),
  consume: (seat, params) => seat.consume(params),
  'close-consumer': (seat, params) => seat.closeConsumer(params),
  'set-consumer': (seat, params) => seat.setConsumer(params),
  key: (seat, params) => seat.key(params),
  stats: (seat) => seat.stats(),
};

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return null;
  }
}
