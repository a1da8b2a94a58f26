import { EventEmitter } from 'node:events';
import { ChatterError, ERRORS, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { DataFolder } from '../storage/data-folder.js';
import type {
  API_VERSION,
  ApiEvent,
  CLOSE,
  Frame,
  Method,
  NodeOptions,
  Params,
  Result,
  ServerFrame,
  Snapshot,
} from './api.js';
import { findNode, type NodeAddress, type SpawnCommand, spawnNode } from './find-node.js';

export interface ConnectOptions {
  folder: DataFolder;
  /** How a node is started where none runs. */
  spawn: SpawnCommand;
  /** Options of the node that were asked for; others than the running node's are refused. */
  options?: Partial<NodeOptions>;
}

type ClientEvents = {
  event: [ApiEvent];
  /** The node that one was talking to is gone; it is looked for, or started, again. */
  lost: [];
  /** Events may have been missed: this is how things stand. */
  resync: [Snapshot];
  /** No node could be had any more; nothing further is heard. */
  failed: [ChatterError];
};

type Socket = import('ws').WebSocket;
interface Waiting {
  resolve: (value: never) => void;
  reject: (err: Error) => void;
}

const HELLO: typeof API_VERSION = 1;
const STOPPED: typeof CLOSE.stopped = 4001;
const CONNECT_MS = 5_000;

/**
 * What every window and command talks to a node through.
 *
 * 1. Events are heard once each, in order; where some were missed for good, `resync` says so.
 * 2. A node that died is replaced, and the rooms that this client joined are joined again there, so that its lease
 *    goes on. A request that was under way then fails with NODE_LOST: it may have been done.
 */
export class Client {
  readonly #options: ConnectOptions | null;
  readonly #folder: DataFolder;
  readonly #events = new EventEmitter();
  readonly #waiting = new Map<number, Waiting>();
  readonly #joins = new Map<string, Params<'join'>>();
  /** Holds a lease besides those of its rooms. */
  #holds = false;
  #socket: Socket | null = null;
  #since: { epoch: string; seq: number } | null = null;
  #nextId = 0;
  #closed = false;
  /** True if this client started the node. */
  #spawned = false;

  private constructor(folder: DataFolder, options: ConnectOptions | null) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Talks to the node of a data folder, and starts one if there is none. Throws NODE_OPTIONS_DIFFER,
   * NODE_START_FAILED, or what kept the node from starting.
   */
  static async connect(options: ConnectOptions): Promise<Client> {
    const client = new Client(options.folder, options);
    await client.#attach();
    return client;
  }

  /** Talks to the node of a data folder if one runs; null otherwise. */
  static async find({ folder }: { folder: DataFolder }): Promise<Client | null> {
    const client = new Client(folder, null);
    const address = findNode(folder);
    return address && (await client.#open(address)) ? client : null;
  }

  get spawned(): boolean {
    return this.#spawned;
  }

  on<K extends keyof ClientEvents>(event: K, fn: (...args: ClientEvents[K]) => void): void {
    this.#events.on(event, fn as (...args: unknown[]) => void);
  }

  /** Asks the node; rejects with the ChatterError that it answers, or NODE_LOST. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const result = await this.#ask<M>(method, params);
    if (method === 'join') {
      // Joined again by id should the node be replaced: a name might mean another room then.
      const { roomId } = result as Result<'join'>;
      this.#joins.set(roomId, {
        ...(params as Params<'join'>),
        room: roomId,
        passphrase: undefined,
        open: undefined,
      });
    }
    if (method === 'hold') this.#holds = true;
    if (method === 'leave') this.#joins.delete((result as Result<'leave'>).roomId);
    return result;
  }

  /** Ends the node; resolves when it is gone. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#closed = true;
    const gone = new Promise<void>((resolve) => {
      if (socket) socket.once('close', () => resolve());
      else resolve();
    });
    await this.#ask('stop', {}).catch((err: unknown) => {
      if (ChatterError.from(err).code !== 'NODE_LOST') throw err; // somebody else has stopped it: well
    });
    await gone;
  }

  /** Gives the lease back and hears nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#events.removeAllListeners();
    const socket = this.#socket;
    if (!socket || socket.readyState === socket.CLOSED) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close();
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    });
  }

  #ask<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== socket.OPEN) return Promise.reject(new ChatterError('NODE_LOST'));
    const id = this.#nextId++;
    const frame = JSON.stringify({ id, do: method, params });
    // The node would end the connection for it.
    if (Buffer.byteLength(frame) > LIMITS.apiFrameBytes)
      return Promise.reject(new ChatterError(method === 'say' ? 'MESSAGE_INVALID' : 'API_TOO_LARGE'));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.send(frame);
    });
  }

  /** Finds the node or starts one, until one answers or there is no hope. */
  async #attach(): Promise<void> {
    let address = findNode(this.#folder);
    if (!address || !(await this.#open(address))) {
      if (this.#closed) throw new ChatterError('CLOSED');
      if (!this.#options) throw new ChatterError('NODE_NOT_RUNNING');
      const started = await spawnNode(this.#folder, this.#options.spawn, (found) => this.#open(found));
      this.#spawned = started.own;
      address = started.address;
    }
    if (this.#closed) {
      this.#letGo();
      throw new ChatterError('CLOSED');
    }
    this.#checkOptions(address);
  }

  #checkOptions({ options: running }: NodeAddress): void {
    for (const [name, wanted] of Object.entries(this.#options?.options ?? {})) {
      const has = running[name as keyof NodeOptions];
      if (wanted === undefined || JSON.stringify(wanted) === JSON.stringify(has)) continue;
      this.#letGo();
      throw new ChatterError('NODE_OPTIONS_DIFFER', {
        message: `A node is running with another ${OPTION_NAMES[name] ?? name}. End it with: npx chatter stop`,
      });
    }
  }

  /** Gives up the socket without looking for the next one. */
  #letGo(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** True once the node has let this client in. */
  async #open({ port, token }: NodeAddress): Promise<boolean> {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/socket`, {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: CONNECT_MS,
      perMessageDeflate: false,
      // Between an answer and the event after it whoever asked gets a turn.
      allowSynchronousEvents: false,
    });
    return new Promise((resolve) => {
      let welcomed = false;
      const deadline = setTimeout(() => socket.terminate(), CONNECT_MS);
      socket.on('error', () => {}); // 'close' follows
      socket.on('open', () => socket.send(JSON.stringify({ hello: HELLO, since: this.#since ?? undefined })));
      socket.on('close', (code) => {
        clearTimeout(deadline);
        if (welcomed) this.#onLost(socket, code);
        else resolve(false);
      });
      socket.on('message', (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as ServerFrame;
        if ('challenge' in frame || 'events' in frame) return; // for who asks for them, as tabs of the page do
        if (!('welcome' in frame)) return this.#onFrame(frame);
        clearTimeout(deadline);
        welcomed = true;
        this.#socket = socket;
        const again = this.#since !== null;
        if (frame.resync || !this.#since) this.#since = { epoch: frame.epoch, seq: frame.seq };
        resolve(true);
        if (again && frame.resync) this.#events.emit('resync', frame.resync);
      });
    });
  }

  #onFrame(frame: Frame): void {
    if ('event' in frame) {
      const { epoch, seq } = frame.event;
      this.#since = { epoch, seq };
      this.#events.emit('event', frame.event);
      return;
    }
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    if ('ok' in frame) waiting?.resolve(frame.ok as never);
    else waiting?.reject(new ChatterError(asCode(frame.error.code), { message: frame.error.text }));
  }

  #onLost(socket: Socket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    for (const { reject } of this.#waiting.values()) reject(new ChatterError('NODE_LOST'));
    this.#waiting.clear();
    if (this.#closed) return;
    if (code === STOPPED) {
      this.#events.emit('failed', new ChatterError('NODE_LOST', { message: 'The node was stopped.' }));
      return;
    }
    this.#events.emit('lost');
    void this.#return();
  }

  /** Comes back to the node, or to the next one, with the rooms that were joined here. */
  async #return(): Promise<void> {
    try {
      await this.#attach();
      if (this.#holds) await this.#ask('hold', {});
      for (const join of this.#joins.values()) await this.#ask('join', join);
    } catch (err) {
      const failure = ChatterError.from(err);
      // Lost again while it joined: that loss has begun a return of its own.
      if (!this.#closed && failure.code !== 'NODE_LOST') this.#events.emit('failed', failure);
    }
  }
}

const CLOSE_MS = 1_000;

/** How people know the node's options. */
const OPTION_NAMES: Record<string, string> = {
  lanOnly: '--lan-only',
  lan: '--no-lan',
  bootstrap: '--bootstrap',
  listen: '--listen',
  port: '--port',
  logLevel: '--log-level',
};

/** A newer node may name causes that this client has no word for. */
const asCode = (code: ErrorCode): ErrorCode => (Object.hasOwn(ERRORS, code) ? code : 'INTERNAL');
