import b4a from 'b4a';
import type { PeerId } from '../identity/peer-id.js';
import type { Value } from '../storage/database.js';
import { FLAG, type LeftOut, type PageQuery } from './chat-store.js';
import { DIRECT } from './chat-tables.js';
import { authorOf, idBytes, type LogId } from './message.js';

/** The keys of a room's logs, which are numbers of our own. */
type LogKeys = ReadonlyMap<LogId, number>;

export interface Conditions {
  /** Each begins with AND; `m` is the message. */
  readonly where: string;
  readonly params: readonly Value[];
  readonly order: string;
}

/** What a query says, as SQL: nothing of it but what is a number of our own stands in the text. */
export function conditions(query: PageQuery, logs: LogKeys): Conditions {
  const { before, after, since, author, mentionsMe, direct, without } = query;
  const parts: string[] = [];
  const params: Value[] = [];
  const add = (condition: string, ...values: Value[]) => {
    parts.push(`AND ${condition}`);
    params.push(...values);
  };
  // A bound on the clock alone too, since it is what the index has.
  if (before)
    add('m.clock <= ? AND (m.clock, m.id) < (?, ?)', before.clock, before.clock, idBytes(before.id));
  if (after) add('m.clock >= ? AND (m.clock, m.id) > (?, ?)', after.clock, after.clock, idBytes(after.id));
  if (since !== undefined) add('m.sent >= ?', since);
  if (author !== undefined)
    add('m.log IN (SELECT k FROM chat_log WHERE substr(id, 1, 32) = ?)', b4a.from(author, 'hex'));
  if (direct) add(`m.kind = ${DIRECT}`);
  if (mentionsMe) add(`m.flags & ${FLAG.mentionsMe}`);
  const direction = after ? '' : ' DESC';
  parts.push(leavingOut(without, logs));
  return { where: parts.join(' '), params, order: `m.clock${direction}, m.id${direction}` };
}

/** The condition that leaves out these people's messages, or their direct ones; empty if there are none. */
export function leavingOut(without: LeftOut | undefined, logs: LogKeys): string {
  const keys = (people: readonly PeerId[] = []) =>
    [...logs].filter(([log]) => people.includes(authorOf(log))).map(([, key]) => key);
  const [all, direct] = [keys(without?.authors), keys(without?.direct)];
  return (
    (all.length > 0 ? `AND m.log NOT IN (${all.join(', ')}) ` : '') +
    (direct.length > 0 ? `AND NOT (m.kind = ${DIRECT} AND m.log IN (${direct.join(', ')}))` : '')
  );
}
