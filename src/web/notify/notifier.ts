import type { ApiEvent } from '../../daemon/api.js';
import { currentLook } from '../settings/look.js';
import type { PageStore } from '../state/page-store.js';
import { anyTabIsLookedAt, tellOtherTabs } from './looked-at.js';
import { endedBy, type Notice, noticeOf } from './notice.js';

/** A second notice of one tag waits so long for further ones: somebody who writes much is told of seldom. */
const GATHER_MS = 3_000;

interface Shown {
  notification: Notification;
  /** While it runs, further ones of this tag are counted. */
  timer: ReturnType<typeof setTimeout> | null;
  waiting: { notice: Notice; count: number } | null;
}

/**
 * Tells through the system what is worth telling while nobody looks at the page, for as long as this tab is open.
 *
 * 1. Nothing is shown while any tab of this node's page is looked at, and what was shown goes when one is.
 * 2. At most one notice a tag every `GATHER_MS`, whatever others send.
 */
export class Notifier {
  readonly #store: PageStore;
  readonly #shown = new Map<string, Shown>();

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** Begins to listen; to be called once. */
  open(): void {
    this.#store.listen((event) => void this.#hear(event));
    tellOtherTabs();
    window.addEventListener('focus', () => this.#clear()); // Invariant 1
  }

  async #hear(event: ApiEvent): Promise<void> {
    const ended = endedBy(event);
    if (ended) this.#close(ended);
    const notice = noticeOf(event, currentLook());
    if (!notice || Notification.permission !== 'granted' || (await anyTabIsLookedAt())) return;
    const shown = this.#shown.get(notice.tag);
    if (shown?.timer) shown.waiting = { notice, count: (shown.waiting?.count ?? 0) + 1 };
    else this.#show(notice, 1);
  }

  #show({ tag, roomId, title, body, stays }: Notice, count: number): void {
    const notification = new Notification(title, {
      tag,
      body: count > 1 ? `${body}\nand ${count - 1} more before it` : body,
      icon: '/assets/icon.svg',
      requireInteraction: stays,
    });
    notification.onclick = () => {
      window.focus();
      this.#store.show(roomId);
      notification.close();
    };
    const shown: Shown = {
      notification,
      waiting: null,
      timer: setTimeout(() => {
        shown.timer = null;
        const { waiting } = shown;
        if (waiting) void this.#showLate(waiting.notice, waiting.count);
      }, GATHER_MS), // Invariant 2
    };
    this.#shown.set(tag, shown);
  }

  async #showLate(notice: Notice, count: number): Promise<void> {
    if (!(await anyTabIsLookedAt())) this.#show(notice, count);
  }

  #close(tag: string): void {
    const shown = this.#shown.get(tag);
    if (!shown) return;
    if (shown.timer) clearTimeout(shown.timer);
    shown.notification.close();
    this.#shown.delete(tag);
  }

  #clear(): void {
    for (const tag of [...this.#shown.keys()]) this.#close(tag);
  }
}
