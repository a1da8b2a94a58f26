import t from 'tap';
import { FLAG } from '../../src/chat/chat-store.js';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { Unread } from '../../src/chat/unread.js';
import type { PeerId } from '../../src/identity/peer-id.js';
import { stored } from '../contract/chat-store.js';

const author = (n: number) => n.toString(16).padStart(64, 'a') as PeerId;
/** Each by somebody else, so that any may come before any. */
const said = (n: number, flags: number = FLAG.shown) => stored(n, { author: author(n), flags });

/** What came in this order, of which nothing was read. */
async function came(...messages: ReturnType<typeof said>[]): Promise<Unread> {
  const store = new MemoryChatStore();
  await store.apply({ messages });
  const unread = new Unread(
    store,
    () => ({ authors: [], direct: [] }),
    () => {},
  );
  unread.load({ counts: await store.counts(0), readRow: 0 });
  return unread;
}

t.test('what came late and stands before what was read last is read with it', async (t) => {
  const unread = await came(said(7), said(3));
  t.equal(unread.counts.unread, 2);
  await unread.readTo(said(7));
  t.equal(unread.counts.unread, 0);
});

t.test('what stands further down stays unread, though it came before', async (t) => {
  const unread = await came(said(7), said(9), said(3));
  await unread.readTo(said(7));
  t.equal(unread.counts.unread, 2, 'one row tells what was read: what came after it is counted with it');
  await unread.readTo(said(9));
  t.equal(unread.counts.unread, 0, 'and no longer');
  await unread.readTo(said(3));
  t.equal(unread.counts.unread, 0, 'what was read stays read');
});

t.test('one’s own messages hold nothing back', async (t) => {
  const unread = await came(said(7), said(8, FLAG.shown | FLAG.mine), said(3));
  await unread.readTo(said(7));
  t.equal(unread.counts.unread, 0);
});
