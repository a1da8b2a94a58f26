import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Row, Statement, Storage, Value } from '../storage/database.js';
import {
  type Authored,
  BESIDE_BYTES,
  byAuthor,
  type Change,
  type ChatStore,
  type Counts,
  type DirectSender,
  FLAG,
  type Head,
  type Known,
  type LeftOut,
  type PageQuery,
  ROOM_SETTINGS,
  type RoomSettings,
  type SearchQuery,
  type Size,
  type StoredLog,
  type StoredMessage,
  type StoredRoom,
} from './chat-store.js';
import { COLUMNS, DIRECT, FROM, logOf, REACT, storedMessage } from './chat-tables.js';
import { authorOf, idBytes, type LogId, logBytes, type MessageId, messageId } from './message.js';
import type { Place, Tip } from './order.js';
import { conditions, leavingOut } from './page-conditions.js';
import { ftsQuery } from './search-terms.js';
import type { TextIndex } from './text-index.js';

/** Ids in one statement; fewer are padded, so that there is one statement. */
const IDS = 32;
const IN = `(${Array(IDS).fill('?').join(', ')})`;
const NO_ID = b4a.alloc(0);
/** Rows that one look for unread messages passes over. */
const COUNTED_ROWS = 10_000;

/** The history of one room in the data folder's database. */
export class SqliteChatStore implements ChatStore {
  readonly #storage: Storage;
  readonly #room: number;
  readonly #nextRow: () => number;
  readonly #texts: TextIndex;
  readonly #logKeys = new Map<LogId, number>();

  constructor(storage: Storage, room: number, texts: TextIndex, nextRow: () => number) {
    this.#storage = storage;
    this.#room = room;
    this.#nextRow = nextRow;
    this.#texts = texts;
  }

  async load(): Promise<StoredRoom> {
    const [room] = await this.#storage.all('SELECT * FROM chat_room WHERE k = ?', [this.#room]);
    const logs: StoredLog[] = [];
    for (const row of await this.#storage.all('SELECT * FROM chat_log WHERE room = ?', [this.#room])) {
      const id = b4a.toString(row.id as Uint8Array, 'hex') as LogId;
      this.#logKeys.set(id, Number(row.k));
      // A log is there before its first message is: see `#keysOf`.
      if (Number(row.messages) > 0)
        logs.push({ id, heads: JSON.parse(String(row.heads)) as Head[], messages: Number(row.messages) });
    }
    const receipts = await this.#storage.all(
      'SELECT CAST(member AS BLOB) AS member, bytes, signature FROM chat_receipt WHERE room = ?',
      [this.#room],
    );
    const dangling = await this.#storage.all(
      `SELECT DISTINCT CAST(m.target AS BLOB) AS target FROM chat_message m
       WHERE m.target IS NOT NULL AND m.room = ? AND m.flags & ${FLAG.dangling}
         AND NOT EXISTS (SELECT 1 FROM chat_message t WHERE t.id = m.target) LIMIT ?`,
      [this.#room, LIMITS.chatHeldMessages],
    );
    return {
      logs,
      tips: JSON.parse(String(room?.tips)) as Tip[],
      counts: { unread: Number(room?.unread), mentions: Number(room?.mentions) },
      readRow: Number(room?.read_row),
      receipts: receipts.map(({ member, bytes, signature }) => ({
        member: b4a.toString(member as Uint8Array) as PeerId,
        bytes: bytes as Uint8Array,
        signature: signature as Uint8Array,
      })),
      settings: { ...ROOM_SETTINGS, ...(JSON.parse(String(room?.settings)) as Partial<RoomSettings>) },
      dangling: dangling.map(({ target }) => messageId(target as Uint8Array)),
    };
  }

  async apply(change: Change): Promise<void> {
    const { messages = [], logs = [], bodies = [], receipts = [], receiptsGone = [] } = change;
    const { tips, counts, readRow } = change;
    await this.#keysOf(logs);
    const rows = messages.map(() => this.#nextRow());
    await this.#texts.extend(rows);
    const batch: Statement[] = [];
    for (const [i, message] of messages.entries()) {
      const row = rows[i] as number;
      batch.push([
        'INSERT INTO chat_message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [
          row,
          idBytes(message.id),
          this.#room,
          this.#logKeys.get(message.log) as number,
          message.seq,
          message.clock,
          message.covers,
          message.kind,
          message.flags,
          message.sent,
          message.target && idBytes(message.target),
          message.headerBytes,
          message.signature,
          message.body,
        ],
      ]);
      if (message.text !== null) batch.push(this.#texts.add(row, message.text));
    }
    for (const { row, body, flags, was, text } of bodies) {
      if (was !== text && was !== null) batch.push(this.#texts.remove(row, was));
      if (was !== text && text !== null) batch.push(this.#texts.add(row, text));
      if (body === undefined) batch.push(['UPDATE chat_message SET flags = ? WHERE k = ?', [flags, row]]);
      else batch.push(['UPDATE chat_message SET flags = ?, body = ? WHERE k = ?', [flags, body, row]]);
    }
    for (const { id, heads, messages: count } of logs) {
      const key = this.#logKeys.get(id) as number;
      batch.push([
        'UPDATE chat_log SET heads = ?, messages = ? WHERE k = ?',
        [JSON.stringify(heads), count, key],
      ]);
    }
    for (const member of receiptsGone)
      batch.push(['DELETE FROM chat_receipt WHERE room = ? AND member = ?', [this.#room, member]]);
    for (const { member, bytes, signature } of receipts)
      batch.push([
        'INSERT OR REPLACE INTO chat_receipt VALUES (?, ?, ?, ?)',
        [this.#room, member, bytes, signature],
      ]);
    if (tips) batch.push(['UPDATE chat_room SET tips = ? WHERE k = ?', [JSON.stringify(tips), this.#room]]);
    if (counts)
      batch.push([
        'UPDATE chat_room SET unread = ?, mentions = ? WHERE k = ?',
        [counts.unread, counts.mentions, this.#room],
      ]);
    if (readRow !== undefined)
      batch.push(['UPDATE chat_room SET read_row = ? WHERE k = ?', [readRow, this.#room]]);
    await this.#storage.batch(batch);
  }

  async known(ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
    const known = new Map<MessageId, Known>();
    const sql = `SELECT CAST(m.id AS BLOB) AS id, l.id AS log, m.seq, m.clock, m.covers ${FROM} WHERE m.id IN ${IN} AND m.room = ?`;
    for (const row of await this.#among(sql, ids)) {
      known.set(messageId(row.id as Uint8Array), {
        log: logOf(row),
        seq: Number(row.seq),
        clock: Number(row.clock),
        covers: Number(row.covers),
      });
    }
    return known;
  }

  async get(ids: readonly MessageId[]): Promise<StoredMessage[]> {
    const rows = await this.#among(`SELECT ${COLUMNS} ${FROM} WHERE m.id IN ${IN} AND m.room = ?`, ids);
    const found = new Map(this.#messages(rows).map((message) => [message.id, message]));
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async beginning(digits: string): Promise<StoredMessage[]> {
    const even = digits.slice(0, digits.length & ~1);
    const [from, to] = [b4a.from(even, 'hex'), b4a.from(even.padEnd(64, 'f'), 'hex')];
    const rows = await this.#storage.all(
      `SELECT ${COLUMNS} ${FROM} WHERE m.id >= ? AND m.id <= ? AND m.room = ? LIMIT 64`,
      [from, to, this.#room],
    );
    return this.#messages(rows)
      .filter(({ id }) => id.startsWith(digits))
      .slice(0, 2);
  }

  async ofLog(
    log: LogId,
    after: Pick<StoredMessage, 'seq' | 'row'>,
    limit: number,
  ): Promise<StoredMessage[]> {
    const key = this.#logKeys.get(log);
    if (key === undefined) return [];
    const rows = await this.#storage.all(
      `SELECT ${COLUMNS} ${FROM} WHERE m.log = ? AND m.seq >= ? AND (m.seq, m.k) > (?, ?)
       ORDER BY m.seq, m.k LIMIT ?`,
      [key, after.seq, after.seq, after.row, limit],
    );
    return this.#messages(rows);
  }

  async about(targets: readonly MessageId[]): Promise<StoredMessage[]> {
    const rows = await this.#among(
      `SELECT ${COLUMNS} ${FROM} WHERE m.target IN ${IN} AND m.room = ?`,
      targets,
    );
    return this.#messages(rows);
  }

  async changes(of: readonly Authored[]): Promise<StoredMessage[]> {
    const rows: Row[] = [];
    for (let i = 0; i < of.length; i += IDS) {
      const some = of.slice(i, i + IDS);
      const padded = (ids: Value[]): Value[] => [...ids, ...Array<Value>(IDS - ids.length).fill(NO_ID)];
      rows.push(
        ...(await this.#storage.all(
          `SELECT ${COLUMNS} ${FROM} WHERE m.target IN ${IN} AND substr(l.id, 1, 32) IN ${IN} AND m.kind <> ${REACT} AND m.room = ?`,
          [
            ...padded(some.map(({ id }) => idBytes(id))),
            ...padded(some.map(({ author }) => b4a.from(author, 'hex'))),
            this.#room,
          ],
        )),
      );
    }
    return this.#messages(rows);
  }

  async page(query: PageQuery): Promise<StoredMessage[]> {
    const { where, params, order } = conditions(query, this.#logKeys);
    const rows = await this.#storage.all(
      `SELECT ${COLUMNS} ${FROM} WHERE m.room = ? AND m.flags & ${FLAG.shown} ${where} ORDER BY ${order} LIMIT ?`,
      [this.#room, ...params, query.limit],
    );
    return this.#messages(rows);
  }

  async search(
    typed: string,
    { beforeRow = Number.MAX_SAFE_INTEGER, limit, since, author, without }: SearchQuery,
  ): Promise<StoredMessage[]> {
    const match = ftsQuery(typed);
    if (!match) return [];
    const { where, params } = conditions({ since, author, limit, without }, this.#logKeys);
    const found: Row[] = [];
    for (const texts of this.#texts.newestFirst(beforeRow)) {
      if (found.length >= limit) break;
      found.push(
        ...(await this.#storage.all(
          `SELECT ${COLUMNS} FROM ${texts} f JOIN chat_message m ON m.k = f.rowid JOIN chat_log l ON l.k = m.log
           WHERE ${texts} MATCH ? AND f.rowid < ? ${where} ORDER BY f.rowid DESC LIMIT ?`,
          [match, beforeRow, ...params, limit - found.length],
        )),
      );
    }
    return this.#messages(found);
  }

  async expired(before: number, limit: number): Promise<StoredMessage[]> {
    const rows = await this.#storage.all(
      `SELECT ${COLUMNS} ${FROM} WHERE m.room = ? AND m.flags & ${FLAG.shown} AND m.body IS NOT NULL AND m.sent < ?
       ORDER BY m.clock LIMIT ?`,
      [this.#room, before, limit],
    );
    return this.#messages(rows);
  }

  async bodiless(limit: number): Promise<MessageId[]> {
    const rows = await this.#storage.all(
      `SELECT CAST(id AS BLOB) AS id FROM chat_message WHERE room = ? AND body IS NULL AND NOT flags & ${FLAG.erased | FLAG.expired}
       ORDER BY k DESC LIMIT ?`,
      [this.#room, limit],
    );
    return rows.map(({ id }) => messageId(id as Uint8Array));
  }

  async newestRow(): Promise<number> {
    const [row] = await this.#storage.all('SELECT max(k) AS k FROM chat_message', []);
    return Number(row?.k ?? 0);
  }

  async counts(afterRow: number, without?: LeftOut): Promise<Counts> {
    const [row] = await this.#storage.all(
      `SELECT count(*) AS unread, count(nullif(flags & ${FLAG.mentionsMe}, 0)) AS mentions FROM (
         SELECT flags, room, kind, log FROM chat_message WHERE k > ? LIMIT ${COUNTED_ROWS}) m
       WHERE room = ? AND flags & ${FLAG.shown} AND NOT flags & ${FLAG.mine | FLAG.erased} ${leavingOut(without, this.#logKeys)}`,
      [afterRow, this.#room],
    );
    return { unread: Number(row?.unread), mentions: Number(row?.mentions) };
  }

  async firstBeyond(afterRow: number, after: Place, without?: LeftOut): Promise<number | null> {
    const { where, params } = conditions({ after, without, limit: 1 }, this.#logKeys);
    const [row] = await this.#storage.all(
      `SELECT m.k FROM chat_message m
       WHERE m.room = ? AND m.k > ? AND m.flags & ${FLAG.shown} AND NOT m.flags & ${FLAG.mine | FLAG.erased} ${where}
       ORDER BY m.k LIMIT 1`,
      [this.#room, afterRow, ...params],
    );
    return row ? Number(row.k) : null;
  }

  async directSenders(): Promise<DirectSender[]> {
    const rows = await this.#storage.all(
      `SELECT l.id AS log, count(*) AS messages, max(m.k) AS newest, CAST(m.id AS BLOB) AS last ${FROM}
       WHERE m.room = ? AND m.kind = ${DIRECT} AND m.flags & ${FLAG.shown} AND NOT m.flags & ${FLAG.mine} GROUP BY l.k
       ORDER BY newest`,
      [this.#room],
    );
    return byAuthor(
      rows.map((row) => ({
        author: authorOf(logOf(row)),
        messages: Number(row.messages),
        last: messageId(row.last as Uint8Array),
      })),
    );
  }

  async authors(): Promise<{ author: PeerId; sent: number }[]> {
    const rows = await this.#storage.all(
      `SELECT l.id AS log, (SELECT m.sent FROM chat_message m WHERE m.log = l.k ORDER BY m.seq DESC LIMIT 1) AS sent
       FROM chat_log l WHERE l.room = ? AND l.messages > 0`,
      [this.#room],
    );
    const last = new Map<PeerId, number>();
    for (const row of rows) {
      const author = authorOf(logOf(row));
      last.set(author, Math.max(last.get(author) ?? 0, Number(row.sent)));
    }
    return [...last].map(([author, sent]) => ({ author, sent }));
  }

  async size(): Promise<Size> {
    const [row] = await this.#storage.all(
      `SELECT count(*) AS messages, sum(length(header) + ${BESIDE_BYTES} + coalesce(length(body), 0)) AS bytes, min(sent) AS oldest
       FROM chat_message WHERE room = ?`,
      [this.#room],
    );
    return {
      messages: Number(row?.messages),
      bytes: Number(row?.bytes ?? 0),
      oldest: row?.oldest === null ? null : Number(row?.oldest),
    };
  }

  async configure(settings: RoomSettings): Promise<void> {
    await this.#storage.run('UPDATE chat_room SET settings = ? WHERE k = ?', [
      JSON.stringify(settings),
      this.#room,
    ]);
  }

  scrub(): Promise<void> {
    return this.#storage.scrub();
  }

  damaged(): void {
    this.#storage.damaged();
  }

  async forget(): Promise<number> {
    const { messages } = await this.size();
    await this.#storage.batch([
      ...this.#texts.forget(),
      ['DELETE FROM chat_message WHERE room = ?', [this.#room]],
      ['DELETE FROM chat_log WHERE room = ?', [this.#room]],
      ['DELETE FROM chat_receipt WHERE room = ?', [this.#room]],
      ['DELETE FROM chat_room WHERE k = ?', [this.#room]],
    ]);
    this.#logKeys.clear();
    return messages;
  }

  /** Throws STORAGE_FAILED where the disk has made something else of what was stored. */
  #messages(rows: readonly Row[]): StoredMessage[] {
    try {
      return rows.map(storedMessage);
    } catch (cause) {
      this.#storage.damaged();
      throw new ChatterError('STORAGE_FAILED', { cause });
    }
  }

  /** Rows of logs that are new: their keys are needed for what is stored next. */
  async #keysOf(logs: readonly StoredLog[]): Promise<void> {
    const fresh = logs.filter(({ id }) => !this.#logKeys.has(id));
    if (fresh.length === 0) return;
    await this.#storage.batch(
      fresh.map(
        ({ id }): Statement => [
          'INSERT INTO chat_log (room, id, heads, messages) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
          [this.#room, logBytes(id), '[]'],
        ],
      ),
    );
    for (const { id } of fresh) {
      const [row] = await this.#storage.all('SELECT k FROM chat_log WHERE room = ? AND id = ?', [
        this.#room,
        logBytes(id),
      ]);
      this.#logKeys.set(id, Number(row?.k));
    }
  }

  async #among(sql: string, ids: readonly MessageId[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (let i = 0; i < ids.length; i += IDS) {
      const some: Value[] = ids.slice(i, i + IDS).map(idBytes);
      while (some.length < IDS) some.push(NO_ID);
      rows.push(...(await this.#storage.all(sql, [...some, this.#room])));
    }
    return rows;
  }
}
