import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What is known of a request before anything of it is believed. */
export interface GuardedRequest {
  method: string;
  /** The request line's target, such as `/api/status`. */
  url: string;
  headers: IncomingHttpHeaders;
  /** All raw header names and values in turn: a header that comes twice is seen twice. */
  rawHeaders: readonly string[];
}

export type Verdict = { ok: true; authorized: boolean } | { ok: false; status: 401 | 403 };

/**
 * Decides whether a request comes from a program of this user or from this node's own page: exact equality of strings
 * and no parsing of addresses, since every parser that a guard had has been talked round (CVE-2018-5702,
 * CVE-2022-32212). `authorized` says whether the request bore the token; a WebSocket may show it in its first frame.
 */
export function guard(request: GuardedRequest, port: number, token: string): Verdict {
  const { headers } = request;
  const hosts = hostsAt(port);
  const authorization = headers.authorization;
  const authorized = authorization !== undefined && sameSecret(authorization, `Bearer ${token}`);
  if (!isForUs(request, port)) return { ok: false, status: 403 };
  const { origin } = headers;
  if (origin === undefined) {
    // A browser sends an Origin with everything that changes something: without one it is a program or nothing.
    if (!authorized) return { ok: false, status: 401 };
  } else if (!hosts.some((host) => origin === `http://${host}`)) return { ok: false, status: 403 };
  if (isFromElsewhere(headers)) return { ok: false, status: 403 };
  if (authorization !== undefined && !authorized) return { ok: false, status: 401 };
  return { ok: true, authorized };
}

/**
 * Decides whether a file of the page may be read: the files are the same for everybody and hold no secret, but no other
 * page may embed or read them.
 */
export function guardsPage(request: GuardedRequest, port: number): boolean {
  const { method, headers } = request;
  const { origin } = headers;
  const isOurs = origin === undefined || hostsAt(port).some((host) => origin === `http://${host}`);
  return (
    (method === 'GET' || method === 'HEAD') && isOurs && isForUs(request, port) && !isFromElsewhere(headers)
  );
}

/** On every answer of the API (SECURITY headers of a page that nobody else may frame, read or feed). There is no CORS header. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/** Compares without telling by its time where two texts differ, or how long the right one is. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const hostsAt = (port: number) => [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];

/** Exactly one Host, exactly ours; an absolute target would name another one. */
const isForUs = ({ url, headers, rawHeaders }: GuardedRequest, port: number) =>
  url.startsWith('/') && count(rawHeaders, 'host') === 1 && hostsAt(port).includes(headers.host ?? '');

/** A browser says that another page asked. */
const isFromElsewhere = ({ 'sec-fetch-site': site }: IncomingHttpHeaders) =>
  site !== undefined && site !== 'same-origin' && site !== 'none';

const count = (rawHeaders: readonly string[], name: string) =>
  rawHeaders.filter((header, i) => i % 2 === 0 && header.toLowerCase() === name).length;
