import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Clock } from '../clock.js';
import type { Counters } from '../counters.js';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import { Resource } from '../resource.js';
import { type Address, formatAddress, plainHost } from './address.js';
import { BufferedNoise } from './buffered-noise.js';
import { type DialOutcome, dialRace, type Race } from './dial-race.js';
import type { FoundStream, Path } from './discovery.js';
import { FrameBuffers } from './frame-buffers.js';
import { FrameReader, readBy } from './frame-reader.js';
import { instanceId } from './instance-id.js';
import { PendingStreams } from './pending-streams.js';
import { RawGuard } from './raw-guard.js';

export interface TcpDependencies {
  /** This run's transport key. */
  keyPair: NoiseSecretStream.KeyPair;
  clock: Clock;
  log: Log;
  counters: Counters;
}

export interface TcpOptions {
  /** Port to listen on; 0, the default, draws one at random. */
  port?: number;
}

export interface DialTarget extends Address {
  /** Where else the same instance may be; tried in this order, beside the first. */
  others?: readonly Address[];
  /** Rooms to greet the other end with. */
  rooms: readonly string[];
  /** The instance that was announced at this address; another one there is not talked to. */
  instance?: string;
}

/** How a socket becomes a Noise stream. */
interface Ends {
  reader: FrameReader;
  /** The socket reads by it. */
  isRead: boolean;
  isInitiator: boolean;
  rooms: readonly string[];
}

export type TcpEvents = {
  /** Somebody connected to this node. */
  incoming: [FoundStream];
  /** No stream to this instance is left, or none that is not in doubt. */
  gone: [string];
};

/**
 * Noise over TCP for all who find people on a network: one listener, and dialling.
 *
 * 1. A stream that is handed out has its handshake done, its deadline running and its frames bounded.
 * 2. A stranger is gone at the latest `noiseDeadlineMs + proofDeadlineMs` after it connected, whatever it sends.
 */
export class TcpTransport extends Resource<TcpEvents> {
  readonly #deps: TcpDependencies;
  readonly #instance: string;
  readonly #wantedPort: number;
  readonly #pending: PendingStreams;
  readonly #streams = new Map<string, Set<NoiseSecretStream>>();
  readonly #sockets = new Set<Socket>();
  /** Of these, those that this node dialled and that are not proven yet. */
  readonly #dialled = new Set<Socket>();
  readonly #heardOnLan = new Set<string>();
  readonly #buffers = new FrameBuffers();
  #server: Server | null = null;

  constructor(deps: TcpDependencies, { port = 0 }: TcpOptions = {}) {
    super();
    this.#deps = deps;
    this.#instance = instanceId(deps.keyPair.publicKey);
    this.#wantedPort = port;
    this.#pending = new PendingStreams(deps.clock);
  }

  /** This node's own instance id. */
  get instance(): string {
    return this.#instance;
  }

  /** The port listened on; null before `open`. */
  get port(): number | null {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address?.port ?? null;
  }

  /** Streams that are not proven yet, whoever dialled. */
  get pending(): number {
    return this.#pending.size + this.#dialled.size;
  }

  /** True while any stream to this instance lives, proven or not, that is not in doubt. */
  has(instance: string): boolean {
    return this.#streams.has(instance);
  }

  /** Says whether an instance is on this network, for the path of its streams. */
  markLan(instance: string, here: boolean): void {
    if (here) this.#heardOnLan.add(instance);
    else this.#heardOnLan.delete(instance);
  }

  /** Dials an address. An opened stream is handed to `onStream` in the tick in which its handshake was done. */
  dial(target: DialTarget, onStream: (found: FoundStream) => void): Promise<DialOutcome> {
    const { host, port, others = [] } = target;
    const attempt = (place: Address, race: Race) => this.#dialOne({ ...target, ...place }, race, onStream);
    return dialRace([{ host, port }, ...others], attempt, this.#deps.clock);
  }

  async #dialOne(
    target: DialTarget,
    race: Race,
    onStream: (found: FoundStream) => void,
  ): Promise<DialOutcome> {
    if (this.closing || race.lost.aborted) return 'failed';
    const reader = new FrameReader(this.#buffers);
    const socket = connect({ host: target.host, port: target.port, onread: reader.onread });
    this.#own(socket);
    race.lost.addEventListener('abort', () => socket.destroy(), { once: true });
    const deadline = this.#deps.clock.after(LIMITS.dialDeadlineMs, () => socket.destroy());
    const isConnected = await connected(socket);
    deadline.cancel();
    if (!isConnected) return 'failed';
    return new Promise((resolve) => {
      const ends = { reader, isRead: true, isInitiator: true, rooms: target.rooms };
      this.#secure(socket, ends, (found, noise) => {
        if (!found || !noise) return resolve('failed');
        const self = found.instance === this.#instance;
        if (self || (target.instance !== undefined && found.instance !== target.instance)) {
          noise.destroy();
          return resolve(self ? 'self' : 'failed');
        }
        if (!race.win()) {
          noise.destroy();
          return resolve('failed');
        }
        resolve('opened');
        onStream(found);
      });
    });
  }

  /** Starts to listen. Throws PORT_TAKEN if a port was asked for and another program has it. */
  protected async _open(): Promise<void> {
    // IPv6 sockets take IPv4 too; a system without IPv6 gets IPv4 alone.
    this.#server = (await this.#listen('::')) ?? (await this.#listen('0.0.0.0'));
    if (!this.#server) {
      throw new ChatterError('PORT_TAKEN', { message: `Port ${this.#wantedPort} is taken or not allowed.` });
    }
    const server = this.#server;
    this.defer(() => {
      server.close();
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  async #listen(host: string): Promise<Server | null> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#onConnection(socket));
    try {
      server.listen({ port: this.#wantedPort, host });
      await once(server, 'listening');
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'EADDRINUSE') {
        throw new ChatterError('PORT_TAKEN', {
          message: `Port ${this.#wantedPort} is taken by another program.`,
          cause: err,
        });
      }
      return null;
    }
    // Out of file descriptors: accepting goes on when some are free again.
    server.on('error', (err) =>
      this.#deps.log.warn('listener-error', { code: (err as NodeJS.ErrnoException).code }),
    );
    return server;
  }

  #onConnection(accepted: Socket): void {
    const host = plainHost(accepted.remoteAddress ?? '');
    if (this.closing || !this.#pending.admits(host)) {
      this.#deps.counters.add('streams refused');
      accepted.destroy();
      return;
    }
    const reader = new FrameReader(this.#buffers);
    const moved = readBy(reader, accepted);
    const socket = moved ?? accepted;
    this.#own(socket);
    const ends = { reader, isRead: moved !== null, isInitiator: false, rooms: [] };
    this.#secure(socket, ends, (found, noise) => {
      if (!found || !noise) return;
      if (found.instance === this.#instance) noise.destroy();
      else this.emit('incoming', found);
    });
    if (!moved) accepted.resume();
  }

  #dialledNow(socket: Socket): () => void {
    this.#dialled.add(socket);
    return () => void this.#dialled.delete(socket);
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}); // 'close' follows, and that is where it is dealt with
    socket.on('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
  }

  /** Makes a socket a Noise stream; calls back once, with nothing if that failed. */
  #secure(
    socket: Socket,
    { reader, isRead, isInitiator, rooms }: Ends,
    done: (found?: FoundStream, noise?: NoiseSecretStream) => void,
  ): void {
    const buffers = this.#buffers;
    const guard = new RawGuard(socket, { reader, isRead, buffers });
    const noise = new BufferedNoise(isInitiator, guard, { keyPair: this.#deps.keyPair, buffers });
    noise.on('error', () => {}); // 'close' follows
    const address = { host: plainHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    // Only who comes here takes a stranger's place: a flood must not end what this node dials itself.
    const release = isInitiator
      ? this.#dialledNow(socket)
      : this.#pending.add(address.host, () => {
          this.#deps.counters.add('streams evicted');
          noise.destroy();
        });
    let deadline = this.#deps.clock.after(LIMITS.noiseDeadlineMs, () => noise.destroy());
    let told = false;
    const tell: typeof done = (...args) => {
      if (!told) done(...args);
      told = true;
    };
    noise.on('close', () => {
      deadline.cancel();
      release();
      socket.destroy();
      tell();
    });
    noise.on('open', () => {
      guard.secured();
      deadline.cancel();
      deadline = this.#deps.clock.after(LIMITS.proofDeadlineMs, () => noise.destroy());
      noise.setKeepAlive(LIMITS.keepAliveMs);
      noise.setTimeout(LIMITS.deadAfterMs);
      const instance = instanceId(noise.remotePublicKey as Uint8Array);
      const doubted = this.#track(instance, noise);
      const path = (): Path => (this.#heardOnLan.has(instance) ? 'lan' : 'direct');
      const proven = () => {
        deadline.cancel();
        release();
      };
      tell(
        {
          noise,
          instance,
          address: formatAddress(address),
          rooms,
          proven,
          doubted,
          recycle: (bytes) => buffers.giveBack(bytes),
          get path() {
            return path();
          },
        },
        noise,
      );
    });
  }

  /** Counts a stream while it lives; not while the function given back was last called with true. */
  #track(instance: string, noise: NoiseSecretStream): (doubted: boolean) => void {
    const add = () => {
      if (noise.destroyed) return;
      this.#streams.set(instance, (this.#streams.get(instance) ?? new Set()).add(noise));
    };
    const drop = () => {
      const streams = this.#streams.get(instance);
      if (!streams?.delete(noise) || streams.size > 0) return;
      this.#streams.delete(instance);
      this.emit('gone', instance);
    };
    add();
    noise.on('close', drop);
    return (doubted) => (doubted ? drop() : add());
  }
}

/** False if the socket was closed before, by whomever: one that is destroyed while it connects tells no error. */
const connected = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('close', () => resolve(false));
  });
