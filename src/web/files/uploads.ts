import type { TransferInfo } from '../../daemon/files-api.js';
import type { PageStore } from '../state/page-store.js';
import { useStore } from '../state/use-page.js';
import { bearer } from './bodies.js';
import type { Picked } from './picked.js';

/** Files from here on have blocks of their own, and their bytes come first (`src/daemon/README.md`). */
const BLOCK_BYTES = 256 * 1024;
/** Attempts without a further byte after which the file itself is taken for unreadable. */
const ATTEMPTS = 4;
const AGAIN_MS = 500;

/**
 * What this tab hands over to its node. The files stay where they are and are read at the pace at which the node takes
 * them; a copy that was cut short, by a node that ended, goes on where it stopped for as long as the tab is open.
 */
export class Uploads {
  readonly #store: PageStore;
  /** Copies under way: a tab that is closed cuts them short. */
  #copying = 0;

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** Offers what was picked; resolves when all of it is copied or somebody ended it. Rejects with a sentence. */
  async offer(room: string, picked: readonly Picked[], to?: string): Promise<void> {
    if (picked.length === 0) return;
    const entries = picked.map(({ path, file }) => ({
      path: path.normalize('NFC'),
      size: file?.size ?? 0,
      mtimeMs: Math.max(0, file?.lastModified ?? Date.now()),
      folder: file === null,
    }));
    const made = await this.#post<TransferInfo>('/api/upload', JSON.stringify({ room, to, entries }), {
      'Content-Type': 'application/json',
    });
    const files = picked.flatMap(({ file }) => (file && file.size > 0 ? [file] : []));
    const big = files.filter(({ size }) => size >= BLOCK_BYTES);
    const small = new Blob(files.filter(({ size }) => size < BLOCK_BYTES));
    window.addEventListener('beforeunload', askToStay);
    this.#copying++;
    try {
      await this.#copy(made, small.size > 0 ? [...big, small] : big);
    } finally {
      if (--this.#copying === 0) window.removeEventListener('beforeunload', askToStay);
    }
  }

  /** Hands over one body after the other, so that a file that is whole is one of them as it is: see `send`. */
  async #copy({ transfer, roomId, copied, total }: TransferInfo, bodies: readonly Blob[]): Promise<void> {
    let at = copied;
    for (let left = ATTEMPTS; at !== null && left > 0; ) {
      const body = bodyAt(bodies, at);
      let after: number | null = at + body.size;
      try {
        await send(`/api/upload/${transfer}/${at}`, body, await bearer(this.#store));
        if (after >= total) after = null;
      } catch {
        await this.#connected();
        after = await this.#copied(transfer, roomId);
      }
      left = after !== null && after > at ? ATTEMPTS : left - 1;
      at = after;
    }
    if (at === null) return;
    await this.#store.request('withdraw', { transfer }).catch(() => {});
    throw new Error('The files could not be read to the end; the offer was taken back.');
  }

  /** How far it has come; null where nothing more is wanted. */
  async #copied(transfer: string, room: string): Promise<number | null> {
    const all = await this.#store.request('transfers', { room }).catch(() => null);
    const info = all?.find((each) => each.transfer === transfer);
    return info && (info.state === 'serving' || info.state === 'paused') ? info.copied : null;
  }

  async #post<T>(url: string, body: string, headers: Record<string, string>): Promise<T> {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { ...headers, ...(await bearer(this.#store)) },
    });
    const { ok, error } = (await answer.json()) as { ok?: T; error?: { text: string } };
    if (ok === undefined) throw new Error(error?.text ?? 'Chatter did not take it.');
    return ok;
  }

  /** Resolves when the node has been here for a moment. */
  async #connected(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    while (this.#store.snapshot().link !== 'open');
  }
}

/** What comes from this byte on, as far as it lies in one body; a whole one is given as it is. */
function bodyAt(bodies: readonly Blob[], at: number): Blob {
  let start = 0;
  for (const body of bodies) {
    if (at === start) return body;
    if (at < start + body.size) return body.slice(at - start);
    start += body.size;
  }
  return new Blob();
}

/**
 * Posts bytes; rejects where they are not taken. By XMLHttpRequest: of a whole file Chromium then reads what it sends
 * where it sends it, while a body of `fetch`, and a piece of a file, go through two more processes at twice the cost.
 */
function send(url: string, body: Blob, { Authorization }: { Authorization: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('Authorization', Authorization);
    request.onload = () =>
      request.status === 200 ? resolve() : reject(new Error('Chatter did not take it.'));
    request.onerror = () => reject(new Error('Chatter does not answer.'));
    request.send(body);
  });
}

/** The browser asks whether to leave the page. */
const askToStay = (event: Event): void => event.preventDefault();

const ofStore = new WeakMap<PageStore, Uploads>();

export function useUploads(): Uploads {
  const store = useStore();
  const uploads = ofStore.get(store) ?? new Uploads(store);
  ofStore.set(store, uploads);
  return uploads;
}
