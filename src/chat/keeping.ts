import type { StoringOptions } from './intake.js';
import { authorOf, type Message } from './message.js';
import type { News } from './news.js';
import type { Notices } from './notices.js';
import type { OwnLog } from './own-log.js';
import type { ReceiptExchange } from './receipt-exchange.js';
import type { Recorder } from './recorder.js';
import type { Reader } from './timeline.js';
import type { Unread } from './unread.js';
import type { Verdict } from './verdict.js';
import type { Welcome } from './welcome.js';

export interface KeepingDependencies {
  recorder: Recorder;
  reader: Reader;
  ownLog: OwnLog;
  news: News;
  unread: Unread;
  welcome: Welcome;
  exchange: ReceiptExchange;
  notices: Notices;
  /** Others are told soon that what just came is here. */
  tellsAtOnce: () => boolean;
}

/** Stores what was accepted, and lets everything know of it that has to: in this order. */
export class Keeping {
  readonly #deps: KeepingDependencies;

  constructor(deps: KeepingDependencies) {
    this.#deps = deps;
  }

  /** To be called alone; durable when it resolves. `own`: it was written here; `bulk`: it is of a history that is fetched. */
  async keep(verdict: Verdict, { own, bulk }: StoringOptions): Promise<void> {
    const { recorder, ownLog, news, unread, welcome, exchange, notices, tellsAtOnce } = this.#deps;
    if (verdict.refused.size > 0) notices.tell('HISTORY_FULL');
    if (verdict.accepted.length === 0) return;
    if (!own) await ownLog.onAccepted(verdict);
    const { recorded, counts } = await recorder.record(verdict, unread.counts);
    const waited = welcome.waiting.length;
    for (const { message } of verdict.accepted) this.#hearDirect(message);
    await news.tell(recorded, bulk);
    unread.counted(counts);
    if (welcome.waiting.length !== waited) unread.tell();
    for (const log of verdict.forks) notices.tell('FORKED', authorOf(log));
    await exchange.resolve();
    if (!own && tellsAtOnce()) exchange.giveSoon();
  }

  #hearDirect({ header, body }: Message): void {
    const { reader, welcome } = this.#deps;
    const { author, kind } = header;
    if (author === reader.self || welcome.knows(author)) return;
    const { content, to } = reader.open({ author, kind, body });
    if (to && content) welcome.heard(author);
  }
}
