import { ChatterError } from '../errors.js';
import type { Storage } from '../storage/database.js';
import { storedJson } from '../storage/stored-json.js';
import type { Head } from './chat-store.js';
import { idBytes } from './message.js';
import type { Tip } from './order.js';

/**
 * Compares what is kept of histories beside their messages with these, since a disk that changes a byte tells nobody:
 * what does not agree would be lost without a word, as peers are told that it is here. Counts by an index alone.
 * Throws STORAGE_FAILED for a database that is to be mended, and marks it.
 */
export async function checkChats(storage: Storage): Promise<void> {
  if (await isSound(storage)) return;
  storage.damaged();
  throw new ChatterError('STORAGE_FAILED', { message: 'What is kept of a room does not agree with itself.' });
}

async function isSound(storage: Storage): Promise<boolean> {
  for (const { tips, settings } of await storage.all('SELECT tips, settings FROM chat_room')) {
    if (storedJson<object | null>(settings, null) === null) return false;
    if (!storedJson<Tip[] | null>(tips, null)?.every(isPlace)) return false;
  }
  const logs = await storage.all(
    `SELECT l.k, l.heads, l.messages, (SELECT count(*) FROM chat_message m WHERE m.log = l.k) AS stored
     FROM chat_log l`,
  );
  for (const { k, heads, messages, stored } of logs) {
    if (messages !== stored) return false;
    const all = storedJson<Head[] | null>(heads, null);
    if (!all) return false;
    for (const head of all) {
      if (!isPlace(head)) return false;
      const [row] = await storage.all('SELECT log, clock, seq FROM chat_message WHERE id = ?', [
        idBytes(head.id),
      ]);
      if (row?.log !== k || row?.clock !== head.clock || row?.seq !== head.next - 1) return false;
    }
  }
  return true;
}

const isPlace = ({ id, clock, covers }: Tip): boolean =>
  /^[0-9a-f]{64}$/.test(String(id)) && Number.isSafeInteger(clock) && Number.isSafeInteger(covers);
