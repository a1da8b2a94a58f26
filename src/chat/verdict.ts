import type { StoredLog } from './chat-store.js';
import type { LogId, Message } from './message.js';
import type { Tip } from './order.js';

/** A message that may be stored, with what follows from what it builds on. */
export interface Judged {
  readonly message: Message;
  readonly clock: number;
  readonly covers: number;
  /** Its own signature was looked at. */
  readonly checked: boolean;
}

/** What becomes of the log if these messages are stored. */
export interface Verdict {
  readonly accepted: readonly Judged[];
  readonly logs: readonly StoredLog[];
  readonly tips: readonly Tip[];
  /** Logs of which something came whose place before it is not here. */
  readonly gaps: ReadonlySet<LogId>;
  /** Messages that build on what is not here, in their log or another. */
  readonly orphans: readonly Message[];
  /** Logs that forked by it. */
  readonly forks: ReadonlySet<LogId>;
  /** Signed by nobody: they are of no use, whoever handed them on. */
  readonly unsigned: number;
  /** Such as nobody who heeds the rules stores. */
  readonly invalid: number;
  /** Logs that are not taken in any more, since there is no room for them. */
  readonly refused: ReadonlySet<LogId>;
}
