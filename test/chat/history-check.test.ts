import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { HistoryCheck } from '../../src/chat/history-check.js';
import type { MessageId } from '../../src/chat/message.js';
import { SqliteChats } from '../../src/chat/sqlite-chats.js';
import { Database, damageMark } from '../../src/storage/database.js';
import { stored } from '../contract/chat-store.js';
import { ManualClock } from '../support/manual-clock.js';

const ROOM = '01'.repeat(32);
const TARGET = '0badcafe'.repeat(8) as MessageId;
/** More than is looked through at the start. */
const LARGE_BYTES = 5_000_000;

/** Looks at all of a history; whether it was found to be damaged. */
async function look(t: Test, file: string): Promise<boolean> {
  const database = new Database(file);
  t.teardown(() => database.close());
  await database.open();
  const check = new HistoryCheck(database, new ManualClock());
  try {
    while (await check.next());
  } catch {
    // It cannot be read there: that is found too.
  }
  check.close();
  await database.close();
  const isDamaged = existsSync(damageMark(file));
  rmSync(damageMark(file), { force: true });
  return isDamaged;
}

t.test('[S4] a long history is compared with its indices piece by piece', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const database = new Database(file);
  await database.open();
  await database.migrate('pad', ['CREATE TABLE chat_text_pad (bytes BLOB)']);
  await database.run('INSERT INTO chat_text_pad VALUES (zeroblob(?))', [LARGE_BYTES]);
  const store = await (await SqliteChats.load(database)).room(ROOM);
  const messages = [
    stored(1, { id: TARGET }),
    stored(2, { target: TARGET, flags: 0 }),
    ...Array.from({ length: 1_200 }, (_, i) => stored(i + 3)),
  ];
  const heads = [{ id: stored(1_202).id, clock: 1_202, next: 1_203, covers: 0 }];
  await store.apply({ messages, logs: [{ id: stored(1).log, heads, messages: messages.length }] });
  await database.close();
  t.equal(await look(t, file), false, 'as it was written');
  const whole = readFileSync(file);
  const places: number[] = [];
  const bytes = Buffer.from(TARGET, 'hex');
  for (let at = whole.indexOf(bytes); at >= 0; at = whole.indexOf(bytes, at + 1)) places.push(at);
  t.equal(places.length, 4, 'two rows and their entries in two indices');
  for (const at of places) {
    const flipped = Buffer.from(whole);
    flipped[at + 31] = 0xaa;
    writeFileSync(file, flipped);
    t.equal(await look(t, file), true, `byte ${at}`);
  }
});
