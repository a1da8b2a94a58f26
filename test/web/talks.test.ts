import t from 'tap';
import type { Method, Params, Result } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import { EMPTY_WINDOW, openWindow } from '../../src/web/chat/message-window.js';
import { EMPTY_TALK, reduceTalk } from '../../src/web/chat/talk.js';
import { type TalkStore, Talks } from '../../src/web/chat/talks.js';
import { emptyRoom, type RoomState } from '../../src/web/state/model.js';

const ROOM = 'r1';

const said = (clock: number): Message => ({
  room: 'lab',
  roomId: ROOM,
  id: String(clock).padStart(8, '0'),
  clock,
  sent: new Date(1_700_000_000_000 + clock * 1_000).toISOString(),
  author: { id: `a${clock}`, name: `Name ${clock}`, tag: 'a00000' },
  text: `message ${clock}`,
  self: false,
  kind: 'text',
  mentionsMe: false,
  reactions: [],
  deliveredTo: [],
  readBy: [],
  of: 0,
});

/** A room of the page whose node answers `read` when it is let; the rest of the page is not there. */
class Reading implements TalkStore {
  readonly talks = new Talks(this, { readEveryMs: 0 });
  /** Up to where the node was told that it was read. */
  readonly told: string[] = [];
  #room: RoomState;
  #heard: () => void = () => {};
  #answer: ((fails: boolean) => void) | null = null;

  constructor(...clocks: number[]) {
    const window = openWindow(EMPTY_WINDOW, [], { older: false, newer: false });
    this.#room = { ...emptyRoom('lab', ROOM), talk: { ...EMPTY_TALK, window } };
    for (const clock of clocks) this.comes(clock);
  }

  get unread(): number[] {
    return this.#room.talk.window.messages.filter(({ unread }) => unread).map(({ clock }) => clock);
  }

  comes(clock: number): void {
    const event = { type: 'message', epoch: 'e', seq: clock, time: '', ...said(clock) } as const;
    this.#room = { ...this.#room, talk: reduceTalk(this.#room.talk, event) };
  }

  /** Resolves when the node is asked. */
  async asked(): Promise<void> {
    if (this.#answer) return;
    await new Promise<void>((resolve) => {
      this.#heard = resolve;
    });
  }

  /** Lets the node answer; resolves when the page has heard it. */
  async answers({ fails = false } = {}): Promise<void> {
    await this.asked();
    this.#answer?.(fails);
    this.#answer = null;
    await new Promise(setImmediate);
  }

  room(): RoomState {
    return this.#room;
  }

  change(_roomId: string, change: (room: RoomState) => RoomState): void {
    this.#room = change(this.#room);
  }

  show(): void {}

  request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    if (method !== 'read') throw new Error(`${method} is not looked at here.`);
    this.told.push((params as Params<'read'>).upTo ?? '');
    return new Promise((resolve, reject) => {
      this.#answer = (fails) =>
        fails ? reject(new Error('gone')) : resolve({ unread: 0, mentions: 0 } as Result<M>);
      this.#heard();
    });
  }
}

t.test('much that is seen in one go is told once, by what stands last', async (t) => {
  const page = new Reading(5, 7, 3);
  for (const clock of [5, 7, 3]) page.talks.seen(ROOM, said(clock));
  await page.answers();
  t.same(page.told, [said(7).id]);
  t.same(page.unread, []);
});

t.test('what comes late and stands before what was read is told by itself', async (t) => {
  const page = new Reading(7);
  page.talks.seen(ROOM, said(7));
  await page.answers();
  page.comes(3);
  t.same(page.unread, [3]);
  page.talks.seen(ROOM, said(3));
  await page.answers();
  t.same(page.told, [said(7).id, said(3).id]);
  t.same(page.unread, []);
});

t.test('what comes while the node is told is still unread, and told next', async (t) => {
  const page = new Reading(7);
  page.talks.seen(ROOM, said(7));
  await page.asked();
  page.comes(3); // the node may have counted it after it had answered
  await page.answers();
  t.same(page.unread, [3], 'it was not in what the node was told of');
  page.talks.seen(ROOM, said(3));
  await page.answers();
  t.same(page.told, [said(7).id, said(3).id]);
  t.same(page.unread, []);
});

t.test('what the node was not told is not read', async (t) => {
  const page = new Reading(7);
  page.talks.seen(ROOM, said(7));
  await page.answers({ fails: true });
  t.same(page.unread, [7]);
  page.talks.seen(ROOM, said(7));
  await page.answers();
  t.same(page.told, [said(7).id, said(7).id]);
  t.same(page.unread, []);
});
