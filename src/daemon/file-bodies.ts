import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { FileAccess, FileRef } from './file-access.js';
import { byteRange } from './file-range.js';
import { type GuardedRequest, guard, guardsPage, SECURITY_HEADERS } from './guard.js';
import type { Leases } from './leases.js';

/** One whole file of a transfer, to be read. */
export interface OpenFile extends FileRef {
  name: string;
  size: number;
  /** Milliseconds since 1970. */
  mtimeMs: number;
  /** What lies from `start` up to and without `end`. Throws FILE_CHANGED and FILE_UNREADABLE. */
  read(start: number, end: number): Iterable<Uint8Array>;
}

/** What bodies need of a node. */
export interface FileBodySource {
  /** Throws TRANSFER_UNKNOWN, and FILE_NOT_FOUND where the file is not here, or not all of it. */
  open(transfer: string, file: number): OpenFile;
  /** Goes on with an upload. Throws TRANSFER_UNKNOWN and UPLOAD_OFFSET. */
  receive(transfer: string, offset: number): Promise<Receiver>;
}

/** Where the body of one request goes. */
export interface Receiver {
  /** Bytes that are still to come. */
  readonly left: number;
  /** Resolves when they are written; `bytes` may be used again then. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes by this request. */
  end(): void;
  /** What is answered: the transfer as it stands. */
  describe(): unknown;
}

export interface FileBodiesDependencies {
  source: FileBodySource;
  access: FileAccess;
  leases: Leases;
  token: string;
}

/** Bytes that are gathered for one write. */
const WRITE_BYTES = 1024 * 1024;

/**
 * The parts of the API whose bodies are files: `POST /api/upload/TRANSFER/OFFSET`, `GET /api/content/TRANSFER/FILE`
 * and `GET /api/save/TICKET`.
 *
 * 1. A file is never a document of the page's origin: every answer is an attachment of unknown type that may not be
 *    sniffed, sandboxed, and for this origin alone.
 * 2. A body is never held: what the one end does not take the other does not give.
 */
export class FileBodies {
  readonly #deps: FileBodiesDependencies;

  constructor(deps: FileBodiesDependencies) {
    this.#deps = deps;
  }

  /**
   * Whether a request is for one of them: what to do with it then. Throws API_UNAUTHORIZED, API_FORBIDDEN,
   * API_NOT_FOUND.
   */
  route(
    request: GuardedRequest,
    port: number,
  ): ((req: IncomingMessage, res: ServerResponse) => Promise<unknown>) | null {
    const [, kind, first = '', second] = ROUTE.exec(request.url) ?? [];
    if (kind === undefined) return null;
    if (kind === 'save') {
      if (!guardsPage(request, port)) throw new ChatterError('API_FORBIDDEN');
      const ref = request.method === 'GET' && second === undefined ? this.#deps.access.redeem(first) : null;
      if (!ref) throw new ChatterError('API_NOT_FOUND');
      return (req, res) => this.#give(ref, req, res);
    }
    const { access, token } = this.#deps;
    const verdict = guard(request, port, access.passIn(request.headers.authorization) ?? token);
    if (!verdict.ok) throw new ChatterError(verdict.status === 401 ? 'API_UNAUTHORIZED' : 'API_FORBIDDEN');
    if (!verdict.authorized) throw new ChatterError('API_UNAUTHORIZED');
    const number = Number(second ?? 'x');
    if (kind === 'content' && request.method === 'GET' && Number.isSafeInteger(number))
      return (req, res) => this.#give({ transfer: first, file: number }, req, res);
    if (kind === 'upload' && request.method === 'POST' && Number.isSafeInteger(number))
      return (req) => this.#take(first, number, req);
    throw new ChatterError('API_NOT_FOUND');
  }

  /** What is answered to an upload: the transfer. */
  async #take(transfer: string, offset: number, request: IncomingMessage): Promise<unknown> {
    const receiver = await this.#deps.source.receive(transfer, offset);
    const length = Number(request.headers['content-length'] ?? 'x');
    this.#deps.leases.hold(request);
    request.socket.setTimeout(LIMITS.uploadStallMs, () => request.destroy());
    try {
      if (length > receiver.left) throw new ChatterError('API_TOO_LARGE');
      await writeWhileReading(request, receiver);
    } finally {
      request.socket.setTimeout(0);
      this.#deps.leases.release(request);
      receiver.end();
    }
    return receiver.describe();
  }

  async #give(
    { transfer, file }: FileRef,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const found = this.#deps.source.open(transfer, file);
    const range = byteRange(request.headers.range, found.size);
    const headers = { ...SECURITY_HEADERS, ...attachment(found.name), 'Accept-Ranges': 'bytes' };
    if (range === 'none') {
      response.writeHead(416, { ...headers, 'Content-Range': `bytes */${found.size}` }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: found.size };
    const blocks = found.read(start, end)[Symbol.iterator]();
    const first = blocks.next(); // what cannot be read is told before anything is said
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'Content-Length': end - start,
      'Last-Modified': new Date(found.mtimeMs).toUTCString(),
      ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${found.size}` } : {}),
      Connection: 'close',
    });
    this.#deps.leases.hold(request);
    try {
      await pipeline(
        Readable.from(withFirst(first, blocks), { objectMode: false, highWaterMark: WRITE_BYTES }),
        response,
      );
    } catch {
      response.destroy(); // gone, or changed meanwhile: a body that is cut short says so
    } finally {
      this.#deps.leases.release(request);
    }
  }
}

/** One buffer is written while the next is filled, so that neither the network nor the disk waits for the other. */
async function writeWhileReading(body: AsyncIterable<Buffer>, receiver: Receiver): Promise<void> {
  let [filling, written] = [Buffer.allocUnsafe(WRITE_BYTES), Buffer.allocUnsafe(WRITE_BYTES)];
  let filled = 0;
  let writing = Promise.resolve();
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      const count = chunk.copy(filling, filled, at);
      at += count;
      filled += count;
      if (filled < filling.length) continue;
      await writing;
      writing = receiver.write(filling);
      writing.catch(() => {}); // heard where it is awaited
      [filling, written] = [written, filling];
      filled = 0;
    }
  }
  await writing;
  if (filled > 0) await receiver.write(filling.subarray(0, filled));
}

const ROUTE = /^\/api\/(upload|content|save)\/([\w-]{1,64})(?:\/(\d{1,16}))?$/;

function* withFirst(first: IteratorResult<Uint8Array>, rest: Iterator<Uint8Array>): Iterable<Uint8Array> {
  for (let next = first; !next.done; next = rest.next()) yield next.value;
}

/** Headers under which a browser keeps a body and does nothing else with it (RFC 6266, RFC 8187). */
export const attachment = (name: string): Record<string, string> => {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  const whole = encodeURIComponent(name.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${whole}`,
  };
};
