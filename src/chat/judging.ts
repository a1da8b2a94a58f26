import type { PeerId } from '../identity/peer-id.js';
import type { Batch } from './batch.js';
import type { Known } from './chat-store.js';
import { logId, type Message, type MessageId } from './message.js';
import { nextClock } from './order.js';
import type { Judged } from './verdict.js';

/** What a message is judged by. */
export interface JudgingContext {
  /** A stored message that was looked up. */
  readonly known: (id: MessageId) => Known | undefined;
  /** Whether there is room for another one of this author. */
  readonly hasRoom: (author: PeerId, isNewLog: boolean, batch: Batch) => boolean;
}

/** Takes a message of a log that is not closed: it stands where it came. `own`: this data folder has written it. */
export function judgeLive(message: Message, batch: Batch, { known }: JudgingContext, own: boolean): void {
  const { id } = message;
  if (batch.has(id) || known(id)) return;
  const clock = ++batch.clock;
  batch.take({ message, clock, covers: own ? clock : 0, checked: true }, null, false);
}

/** Takes a message into the batch or says there why not. The invariants are those of `RoomLog`. */
export function judgeClosed(message: Message, batch: Batch, context: JudgingContext, own: boolean): void {
  const { id, header } = message;
  if (batch.has(id)) return;
  const log = logId(header);
  const stored = batch.log(log);
  const head = stored?.heads.find((each) => each.id === header.prev);
  if (!head && context.known(id)) return; // here already
  const find = (other: MessageId) => batch.find(other) ?? context.known(other);
  let prev: Known | undefined;
  if (header.prev) {
    prev = find(header.prev);
    if (!prev && head) prev = { log, seq: head.next - 1, clock: head.clock, covers: head.covers };
    if (!prev) {
      batch.gaps.add(log);
      return void batch.orphans.push(message); // Invariant 1
    }
    if (prev.log !== log || prev.seq !== header.seq - 1) return void batch.invalid++;
  }
  const below = prev ? [prev] : [];
  for (const parent of header.parents) {
    const known = find(parent);
    if (!known) return void batch.orphans.push(message); // Invariant 1
    below.push(known);
  }
  if (header.clock !== nextClock(below.map(({ clock }) => clock))) return void batch.invalid++; // Invariant 2
  if (!own && !context.hasRoom(header.author, stored === undefined, batch))
    return void batch.refused.add(log);
  const covers = own ? header.clock : Math.max(0, ...below.map((each) => each.covers));
  const forks = !head && stored !== undefined;
  batch.take({ message, clock: header.clock, covers, checked: true }, head ?? null, forks);
}

export interface ProvingOptions {
  isSigned: (message: Message) => boolean;
  /** Messages hold no hash of those before them that could prove these. */
  live: boolean;
}

/** Those that are signed, by themselves or by what follows them in their log (`RoomLog`, Invariant 3). */
export function proven(
  accepted: readonly Judged[],
  { isSigned, live }: ProvingOptions,
): { proven: Judged[]; unsigned: number } {
  const byHash = new Set<MessageId>();
  const good = new Set<MessageId>();
  const unchecked = new Set<MessageId>();
  let unsigned = 0;
  for (const { message } of accepted.toReversed()) {
    if (byHash.has(message.id)) unchecked.add(message.id);
    else if (!isSigned(message)) {
      unsigned++;
      continue;
    }
    good.add(message.id);
    if (message.header.prev && !live) byHash.add(message.header.prev);
  }
  const dropped = new Set<MessageId>();
  const kept: Judged[] = [];
  for (const judged of accepted) {
    const { id, header } = judged.message;
    const builds = header.prev ? [header.prev, ...header.parents] : header.parents;
    const stands = good.has(id) && (live || !builds.some((each) => dropped.has(each)));
    if (stands) kept.push(unchecked.has(id) ? { ...judged, checked: false } : judged);
    else dropped.add(id);
  }
  return { proven: kept, unsigned };
}
