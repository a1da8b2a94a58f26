import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import sirv from 'sirv';
import { SECURITY_HEADERS } from './guard.js';

/** Stands in `index.html` for the nonce of one answer. */
const NONCE = '__CSP_NONCE__';

/**
 * The page's own files and nothing else: never a received file, never one of the data folder. They are read once; a
 * name that is not among them is not looked for on the disk.
 */
export class PageFiles {
  readonly #assets: ReturnType<typeof sirv> | null;
  readonly #index: string | null;

  /** `folder` is where the build put the page; without a page in it nothing is served. */
  constructor(folder: string) {
    const index = path.join(folder, 'index.html');
    const built = existsSync(index);
    this.#index = built ? readFileSync(index, 'utf8') : null;
    this.#assets = built
      ? sirv(folder, {
          etag: true,
          setHeaders: (response) => secure(response, response.req.socket.localPort ?? 0),
        })
      : null;
  }

  /** True if the request is being answered; false if it is for no file of the page. */
  serve(request: IncomingMessage, response: ServerResponse, port: number): boolean {
    if (!this.#assets || !this.#index) return false;
    const [target] = (request.url ?? '').split('?', 1);
    if (target === '/') this.#page(request, response, this.#index, port);
    else if (target?.startsWith('/assets/'))
      this.#assets(request, response, () => void response.writeHead(404).end());
    else return false;
    return true;
  }

  #page(request: IncomingMessage, response: ServerResponse, index: string, port: number): void {
    const nonce = randomBytes(16).toString('base64');
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'Content-Security-Policy': policy(port, nonce),
      'Content-Type': 'text/html; charset=utf-8',
    });
    response.end(request.method === 'HEAD' ? undefined : index.replaceAll(NONCE, nonce));
  }
}

function secure(response: ServerResponse, port: number): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  response.setHeader('Cache-Control', 'no-cache');
  // A worker obeys the policy that its own script came with; that of a call talks to this node.
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ${connects(port)}`,
  );
}

const connects = (port: number) => `connect-src 'self' ws://127.0.0.1:${port} ws://localhost:${port}`;

/** Nothing from elsewhere, nothing inline but styles under the nonce, no document made of text. */
const policy = (port: number, nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "worker-src 'self'",
    connects(port),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
