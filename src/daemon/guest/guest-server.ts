import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../clock.js';
import { ChatterError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { Resource } from '../../resource.js';
import { TokenBucket } from '../../token-bucket.js';
import { attachment } from '../file-bodies.js';
import { byteRange } from '../file-range.js';
import { sameSecret } from '../guard.js';
import type { GuestInfo } from '../guest-api.js';
import { GUEST_SCRIPT, GUEST_STYLE } from './guest-assets.js';
import { guestPage } from './guest-page.js';
import type { ShelfFile } from './guest-shelf.js';
import { boundaryOf, type Multipart, multipart } from './multipart.js';

/** What a guest can do. */
export interface GuestHost {
  /** The host's name. */
  readonly name: string;
  readonly info: GuestInfo;
  /** Changes with everything that the page shows. */
  readonly version: number;
  find(id: string): ShelfFile | null;
  note(text: string): void;
  take(parts: AsyncIterable<Multipart>): Promise<boolean>;
}

export interface GuestServerOptions {
  /** One of this machine's addresses: the only one it is heard at. */
  address: string;
  secret: string;
  host: GuestHost;
  clock: Clock;
}

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};
const FILE_CSP = "default-src 'none'; sandbox";

/**
 * The page for guests: a listener of its own that knows nothing of the local API.
 *
 * 1. Nothing is answered but 404 to who does not know the secret, whatever they ask for.
 * 2. A file is an attachment of unknown type; nothing that a guest or a peer wrote is ever markup.
 * 3. What one address can have at once and a second is bounded, so that others are still served.
 */
export class GuestServer extends Resource {
  readonly #o: GuestServerOptions;
  readonly #http: Server;
  readonly #connections = new Map<string, number>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: GuestServerOptions) {
    super();
    this.#o = options;
    this.#http = createServer(
      {
        maxHeaderSize: LIMITS.apiHeaderBytes,
        headersTimeout: LIMITS.apiHeadersMs,
        requestTimeout: 0,
        requireHostHeader: true,
      },
      (request, response) => void this.#answer(request, response).catch(() => response.destroy()),
    );
    this.#http.maxConnections = LIMITS.guestConnections;
    this.#http.on('connection', (socket) => this.#onConnection(socket));
  }

  get url(): string {
    return `http://${this.#host}/${this.#o.secret}/`;
  }

  protected async _open(): Promise<void> {
    this.#http.listen({ port: 0, host: this.#o.address });
    await once(this.#http, 'listening').catch((cause: unknown) => {
      throw new ChatterError('ADDRESS_INVALID', {
        message: `No page can be served at ${this.#o.address}.`,
        cause,
      });
    });
    this.defer(() => {
      this.#http.close();
      this.#http.closeAllConnections();
    });
  }

  get #host(): string {
    return `${this.#o.address}:${(this.#http.address() as AddressInfo).port}`;
  }

  #onConnection(socket: Socket): void {
    const from = socket.remoteAddress ?? '';
    const count = (this.#connections.get(from) ?? 0) + 1;
    if (count > LIMITS.guestConnectionsPerAddress) return void socket.destroy(); // Invariant 3
    this.#connections.set(from, count);
    socket.setTimeout(LIMITS.uploadStallMs, () => socket.destroy());
    socket.on('close', () => {
      const left = (this.#connections.get(from) ?? 1) - 1;
      if (left > 0) this.#connections.set(from, left);
      else this.#connections.delete(from);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#bucket(request.socket.remoteAddress ?? '').take())
      return plain(response, 429, 'Too many requests; wait a moment.');
    const [, secret = '', rest = ''] = /^\/([\w-]{1,64})\/([\w./-]{0,64})$/.exec(request.url ?? '') ?? [];
    const isKnown = sameSecret(secret, this.#o.secret) && request.headers.host === this.#host;
    const isForeign = request.headers['sec-fetch-site'] === 'cross-site' && request.method === 'POST';
    if (!isKnown || isForeign) return plain(response, 404, 'There is nothing here.'); // Invariant 1
    try {
      await this.#route(`${request.method} ${rest}`, request, response);
    } catch (err) {
      const { code, message } = ChatterError.from(err);
      plain(response, code === 'INTERNAL' ? 500 : 400, message);
      request.destroy(); // whatever is still coming is not wanted
    }
  }

  async #route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host } = this.#o;
    switch (route) {
      case 'GET ':
        return this.#page(response, null);
      case 'GET style.css':
        return text(response, 'text/css', GUEST_STYLE);
      case 'GET page.js':
        return text(response, 'text/javascript', GUEST_SCRIPT);
      case 'GET state':
        return plain(response, 200, String(host.version));
      case 'POST note':
        host.note(noteOf(await formText(request)));
        return back(response);
      case 'POST files': {
        const boundary = boundaryOf(request.headers['content-type']);
        if (!boundary)
          throw new ChatterError('API_BAD_REQUEST', { message: 'This is not a form with files.' });
        const taken = await host.take(multipart(request as AsyncIterable<Buffer>, boundary));
        const said = taken ? `Handed over. ${host.name} is asked.` : 'No file was chosen.';
        if (request.headers.accept === 'text/plain') return plain(response, 200, said);
        return this.#page(response, said);
      }
      default: {
        const file = /^GET f\/([0-9a-f]{16})$/.exec(route)?.[1];
        const found = file ? host.find(file) : null;
        if (!found) return plain(response, 404, 'There is nothing here.');
        return this.#give(found, request, response);
      }
    }
  }

  #page(response: ServerResponse, said: string | null): void {
    const { host, clock } = this.#o;
    text(response, 'text/html', guestPage(host.info, { host: host.name, now: clock.wall(), said }));
  }

  async #give(file: ShelfFile, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const range = byteRange(request.headers.range, file.size);
    const headers = {
      ...HEADERS,
      'Content-Security-Policy': FILE_CSP, // Invariant 2
      ...attachment(file.name),
      'Accept-Ranges': 'bytes',
    };
    if (range === 'none')
      return void response.writeHead(416, { ...headers, 'Content-Range': `bytes */${file.size}` }).end();
    const { start, end } = range ?? { start: 0, end: file.size };
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'Content-Length': end - start,
      'Last-Modified': new Date(file.mtimeMs).toUTCString(),
      ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${file.size}` } : {}),
    });
    await pipeline(Readable.from(file.read(start, end), { objectMode: false }), response);
  }

  #bucket(from: string): TokenBucket {
    const known = this.#buckets.get(from);
    if (known) return known;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined && this.#buckets.size >= LIMITS.guestAddresses) this.#buckets.delete(oldest);
    const bucket = new TokenBucket(this.#o.clock, {
      perSecond: LIMITS.guestRequestsPerSecond,
      burst: LIMITS.guestRequestsBurst,
    });
    this.#buckets.set(from, bucket);
    return bucket;
  }
}

/** The text of a small form. Throws API_TOO_LARGE. */
async function formText(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    body += chunk.toString('latin1'); // percent-encoded: ASCII
    if (body.length > LIMITS.guestNoteBytes * 8) throw new ChatterError('API_TOO_LARGE');
  }
  return body;
}

function noteOf(body: string): string {
  const note = new URLSearchParams(body).get('text')?.replaceAll('\r\n', '\n').trim() ?? '';
  if (note === '' || Buffer.byteLength(note) > LIMITS.guestNoteBytes)
    throw new ChatterError('MESSAGE_INVALID', { message: 'A note has 1 to 2000 bytes.' });
  return note;
}

const text = (response: ServerResponse, type: string, body: string): void =>
  void response.writeHead(200, { ...HEADERS, 'Content-Type': `${type}; charset=utf-8` }).end(body);

function plain(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent) return;
  response
    .writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
    .end(body);
}

const back = (response: ServerResponse): void =>
  void response.writeHead(303, { ...HEADERS, Location: './' }).end();
