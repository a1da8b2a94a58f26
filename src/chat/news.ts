import type { Clock, Timer } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import type { HistoryPages } from './history-pages.js';
import type { MessageId } from './message.js';
import type { Recorded } from './recorder.js';
import type { Shown } from './timeline.js';

/** What has happened to the history. */
interface NewsEvents {
  message(message: Shown): void;
  edited(message: Shown): void;
  deleted(what: { id: MessageId; by: PeerId; clock: number }): void;
  reaction(what: { message: Shown; by: PeerId; emoji: string; on: boolean }): void;
  /** Much came, or went, at once: what is shown is to be read again. */
  changed(what: { added: number; done: boolean }): void;
}

export interface NewsDependencies {
  pages: HistoryPages;
  isBlocked: (id: PeerId) => boolean;
  clock: Clock;
  /** Messages that are on their way together; 0 when nothing is being fetched. */
  expected: () => number;
  events: NewsEvents;
}

/** More than this many at once are told as a change, not one by one. */
const TOLD_ONE_BY_ONE = 500;
const CHANGED_MS = 500;

/** Tells of what was stored: message by message, or as one change where much came at once. */
export class News {
  readonly #deps: NewsDependencies;
  #changed: { added: number; timer: Timer } | null = null;
  /** A change was told that was not the last one: that there is no more to come is told too. */
  #goesOn = false;

  constructor(deps: NewsDependencies) {
    this.#deps = deps;
  }

  /** `bulk`: they came with others of a history, of which more is expected; how much is what its giver says. */
  async tell(recorded: readonly Recorded[], bulk: boolean): Promise<void> {
    if (Math.max(recorded.length, bulk ? this.#deps.expected() : 0) > TOLD_ONE_BY_ONE)
      return this.change(recorded.length);
    const said = recorded.flatMap(({ what, id }) => (what === 'said' ? [id] : []));
    const shown = new Map((await this.#deps.pages.messages(said)).map((each) => [each.id, each]));
    const targets = new Set(recorded.flatMap((each) => ('target' in each ? [each.target] : [])));
    const done = new Map((await this.#deps.pages.messages([...targets])).map((each) => [each.id, each]));
    for (const each of recorded) {
      if (this.#deps.isBlocked(each.author)) continue;
      if ('target' in each) this.#tellDone(each, done.get(each.target));
      const message = shown.get(each.id);
      if (message) this.#deps.events.message(message);
    }
  }

  /** Messages came or went: told soon, together with others. */
  change(added: number): void {
    if (this.#changed) {
      this.#changed.added += added;
      return;
    }
    const timer = this.#deps.clock.after(CHANGED_MS, () => this.#tellChange(this.#deps.expected() === 0));
    this.#changed = { added, timer };
  }

  /** Whatever was to be had has come: a change that was put off is told now. */
  caughtUp(): void {
    if (this.#changed || this.#goesOn) this.#tellChange(true);
  }

  close(): void {
    this.#changed?.timer.cancel();
    this.#changed = null;
  }

  #tellDone(recorded: Extract<Recorded, { target: MessageId }>, message: Shown | undefined): void {
    if (!message) return;
    const { events } = this.#deps;
    const { author: by } = recorded;
    switch (recorded.what) {
      case 'edited':
        return events.edited(message);
      case 'deleted':
        return events.deleted({ id: message.id, by, clock: message.clock });
      case 'reacted':
        return events.reaction({ message, by, emoji: recorded.emoji, on: recorded.on });
    }
  }

  #tellChange(done: boolean): void {
    const added = this.#changed?.added ?? 0;
    this.close();
    this.#goesOn = !done;
    this.#deps.events.changed({ added, done });
  }
}
