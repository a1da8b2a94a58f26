import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import { Resource } from '../resource.js';
import type { ApiEvent, Snapshot } from './api.js';
import { ApiSocket } from './api-socket.js';
import type { EventLog } from './event-log.js';
import type { FileAccess } from './file-access.js';
import { FileBodies, type FileBodySource } from './file-bodies.js';
import { guard, guardsPage, SECURITY_HEADERS } from './guard.js';
import type { Leases } from './leases.js';
import type { MediaSeats } from './media-seats.js';
import { MediaSocket } from './media-socket.js';
import { PageFiles } from './page-files.js';
import type { PageKeys } from './page-keys.js';
import type { Requests } from './requests.js';
import type { Tickets } from './tickets.js';

export interface ApiServerDependencies {
  requests: Requests;
  events: EventLog;
  leases: Leases;
  snapshot: () => Snapshot;
  /** The secret that whoever may use the API has read from a file of this user's. */
  token: string;
  pages: PageKeys;
  access: FileAccess;
  /** Where bodies of files come from and go to. */
  bodies: FileBodySource;
  /** Who has this node's call, and what lets their sockets in. */
  seats: MediaSeats;
  tickets: Tickets;
  /** The built page. */
  pageFolder: string;
  clock: Clock;
  log: Log;
}

/** Read ahead of who takes a body: with little the socket is stopped and started again for each piece of a file. */
const BODY_AHEAD_BYTES = 256 * 1024;
const PREFIX = '/api/';
const SOCKET = '/api/socket';
const UPLOAD = '/api/upload';
const MEDIA = '/api/media';

/** Requests whose parameters are a list of files. */
const BODY_BYTES: Readonly<Record<string, number>> = { upload: LIMITS.manifestBytes };

const STATUS: Partial<Record<ErrorCode, number>> = {
  API_NOT_FOUND: 404,
  ROOM_UNKNOWN: 404,
  API_BAD_REQUEST: 400,
  API_TOO_LARGE: 413,
  API_UNAUTHORIZED: 401,
  API_FORBIDDEN: 403,
  TRANSFER_UNKNOWN: 404,
  FILE_NOT_FOUND: 404,
  INTERNAL: 500,
};

/**
 * The node's API on 127.0.0.1: `POST /api/METHOD` for one request, `/api/socket` for a WebSocket of requests and
 * events, `/api/media` for one that has a call; every other path is a file of the page. Nothing passes but through the guard, and nothing is changed by anything but POST and the WebSocket.
 */
export class ApiServer extends Resource {
  readonly #deps: ApiServerDependencies;
  readonly #http: Server;
  readonly #ws: WebSocketServer;
  readonly #clients = new Set<ApiSocket>();
  readonly #media = new Set<MediaSocket>();
  readonly #files: PageFiles;
  readonly #bodies: FileBodies;
  readonly #wantedPort: number;
  readonly #fixed: boolean;

  /** `port` is taken if it is free; if it is not, another one, or with `fixed` PORT_TAKEN is thrown by `open`. */
  constructor(
    deps: ApiServerDependencies,
    { port = 0, fixed = false }: { port?: number; fixed?: boolean } = {},
  ) {
    super();
    this.#deps = deps;
    this.#files = new PageFiles(deps.pageFolder);
    this.#bodies = new FileBodies({ ...deps, source: deps.bodies });
    this.#wantedPort = port;
    this.#fixed = fixed;
    this.#http = createServer(
      {
        maxHeaderSize: LIMITS.apiHeaderBytes,
        headersTimeout: LIMITS.apiHeadersMs,
        requestTimeout: 0, // bodies of files take what they take; others have their deadline in `body`
        requireHostHeader: false, // the guard answers that
        highWaterMark: BODY_AHEAD_BYTES,
      },
      (request, response) => void this.#onRequest(request, response),
    );
    this.#http.maxConnections = LIMITS.apiConnections;
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#ws = new WebSocketServer({
      noServer: true,
      maxPayload: LIMITS.apiFrameBytes,
      // Bytes that come one by one cost as much as large pieces each (CVE-2026-48779, CVE-2026-62389).
      maxFragments: LIMITS.apiFragments,
      maxBufferedChunks: LIMITS.apiBufferedChunks,
      perMessageDeflate: false,
    });
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Hands an event to every client that has shown itself. */
  publish(event: ApiEvent): void {
    for (const client of this.#clients) client.event(event);
  }

  /** Tells every client that the node ends because somebody wanted it to. */
  dismiss(): void {
    for (const client of this.#clients) client.dismiss();
  }

  protected async _open(): Promise<void> {
    if (!(await this.#listen(this.#wantedPort))) {
      if (this.#fixed) {
        throw new ChatterError('PORT_TAKEN', {
          message: `Port ${this.#wantedPort} is taken by another program.`,
        });
      }
      await this.#listen(0);
    }
    this.defer(() => {
      this.#http.close();
      this.#http.closeAllConnections();
      for (const client of [...this.#clients, ...this.#media]) client.close();
    });
  }

  async #listen(port: number): Promise<boolean> {
    try {
      this.#http.listen({ port, host: '127.0.0.1' });
      await once(this.#http, 'listening');
      return true;
    } catch {
      return false;
    }
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { token, requests, leases } = this.#deps;
    leases.touch();
    const { method = '', url = '' } = request;
    const guarded = { ...shape(request), method, url };
    if (
      !url.startsWith(PREFIX) &&
      guardsPage(guarded, this.port) &&
      this.#files.serve(request, response, this.port)
    )
      return;
    // The list of files before their bytes: a page has no other way for so long a list.
    const pass = url === UPLOAD ? this.#deps.access.passIn(request.headers.authorization) : null;
    const verdict = guard(guarded, this.port, pass ?? token);
    try {
      const handle = this.#bodies.route(guarded, this.port);
      if (handle) {
        const answer = await handle(request, response);
        if (answer !== undefined) reply(response, 200, { ok: answer });
        return;
      }
      if (!verdict.ok) throw refusal(verdict.status);
      if (!verdict.authorized) throw refusal(401);
      if (method !== 'POST' || !url.startsWith(PREFIX)) throw new ChatterError('API_NOT_FOUND');
      const requested = url.slice(PREFIX.length);
      const params = parseJson(await body(request, this.#deps.clock, BODY_BYTES[requested]));
      reply(response, 200, { ok: await requests.answer(requested, params, { lease: null }) });
    } catch (err) {
      const { code, message } = ChatterError.from(err);
      if (code === 'INTERNAL') this.#deps.log.error('request-failed', { cause: String(err) });
      reply(response, STATUS[code] ?? 409, { error: { code, text: message } });
    }
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { token, leases } = this.#deps;
    socket.on('error', () => socket.destroy());
    leases.touch();
    const { method = '', url = '' } = request;
    const verdict = guard({ ...shape(request), method, url }, this.port, token);
    const status = !verdict.ok
      ? verdict.status
      : url !== SOCKET && url !== MEDIA
        ? 404
        : this.#clients.size + this.#media.size >= LIMITS.apiClients
          ? 503
          : 0;
    if (status !== 0) return void socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`);
    this.#ws.handleUpgrade(request, socket, head, (webSocket) =>
      url === MEDIA
        ? this.#onMedia(webSocket, verdict.ok && verdict.authorized)
        : this.#onSocket(webSocket, verdict.ok && verdict.authorized),
    );
  }

  #onMedia(webSocket: WebSocket, authorized: boolean): void {
    const client = new MediaSocket(webSocket, { ...this.#deps, authorized });
    this.#media.add(client);
    this.#deps.leases.hold(client); // while somebody is in a call the node stays
    webSocket.on('close', () => {
      this.#media.delete(client);
      this.#deps.leases.release(client);
    });
  }

  #onSocket(webSocket: WebSocket, authorized: boolean): void {
    if (authorized) this.#deps.leases.expect();
    const client = new ApiSocket(webSocket, { ...this.#deps, port: this.port, authorized });
    this.#clients.add(client);
    webSocket.on('close', () => {
      this.#clients.delete(client);
      this.#deps.leases.release(client);
    });
  }
}

const refusal = (status: 401 | 403) =>
  new ChatterError(status === 401 ? 'API_UNAUTHORIZED' : 'API_FORBIDDEN');

const shape = ({ headers, rawHeaders }: IncomingMessage) => ({ headers, rawHeaders });

/** The request's JSON body. Throws API_TOO_LARGE and API_BAD_REQUEST. */
async function body(
  request: IncomingMessage,
  clock: Clock,
  limit: number = LIMITS.apiBodyBytes,
): Promise<string> {
  if (request.headers['content-type'] !== 'application/json') {
    throw new ChatterError('API_BAD_REQUEST', { message: 'Content-Type must be application/json.' });
  }
  const deadline = clock.after(LIMITS.apiRequestMs, () => request.destroy());
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) throw new ChatterError('API_TOO_LARGE');
      chunks.push(chunk);
    }
  } finally {
    deadline.cancel();
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text || '{}');
  } catch (cause) {
    throw new ChatterError('API_BAD_REQUEST', { message: 'This is not JSON.', cause });
  }
}

function reply(response: ServerResponse, status: number, answer: object): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(answer);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': 'application/json',
    Connection: 'close',
  });
  response.end(text);
}
