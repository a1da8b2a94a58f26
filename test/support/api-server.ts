import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { WebSocket } from 'ws';
import { type Clock, systemClock } from '../../src/clock.js';
import { API_VERSION, type NodeOptions, type ServerFrame } from '../../src/daemon/api.js';
import { EventLog } from '../../src/daemon/event-log.js';
import { FileAccess } from '../../src/daemon/file-access.js';
import type { GuestRequests } from '../../src/daemon/guest/guests-view.js';
import type { GuestInfo } from '../../src/daemon/guest-api.js';
import { Leases } from '../../src/daemon/leases.js';
import { MediaSeats, type SeatedCalls } from '../../src/daemon/media-seats.js';
import { PageKeys } from '../../src/daemon/page-keys.js';
import { Requests } from '../../src/daemon/requests.js';
import { ApiServer } from '../../src/daemon/server.js';
import { Tickets } from '../../src/daemon/tickets.js';
import { ChatterError } from '../../src/errors.js';
import { lineLog } from '../../src/log.js';
import { FakeNode } from './fake-node.js';

export const NODE_OPTIONS: NodeOptions = {
  lanOnly: false,
  lan: true,
  bootstrap: [],
  listen: 0,
  port: null,
  logLevel: 'info',
};

const GUEST: GuestInfo = { room: '', roomId: '', url: '', until: '', notes: [], shelf: [], uploads: [] };

const NO_GUESTS: GuestRequests = {
  guest: () => ({ guest: null }),
  guestOpen: () => GUEST,
  guestClose: () => ({}),
  guestSay: () => GUEST,
  guestPut: () => GUEST,
  guestTake: () => GUEST,
  guestAnswer: () => GUEST,
};

const unknown = () => {
  throw new ChatterError('ROOM_UNKNOWN');
};
const NO_ROOMS: SeatedCalls = {
  room: unknown,
  personHere: unknown,
  leaveOthers: unknown,
  info: unknown,
  paths: unknown,
};

export interface Answer {
  /** 0 if the connection ended without an answer. */
  status: number;
  head: string;
  body: string;
}

/** Everything that any server of this process has answered to `ask`, with the token that must not be in it. */
export const answers: { token: string; text: string }[] = [];

/** A node's API, all of it real but the node. */
export class Api {
  readonly node = new FakeNode();
  readonly token = randomBytes(32).toString('base64url');
  readonly events: EventLog;
  readonly leases: Leases;
  readonly pages: PageKeys;
  /** What the node keeps of the page's keys. */
  savedPages: string | null = null;
  readonly server: ApiServer;
  /** Lines of the log, at its most talkative. */
  readonly lines: string[] = [];
  /** The server's ends of all connections that are open. */
  readonly sockets = new Set<Socket>();
  /** Emits `connection` with each new one of `sockets`. */
  readonly wire = new EventEmitter();
  wipes = 0;
  /** How often the node was told to stop, or had nothing to do any more. */
  stops = 0;
  idles = 0;

  constructor(clock: Clock, epoch: string) {
    this.events = new EventLog(epoch);
    this.leases = new Leases(clock, () => this.idles++);
    this.leases.pinned = true;
    this.pages = new PageKeys({
      clock,
      saved: null,
      save: async (saved) => {
        this.savedPages = saved;
      },
    });
    const { node, events, leases, token, pages } = this;
    const access = new FileAccess(clock);
    const tickets = new Tickets(clock);
    const requests = new Requests({
      node,
      mediaTicket: () => tickets.issue(),
      leases,
      access,
      guests: NO_GUESTS,
      pageUrl: () => `http://127.0.0.1:${this.port}/#${this.pages.code()}`,
      stop: () => this.stops++,
      wipe: async () => void this.wipes++,
      describe: () => ({
        pid: process.pid,
        version: '0.0.0',
        api: API_VERSION,
        apiPort: this.port,
        tokenFile: '/nowhere/token',
        dataFolder: '/nowhere',
        logFile: '/nowhere/log/node.log',
        pinned: leases.pinned,
        leases: leases.count,
        options: NODE_OPTIONS,
      }),
    });
    const log = lineLog(
      (line) => this.lines.push(line),
      'debug',
      () => 0,
    );
    const snapshot = () => node.snapshot();
    this.server = new ApiServer({
      requests,
      events,
      leases,
      snapshot,
      token,
      pages,
      access,
      bodies: {
        open: (transfer, file) => node.bodies.open(transfer, file),
        receive: (transfer, offset) => node.bodies.receive(transfer, offset),
      },
      seats: new MediaSeats(NO_ROOMS),
      tickets,
      pageFolder: path.resolve('dist/web'),
      clock,
      log,
    });
    node.onEvent((event) => this.server.publish(events.add(event, new Date(0).toISOString())));
  }

  get port(): number {
    return this.server.port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get bearer(): { Authorization: string } {
    return { Authorization: `Bearer ${this.token}` };
  }

  async open(): Promise<void> {
    await this.server.open();
    subscribe('net.server.socket', this.#onSocket);
  }

  async close(): Promise<void> {
    unsubscribe('net.server.socket', this.#onSocket);
    this.leases.close();
    await this.server.close();
    this.cut();
  }

  /** Breaks every connection, as a network would: without a word. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Resolves when `count` connections are open. */
  async connections(count: number): Promise<void> {
    while (this.sockets.size !== count) await once(this.wire, 'change');
  }

  /** Sends these bytes over a connection of their own and gives back what is answered. */
  async raw(bytes: string | Buffer): Promise<Answer> {
    const socket = connect(this.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {}); // 'close' follows
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.startsWith('HTTP/1.1 101 ') && text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.write(bytes);
    await once(socket, 'close');
    answers.push({ token: this.token, text });
    const end = text.indexOf('\r\n\r\n');
    const [head, body] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 4)];
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    return { status, head, body: /^transfer-encoding: chunked/im.test(head) ? joined(body) : body };
  }

  /** One HTTP request with exactly these headers, and a Host unless there is one among them. */
  ask(method: string, path: string, headers: Headers = {}, body = ''): Promise<Answer> {
    const all: Headers = { Host: this.host, ...headers };
    if (body && !('Transfer-Encoding' in all)) all['Content-Length'] = String(Buffer.byteLength(body));
    return this.raw(`${requestHead(method, path, all)}${body}`);
  }

  /** A request as the own command line sends it. */
  post(method: string, params: unknown = {}, headers: Headers = {}): Promise<Answer> {
    const own = { ...this.bearer, 'Content-Type': 'application/json', ...headers };
    return this.ask(
      'POST',
      `/api/${method}`,
      own,
      typeof params === 'string' ? params : JSON.stringify(params),
    );
  }

  /** Asks for a WebSocket with exactly these headers. */
  upgrade(headers: Headers = {}, path = '/api/socket', method = 'GET'): Promise<Answer> {
    return this.ask(method, path, { ...UPGRADE, ...headers });
  }

  /** A WebSocket that has not said hello; it bears the token unless `headers` say otherwise. */
  async socket(headers: Record<string, string> = this.bearer): Promise<TestSocket> {
    const socket = new TestSocket(`ws://${this.host}/api/socket`, headers);
    await once(socket.ws, 'open');
    return socket;
  }

  /** A WebSocket that has been welcomed. */
  async attach(): Promise<TestSocket> {
    const socket = await this.socket();
    socket.send({ hello: API_VERSION });
    await socket.next();
    return socket;
  }

  readonly #onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== this.port) return;
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.wire.emit('change');
    });
    this.wire.emit('connection', socket);
    this.wire.emit('change');
  };
}

type Headers = Record<string, string | string[]>;

const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** A body without the lines that say how long its parts are. */
function joined(chunked: string): string {
  const [, length = '0'] = /^([0-9a-f]+)\r\n/i.exec(chunked) ?? [];
  const [start, bytes] = [length.length + 2, Number.parseInt(length, 16)];
  return bytes === 0 ? '' : chunked.slice(start, start + bytes) + joined(chunked.slice(start + bytes + 2));
}

/** A header whose value is a list comes as often as the list is long. */
export function requestHead(method: string, path: string, headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Starts the API on a random port of 127.0.0.1; it ends with the test. */
export async function startApi(
  t: { teardown(fn: () => Promise<void>): void },
  { clock = systemClock, epoch = 'run-1' }: { clock?: Clock; epoch?: string } = {},
): Promise<Api> {
  const api = new Api(clock, epoch);
  await api.open();
  t.teardown(() => api.close());
  return api;
}

/** The client's end of a WebSocket, to be read frame by frame. */
export class TestSocket {
  readonly ws: WebSocket;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** What came and was not read yet. */
  readonly frames: ServerFrame[] = [];
  #isClosed = false;
  readonly #wake = new EventEmitter();

  constructor(url: string, headers: Record<string, string>) {
    this.ws = new WebSocket(url, { headers, perMessageDeflate: false });
    this.ws.on('error', () => {}); // 'close' follows
    this.ws.on('message', (data) => {
      this.frames.push(JSON.parse((data as Buffer).toString()) as ServerFrame);
      this.#wake.emit('change');
    });
    this.closed = new Promise((resolve) => {
      this.ws.once('close', (code) => {
        this.#isClosed = true;
        this.#wake.emit('change');
        resolve(code);
      });
    });
  }

  send(frame: unknown): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The next frame; rejects if the connection ends before there is one. */
  async next(): Promise<ServerFrame> {
    while (this.frames.length === 0) {
      if (this.#isClosed) throw new Error('The connection ended before a frame came.');
      await once(this.#wake, 'change');
    }
    return this.frames.shift() as ServerFrame;
  }

  /** Numbers of the next `count` events. */
  async seqs(count: number): Promise<number[]> {
    const seqs: number[] = [];
    while (seqs.length < count) {
      const frame = await this.next();
      if ('event' in frame) seqs.push(frame.event.seq);
    }
    return seqs;
  }

  /** Ends the connection and waits until it has ended. */
  async end(): Promise<void> {
    this.ws.terminate();
    await this.closed;
  }
}
