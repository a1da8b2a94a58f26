import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import Protomux from 'protomux';
import type { Clock } from '../clock.js';
import type { Path } from '../discovery/discovery.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { TypedChannel } from '../protocol/typed-channel.js';
import { TokenBucket } from '../token-bucket.js';
import { BulkReceipts } from './bulk-receipts.js';
import { Datagrams } from './datagrams.js';
import { FrameGuard } from './frame-guard.js';
import { GOODBYE, type Goodbye, goodbyeOf, linkChannel, type TryMe } from './link-channel.js';
import { Pulse } from './pulse.js';
import { ReachCheck, type ReachedHost } from './reach-check.js';
import { Scheduler } from './scheduler.js';

export interface LinkOptions {
  noise: NoiseSecretStream;
  /** What carries the stream; TCP wins over UDX (PROTOCOL.md [K2]). */
  carrier: 'tcp' | 'udx';
  path: Path;
  address: string;
  clock: Clock;
  onProof: (frame: Uint8Array) => void;
  onViolation: (err: ProtocolError) => void;
  /** The peer asks to be dialled where this node has seen it; without it nobody is dialled. */
  dialBack?: (question: TryMe) => Promise<readonly ReachedHost[]>;
  /** Nobody looks at the frame any more in which these bytes came. */
  recycle?: (bytes: Uint8Array) => void;
  /** The peer takes nothing any more, and too much waits for it; the stream ends. */
  onStalled?: () => void;
  /** It became doubtful whether the stream still lives, or is not any more; other ways may be tried meanwhile. */
  onDoubt?: (doubted: boolean) => void;
  /** The stream is gone, and why. Called once. */
  onClose: (end: LinkEnd) => void;
}

/** Why a stream is gone: this end has ended it, the peer has and said why, or not a word was said. */
export type LinkEnd = 'ended' | Goodbye | 'lost';

/** Weight of the newest sample in the smoothed round trip (RFC 6298 section 2: 1/8). */
const RTT_GAIN = 1 / 8;
const RATE_WINDOW_MS = 2_000;

/** One proven Noise stream: guard, multiplexer, link channel, scheduler, and what is measured on it. */
export class Link {
  readonly mux: Protomux;
  readonly carrier: 'tcp' | 'udx';
  readonly address: string;
  readonly initiatorKey: Uint8Array;
  /** 32 bytes: the other end's transport key. */
  readonly remoteKey: Uint8Array;
  readonly scheduler: Scheduler;
  readonly receipts: BulkReceipts;
  readonly reachCheck: ReachCheck;
  /** Null where the stream is not carried by UDX. */
  readonly datagrams: Datagrams | null;
  path: Path;
  readonly #noise: NoiseSecretStream;
  readonly #clock: Clock;
  readonly #channel: TypedChannel<typeof linkChannel.messages> | null;
  readonly #pulse: Pulse;
  readonly #onClosed: (() => void)[] = [];
  #pingNumber = 0;
  #pingAt = 0;
  #rttMs: number | null = null;
  #goodbye: Goodbye | null = null;
  #endedHere = false;
  #closed = false;
  #rate = { at: 0, bytes: 0, bytesPerSecond: 0 };

  constructor(options: LinkOptions) {
    const { noise, clock } = options;
    this.carrier = options.carrier;
    this.path = options.path;
    this.address = options.address;
    this.remoteKey = b4a.from(noise.remotePublicKey as Uint8Array);
    this.initiatorKey = noise.isInitiator ? b4a.from(noise.publicKey as Uint8Array) : this.remoteKey;
    this.datagrams = Datagrams.beside(noise);
    this.#noise = noise;
    this.#clock = clock;
    this.#rate.at = clock.now();
    let violated = false;
    const onViolation = (err: ProtocolError) => {
      if (violated) return;
      violated = true;
      options.onViolation(err);
      this.destroy();
    };
    const onStalled = () => {
      this.#endedHere = true;
      options.onStalled?.();
    };
    const mux = Protomux.from(new FrameGuard(noise, clock, onViolation, onStalled));
    this.mux = mux;
    this.scheduler = new Scheduler(mux, clock);
    this.receipts = new BulkReceipts({
      acknowledge: (total) => void this.#channel?.send('bulkAck', { total }),
      settle: () => void this.#channel?.send('bulkSent', { total: this.scheduler.sentBytes }),
      recycle: options.recycle ?? (() => {}),
    });
    this.reachCheck = new ReachCheck({
      clock,
      sendTryMe: (question) => void this.#channel?.send('tryMe', question),
      sendTried: (answer) => void this.#channel?.send('tried', answer),
      dialBack: options.dialBack ?? (async () => []),
    });
    const allowance = new TokenBucket(clock, {
      perSecond: LIMITS.linkMessagesPerSecond,
      burst: LIMITS.linkMessagesBurst,
    });
    /** Acknowledgements bound themselves: each must be of bulk that was sent. */
    const bounded =
      <T>(handler: (value: T) => void) =>
      (value: T) => {
        if (!allowance.take()) throw new ProtocolError('MESSAGE_FLOOD');
        handler(value);
      };
    this.#channel = TypedChannel.open(this.mux, {
      definition: linkChannel,
      id: null,
      onViolation,
      handlers: {
        ping: bounded(({ n }) => void this.#channel?.send('pong', { n })),
        pong: bounded(({ n }) => this.#pong(n)),
        proof: bounded((frame) => options.onProof(frame)),
        goodbye: bounded(({ reason }) => {
          this.#goodbye = goodbyeOf(reason);
        }),
        bulkAck: ({ total }) => this.scheduler.acknowledged(total),
        bulkSent: bounded(({ total }) => this.receipts.settled(total)),
        tryMe: bounded((question) => this.reachCheck.onTryMe(question)),
        tried: bounded((answer) => this.reachCheck.onTried(answer)),
      },
    });
    noise.on('drain', () => this.scheduler.drained());
    this.#pulse = new Pulse({
      clock,
      bytesRead: () => noise.rawBytesRead,
      ping: () => this.#ping(),
      onDoubt: (doubted) => options.onDoubt?.(doubted),
      onDead: () => noise.destroy(),
    });
    noise.on('close', () => {
      this.#closed = true;
      this.#pulse.close();
      this.scheduler.close();
      this.reachCheck.close();
      options.onClose(this.#endedHere ? 'ended' : (this.#goodbye ?? 'lost'));
      for (const fn of this.#onClosed.splice(0)) fn();
    });
    this.#ping();
  }

  /** True once the stream is gone or going. */
  get closed(): boolean {
    return this.#closed || this.#noise.destroying || this.#noise.destroyed;
  }

  get isInitiator(): boolean {
    return this.#noise.isInitiator;
  }

  get handshakeHash(): Uint8Array {
    return this.#noise.handshakeHash as Uint8Array;
  }

  /** Smoothed round trip in milliseconds; null before the first answer. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** Bytes both ways since the stream began. */
  get bytes(): number {
    return this.#noise.rawBytesRead + this.#noise.rawBytesWritten;
  }

  /** Bytes a second both ways, over about the last two seconds. */
  get bytesPerSecond(): number {
    const elapsed = this.#clock.now() - this.#rate.at;
    if (elapsed >= RATE_WINDOW_MS) {
      const bytesPerSecond = Math.round(((this.bytes - this.#rate.bytes) * 1000) / elapsed);
      this.#rate = { at: this.#clock.now(), bytes: this.bytes, bytesPerSecond };
    }
    return this.#rate.bytesPerSecond;
  }

  sendProof(frame: Uint8Array): void {
    this.#channel?.send('proof', frame);
  }

  /** Says goodbye and ends the stream once what was written has gone out. Resolves when it is gone. */
  async close(reason: keyof typeof GOODBYE): Promise<void> {
    this.#endedHere = true;
    if (this.#closed) return;
    if (!this.closed) this.#channel?.send('goodbye', { reason: GOODBYE[reason] });
    this.#noise.end();
    // A peer that never ends its half would keep the stream for ever.
    const force = this.#clock.after(LIMITS.replacedStreamGraceMs, () => this.#noise.destroy());
    await new Promise<void>((resolve) => {
      this.#onClosed.push(() => {
        force.cancel();
        resolve();
      });
    });
  }

  /** True while nothing comes on it: a stream that was made since takes over. */
  get doubted(): boolean {
    return this.#pulse.doubted;
  }

  /** The network changed: a stream on which nothing comes back in time is not waited for any longer. */
  probe(): void {
    if (!this.closed) this.#pulse.probe();
  }

  /** Calls back once with whether the stream lives, within about half a second; asking ends nothing. */
  ask(fn: (alive: boolean) => void): void {
    if (this.closed) fn(false);
    else this.#pulse.ask(fn);
  }

  /** Breaks the stream off: nobody waits for another one. */
  destroy(): void {
    this.#endedHere = true;
    this.#noise.destroy();
  }

  #ping(): void {
    this.#pingAt = this.#clock.now();
    this.#pingNumber = (this.#pingNumber + 1) % 2 ** 32;
    this.#channel?.send('ping', { n: this.#pingNumber });
  }

  #pong(n: number): void {
    if (n !== this.#pingNumber) return; // an answer to an older ping says nothing about now
    const sample = this.#clock.now() - this.#pingAt;
    this.#rttMs = this.#rttMs === null ? sample : this.#rttMs + (sample - this.#rttMs) * RTT_GAIN;
  }
}
