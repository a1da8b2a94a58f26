import b4a from 'b4a';
import type { Row } from '../storage/database.js';
import { FLAG, type StoredMessage } from './chat-store.js';
import { kindNumber } from './content.js';
import { authorOf, type LogId, messageId } from './message.js';

/** The kind of direct messages, as a number of our own that may stand in SQL. */
export const DIRECT = kindNumber('direct');

/** The kind of reactions, likewise. */
export const REACT = kindNumber('react');

/** Brings the tables of chat into being, a step for each version of them. */
export const STEPS = [
  `CREATE TABLE chat_room (
     k INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tips TEXT NOT NULL, settings TEXT NOT NULL,
     read_row INTEGER NOT NULL, unread INTEGER NOT NULL, mentions INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE chat_log (
     k INTEGER PRIMARY KEY, room INTEGER NOT NULL, id BLOB NOT NULL, heads TEXT NOT NULL, messages INTEGER NOT NULL,
     UNIQUE (room, id)
   ) STRICT;
   CREATE TABLE chat_message (
     k INTEGER PRIMARY KEY, id BLOB NOT NULL, room INTEGER NOT NULL, log INTEGER NOT NULL, seq INTEGER NOT NULL,
     clock INTEGER NOT NULL, covers INTEGER NOT NULL, kind INTEGER NOT NULL, flags INTEGER NOT NULL,
     sent INTEGER NOT NULL, target BLOB, header BLOB NOT NULL, signature BLOB NOT NULL, body BLOB
   ) STRICT;
   CREATE UNIQUE INDEX chat_message_id ON chat_message (id);
   CREATE INDEX chat_message_log ON chat_message (log, seq);
   CREATE INDEX chat_message_shown ON chat_message (room, clock) WHERE flags & ${FLAG.shown};
   CREATE INDEX chat_message_target ON chat_message (target) WHERE target IS NOT NULL;
   CREATE TABLE chat_receipt (
     room INTEGER NOT NULL, member TEXT NOT NULL, bytes BLOB NOT NULL, signature BLOB NOT NULL,
     PRIMARY KEY (room, member)
   ) STRICT`,
  `CREATE INDEX chat_message_direct ON chat_message (room) WHERE kind = ${DIRECT}`,
  // What there is of a room's index becomes its first part: see TextIndex.
  `CREATE TABLE chat_words (room INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (room, since)) STRICT;
   INSERT INTO chat_words SELECT k, 0 FROM chat_room`,
];

/** Bytes, whatever the disk has made of them: a text that is none would end the process (see `hasBrokenTexts`). */
const bytes = (...columns: string[]) => columns.map((it) => `CAST(m.${it} AS BLOB) AS ${it}`).join(', ');

/** What `storedMessage` is made of, and where it stands. */
export const COLUMNS = `m.k, l.id AS log, m.seq, m.clock, m.covers, m.kind, m.flags, m.sent,
  ${bytes('id', 'target', 'header', 'signature', 'body')}`;
export const FROM = 'FROM chat_message m JOIN chat_log l ON l.k = m.log';

export const logOf = (row: Row): LogId => b4a.toString(row.log as Uint8Array, 'hex') as LogId;

/** The message of a row of COLUMNS. */
export function storedMessage(row: Row): StoredMessage {
  const log = logOf(row);
  return {
    row: Number(row.k),
    id: messageId(row.id as Uint8Array),
    log,
    author: authorOf(log),
    seq: Number(row.seq),
    clock: Number(row.clock),
    covers: Number(row.covers),
    kind: Number(row.kind),
    flags: Number(row.flags),
    sent: Number(row.sent),
    target: row.target ? messageId(row.target as Uint8Array) : null,
    headerBytes: row.header as Uint8Array,
    signature: row.signature as Uint8Array,
    body: (row.body as Uint8Array | null) ?? null,
  };
}
