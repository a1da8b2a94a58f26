import b4a from 'b4a';
import fc from 'fast-check';
import type { Test } from 'tap';
import {
  type ChatStore,
  FLAG,
  type NewMessage,
  type PageQuery,
  ROOM_SETTINGS,
  type StoredMessage,
} from '../../src/chat/chat-store.js';
import { KINDS, type LogId, logId, type MessageId } from '../../src/chat/message.js';
import { compare } from '../../src/chat/order.js';
import type { PeerId } from '../../src/identity/peer-id.js';

/** A store under test; `again` gives it as the next process finds it. */
interface StoreUnderTest {
  store: ChatStore;
  again?: () => Promise<ChatStore>;
}

export type MakeStore = (t: Test) => Promise<StoreUnderTest>;

/** Tests of everybody's work must not fail by luck: another seed is tried by `SEED=`. */
const SEED = Number(process.env.SEED ?? 1);

const SHOWN = FLAG.shown;
const id = (n: number) => n.toString(16).padStart(64, '0') as MessageId;
const author = (n: number) => n.toString(16).padStart(64, 'a') as PeerId;
const log = (n: number, writer = 0): LogId =>
  logId({ author: author(n), writer: writer.toString(16).padStart(12, '0') });
const kind = (name: (typeof KINDS)[number]) => KINDS.indexOf(name);

/** A message that is like this; it is whole otherwise. */
export function stored(n: number, change: Partial<NewMessage> = {}): NewMessage {
  const by = change.author ?? author(1);
  return {
    id: id(n),
    log: logId({ author: by, writer: '00'.repeat(6) }),
    author: by,
    seq: n,
    clock: n,
    covers: 0,
    kind: kind('text'),
    flags: SHOWN,
    sent: 1_000 * n,
    target: null,
    headerBytes: b4a.from([1, n]),
    signature: b4a.alloc(64, n),
    body: b4a.from([2, n]),
    text: `text ${n}`,
    ...change,
  };
}

/** The logs that these messages make. */
const logsOf = (messages: readonly NewMessage[]) =>
  [...new Set(messages.map((each) => each.log))].map((of) => {
    const own = messages.filter((each) => each.log === of);
    const last = own.at(-1) as NewMessage;
    return {
      id: of,
      heads: [{ id: last.id, clock: last.clock, next: last.seq + 1, covers: last.covers }],
      messages: own.length,
    };
  });

const put = (store: ChatStore, ...messages: NewMessage[]) =>
  store.apply({ messages, logs: logsOf(messages) });
const numbers = (messages: readonly StoredMessage[]) => messages.map((each) => Number.parseInt(each.id, 16));
const ALL = { limit: 1_000 };

/** What every `ChatStore` must do. */
export function chatStoreContract(t: Test, name: string, make: MakeStore): void {
  t.test(`${name}: an empty one has nothing`, async (t) => {
    const { store } = await make(t);
    t.same(await store.load(), {
      logs: [],
      tips: [],
      counts: { unread: 0, mentions: 0 },
      readRow: 0,
      receipts: [],
      settings: ROOM_SETTINGS,
      dangling: [],
    });
    t.same(await store.page(ALL), []);
    t.same(await store.get([id(1)]), []);
    t.equal((await store.known([id(1)])).size, 0);
    t.same(await store.ofLog(log(1), { seq: -1, row: 0 }, 9), []);
    t.match(await store.size(), { messages: 0, bytes: 0, oldest: null });
    t.equal(await store.forget(), 0);
  });

  t.test(`${name}: what was applied is there, whole and as it was`, async (t) => {
    const { store, again } = await make(t);
    const messages = [
      stored(1),
      stored(2, {
        author: author(2),
        flags: SHOWN | FLAG.mine | FLAG.clockOff,
        covers: 2,
        body: null,
        text: null,
      }),
      stored(3, { target: id(9), kind: kind('react'), flags: FLAG.dangling, text: null }),
    ];
    const receipt = { member: author(2), bytes: b4a.from([7]), signature: b4a.alloc(64, 7) };
    const settings = {
      ...ROOM_SETTINGS,
      reads: false,
      draft: { text: 'da', replyTo: id(1) },
      direct: { [author(2)]: true },
    };
    const tips = [{ clock: 3, id: id(3), covers: 2 }];
    const counts = { unread: 4, mentions: 2 };
    await store.apply({ messages, logs: logsOf(messages), tips, counts, readRow: 2, receipts: [receipt] });
    await store.configure(settings);
    const look = async (at: ChatStore) => {
      const whole = await at.load();
      t.same(
        whole.logs.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        logsOf(messages),
      );
      t.same([whole.tips, whole.counts, whole.readRow, whole.settings], [tips, counts, 2, settings]);
      t.same(whole.dangling, [id(9)], 'what is spoken of and is not here');
      t.same(
        whole.receipts.map(({ member }) => member),
        [author(2)],
      );
      t.ok(
        whole.receipts.every(
          ({ bytes, signature }) =>
            b4a.equals(bytes, receipt.bytes) && b4a.equals(signature, receipt.signature),
        ),
      );
      const got = await at.get([id(3), id(8), id(1), id(2)]);
      t.same(numbers(got), [3, 1, 2], 'in the order asked for, without what is not here');
      for (const { row, headerBytes, signature, body, ...rest } of got) {
        const {
          text,
          headerBytes: header,
          signature: signed,
          body: said,
          ...sought
        } = messages.find((each) => each.id === rest.id) as NewMessage;
        t.same(rest, sought, `${row}: ${text}`);
        t.ok(b4a.equals(headerBytes, header) && b4a.equals(signature, signed), 'to the byte');
        t.ok(said ? body && b4a.equals(body, said) : body === null, 'with its body');
      }
      t.same(
        [...(await at.known([id(2), id(8)])).values()].map(({ seq, clock, covers }) => [seq, clock, covers]),
        [[2, 2, 2]],
      );
    };
    await look(store);
    if (again) await look(await again());
  });

  t.test(`${name}: a change is done as a whole or not at all`, async (t) => {
    const { store } = await make(t);
    await put(store, stored(1), stored(2));
    await t.rejects(
      store.apply({ messages: [stored(3), stored(2)], counts: { unread: 9, mentions: 9 }, tips: [] }),
      'a message that is here already',
    );
    t.same(numbers(await store.page(ALL)), [2, 1]);
    t.same((await store.load()).counts, { unread: 0, mentions: 0 });
    await put(store, stored(3));
    t.same(numbers(await store.search('text', ALL)), [3, 2, 1], 'and is found once');
  });

  t.test(`${name}: a log is read from any place on, with all its branches`, async (t) => {
    const { store } = await make(t);
    const fork = stored(10, { seq: 2, clock: 2 });
    await put(store, stored(1), stored(2), stored(3), stored(20, { author: author(2), seq: 1 }));
    await put(store, fork, stored(11, { seq: 3 }));
    const all = await store.ofLog(log(1), { seq: -1, row: 0 }, 99);
    t.same(numbers(all), [1, 2, 10, 3, 11], 'by place, then by arrival');
    for (let size = 1; size <= 6; size++) {
      const pages: StoredMessage[] = [];
      for (let after: { seq: number; row: number } | undefined = { seq: -1, row: 0 }; after; ) {
        const page: StoredMessage[] = await store.ofLog(log(1), after, size);
        pages.push(...page);
        after = page.at(-1);
      }
      t.same(numbers(pages), numbers(all), `${size} at a time`);
    }
    t.same(numbers(await store.ofLog(log(1), { seq: 2, row: Number.MAX_SAFE_INTEGER }, 9)), [3, 11]);
  });

  t.test(`${name}: pages are those of a list in the order of the room`, async (t) => {
    const place = fc.record({
      clock: fc.integer({ min: 0, max: 9 }),
      id: fc.integer({ min: 0, max: 30 }).map(id),
    });
    const query: fc.Arbitrary<PageQuery> = fc.record(
      {
        before: place,
        after: place,
        since: fc.integer({ min: 0, max: 9 }),
        author: fc.integer({ min: 1, max: 3 }).map(author),
        mentionsMe: fc.boolean(),
        direct: fc.boolean(),
        limit: fc.integer({ min: 1, max: 12 }),
      },
      { requiredKeys: ['limit'] },
    );
    const one = fc.record({
      n: fc.integer({ min: 1, max: 29 }),
      clock: fc.integer({ min: 1, max: 8 }),
      by: fc.integer({ min: 1, max: 3 }),
      writer: fc.integer({ min: 0, max: 1 }),
      sent: fc.integer({ min: 0, max: 9 }),
      flags: fc.integer({ min: 0, max: 7 }),
      kind: fc.constantFrom(kind('text'), kind('direct')),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(one, { selector: ({ n }) => n, maxLength: 20 }),
        fc.array(query, { minLength: 1, maxLength: 8 }),
        async (list, queries) => {
          const { store } = await make(t);
          const messages = list.map(({ n, by, writer, ...rest }, seq) =>
            stored(n, { ...rest, seq, author: author(by), log: log(by, writer) }),
          );
          await put(store, ...messages);
          for (const query of queries) {
            const { before, after, since = 0, author: by, mentionsMe, direct, limit } = query;
            const fits = messages.filter(
              (each) =>
                each.flags & SHOWN &&
                (!before || compare(each, before) < 0) &&
                (!after || compare(each, after) > 0) &&
                each.sent >= since &&
                (!by || each.author === by) &&
                (!mentionsMe || each.flags & FLAG.mentionsMe) &&
                (!direct || each.kind === kind('direct')),
            );
            const sorted = fits.toSorted(after ? compare : (a, b) => compare(b, a)).slice(0, limit);
            const seen = numbers(await store.page(query));
            const sought = sorted.map((each) => Number.parseInt(each.id, 16));
            if (String(seen) !== String(sought)) throw new Error(`${seen} in place of ${sought}`);
          }
          const sizes = await store.size();
          if (sizes.messages !== messages.length) throw new Error(`it counts ${sizes.messages}`);
        },
      ),
      { numRuns: 25, seed: SEED },
    );
    t.pass();
  });

  t.test(`${name}: the first digits of an id are enough where there is one`, async (t) => {
    const { store } = await make(t);
    await put(store, stored(0xa1), stored(0xa2), stored(0xb1));
    t.same(numbers(await store.beginning(id(0xa1))), [0xa1]);
    t.equal((await store.beginning(id(0xa1).slice(0, -1))).length, 2, 'an odd number of digits');
    t.equal((await store.beginning('00000000')).length, 2, 'two are enough to know');
    t.same(await store.beginning('f'.repeat(8)), []);
  });

  t.test(`${name}: texts are found by their words, the latest first, until they are gone`, async (t) => {
    const { store } = await make(t);
    await put(
      store,
      stored(1, { text: 'crème brûlée' }),
      stored(2, { text: 'a brulee for two', author: author(2) }),
      stored(3, { text: null, flags: 0 }),
    );
    const found = async (typed: string, more = {}) => numbers(await store.search(typed, { ...ALL, ...more }));
    t.same(await found('brul'), [2, 1]);
    t.same(await found('brul creme'), [1], 'all words');
    t.same(await found('brul', { author: author(2) }), [2]);
    t.same(await found('brul', { since: 2_000 }), [2]);
    t.same(await found('brul', { limit: 1 }), [2]);
    const [second] = await store.get([id(2)]);
    t.same(await found('brul', { beforeRow: second?.row }), [1]);
    t.same(await found(''), []);
    const [first] = await store.get([id(1)]);
    const { row } = first as StoredMessage;
    await store.apply({
      bodies: [{ id: id(1), row, flags: SHOWN, was: 'crème brûlée', text: 'plain rice' }],
    });
    t.same(await found('brul'), [2], 'the old text is not found');
    t.same(await found('rice'), [1], 'the new one is');
    t.ok((await store.get([id(1)]))[0]?.body, 'the body stays');
    await store.apply({
      bodies: [{ id: id(1), row, body: null, flags: SHOWN | FLAG.erased, was: 'plain rice', text: null }],
    });
    await store.scrub();
    t.same(await found('rice'), []);
    t.match(await store.get([id(1)]), [{ body: null, flags: SHOWN | FLAG.erased }]);
  });

  t.test(`${name}: what is about a message, what is old, what lacks a body, who wrote`, async (t) => {
    const { store } = await make(t);
    await put(
      store,
      stored(1),
      stored(2, { target: id(1), kind: kind('edit'), flags: 0, text: null }),
      stored(3, { target: id(1), kind: kind('react'), flags: 0, text: null, author: author(2) }),
      stored(4, { body: null }),
      stored(5, { body: null, flags: SHOWN | FLAG.erased }),
      stored(6, { body: null, flags: SHOWN | FLAG.expired }),
      stored(7, { body: null, author: author(2), flags: SHOWN | FLAG.mentionsMe }),
      stored(8, { author: author(2), flags: SHOWN | FLAG.mine, clock: 1 }),
    );
    t.same(new Set(numbers(await store.about([id(1), id(2)]))), new Set([2, 3]));
    t.same(await store.about([]), []);
    t.same(numbers(await store.expired(9_000, 9)), [1, 8], 'shown ones with a body, oldest first');
    t.same(numbers(await store.expired(8_000, 9)), [1], 'sent before');
    t.same(
      (await store.bodiless(9)).map((each) => Number.parseInt(each, 16)),
      [7, 4],
      'newest first',
    );
    t.equal((await store.bodiless(1)).length, 1);
    t.same(
      new Map((await store.authors()).map(({ author, sent }) => [author, sent])),
      new Map([
        [author(1), 6_000],
        [author(2), 8_000],
      ]),
    );
    const row = await store.newestRow();
    const [last] = await store.get([id(8)]);
    t.equal(row, last?.row);
    t.same(await store.counts(0), { unread: 4, mentions: 1 }, 'shown ones of others that are not deleted');
    const [fourth] = await store.get([id(4)]);
    t.same(await store.counts(fourth?.row as number), { unread: 2, mentions: 1 });
    t.same(await store.counts(row), { unread: 0, mentions: 0 });
    t.equal(await store.firstBeyond(0, { clock: 4, id: id(4) }), (await store.get([id(6)]))[0]?.row);
    t.equal(await store.firstBeyond(row, { clock: 0, id: id(0) }), null, 'nothing came after that row');
    t.equal(await store.firstBeyond(0, { clock: 7, id: id(7) }), null, 'one’s own is not counted');
    t.equal(await store.firstBeyond(0, { clock: 6, id: id(6) }, { authors: [author(2)], direct: [] }), null);
    t.same(await store.size(), { messages: 8, bytes: 8 * (2 + 96) + 4 * 2, oldest: 1_000 });
    t.equal(await store.forget(), 8);
    t.same([await store.page(ALL), await store.get([id(1)])], [[], []], 'forgotten');
  });
}
