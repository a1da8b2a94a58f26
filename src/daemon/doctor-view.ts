import { isIPv6 } from 'node:net';
import { parseAddress } from '../discovery/address.js';
import { ChatterError } from '../errors.js';
import type { ChatterNode } from '../node/node.js';
import type { Params, Result } from './api.js';

/** Examines a node for the API, one at a time. */
export class DoctorView {
  readonly #node: ChatterNode;
  readonly #running = new Map<string, Promise<Result<'doctor'>>>();

  constructor(node: ChatterNode) {
    this.#node = node;
  }

  examine({ host, sweep = false }: Params<'doctor'>): Promise<Result<'doctor'>> {
    const asked = host === undefined ? undefined : askedHost(host);
    const key = JSON.stringify([asked, sweep]);
    const running =
      this.#running.get(key) ??
      this.#node
        .examine({ host: asked, sweep })
        .then((findings) => ({ findings }))
        .finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }
}

/** `host:port`, or an address or name alone. Throws ADDRESS_INVALID. */
function askedHost(text: string): { host: string; port: number | null } {
  const plain = text.trim().replace(/^\[(.*)\]$/, '$1');
  if (isIPv6(plain.replace(/%.*$/, '')) || /^[^\s:[\]]+$/.test(plain)) return { host: plain, port: null };
  try {
    return parseAddress(text);
  } catch {
    throw new ChatterError('ADDRESS_INVALID', {
      message: 'A host is written as an address, a name, or host:port.',
    });
  }
}
