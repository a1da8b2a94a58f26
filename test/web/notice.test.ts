import t from 'tap';
import type { ApiEvent } from '../../src/daemon/api.js';
import { endedBy, noticeOf } from '../../src/web/notify/notice.js';
import { SETTINGS_WORDS } from '../../src/web/settings/settings-words.js';
import { fitting, placesOf } from '../../src/web/shell/places.js';
import type { RoomState } from '../../src/web/state/model.js';
import { emptyRoom } from '../../src/web/state/model.js';

const otter = { id: 'otter', name: 'Green Otter', tag: 'aaaaaa' };
const heron = { id: 'heron', name: 'Blue Heron', tag: 'bbbbbb' };
const at = { room: 'lab', roomId: 'r1', epoch: 'e', seq: 1, time: '2026-01-01T00:00:00.000Z' };
const LOOK = { notify: 'mentions', notifyText: true, mutedRooms: [] } as const;

const event = (body: object): ApiEvent => ({ ...at, ...body }) as unknown as ApiEvent;
const message = (more: object = {}) =>
  event({ type: 'message', id: 'm', author: otter, self: false, text: 'hello', mentionsMe: false, ...more });
const title = (of: ApiEvent, look: object = {}) => noticeOf(of, { ...LOOK, ...look })?.title ?? null;

t.test('what is for this person is told, and no more than was asked for', (t) => {
  t.equal(title(message()), null, 'not every message');
  t.equal(title(message(), { notify: 'all' }), 'Green Otter in lab');
  t.equal(title(message({ mentionsMe: true })), 'Green Otter in lab');
  t.equal(title(message({ to: heron })), 'Green Otter, to you alone');
  t.equal(title(message({ to: heron, mentionsMe: true }), { notify: 'off' }), null);
  t.end();
});

t.test('some things are never told', (t) => {
  const told = { mentionsMe: true };
  t.equal(title(message({ ...told, self: true })), null, 'own words');
  t.equal(title(message({ ...told, author: { ...otter, muted: true } })), null, 'a muted person');
  t.equal(title(message({ ...told, to: heron, request: true })), null, 'a first word of a stranger');
  t.equal(title(message({ ...told, old: true })), null, 'what was before this page');
  t.equal(title(message(told), { mutedRooms: ['r1'] }), null, 'a muted room');
  t.equal(title(event({ type: 'peer-joined', peer: otter, path: 'lan' }), { notify: 'all' }), null);
  t.end();
});

t.test('offers and calls are told; a call that ended takes its notice along', (t) => {
  const offer = event({
    type: 'file-offered',
    mine: false,
    from: otter,
    transfer: 'f1',
    total: 12_000_000,
    entries: [{ name: 'photo.zip', size: 12_000_000, folder: false }],
  });
  t.match(noticeOf(offer, LOOK), { title: 'Green Otter offers a file in lab', body: 'photo.zip, 12 MB' });
  const ring = noticeOf(event({ type: 'call-ringing', call: 'c1', from: otter, direct: true }), LOOK);
  t.match(ring, { title: 'Green Otter calls you', stays: true });
  t.equal(endedBy(event({ type: 'call-ring-ended', call: 'c1', from: otter, reason: 'missed' })), ring?.tag);
  const started = noticeOf(event({ type: 'call-started', call: 'c1', by: otter, direct: null }), LOOK);
  t.equal(started?.title, 'Green Otter started a call');
  t.equal(endedBy(event({ type: 'call-ended', call: 'c1' })), started?.tag);
  t.end();
});

t.test('without names on the screen nobody reads who wrote or what', (t) => {
  const notice = noticeOf(message({ mentionsMe: true }), { ...LOOK, notifyText: false });
  t.notMatch(JSON.stringify(notice), /Otter|hello|lab/);
  t.end();
});

t.test('long words are cut', (t) => {
  const notice = noticeOf(message({ mentionsMe: true, text: 'a'.repeat(8000) }), LOOK);
  t.ok((notice?.body.length ?? 0) < 300);
  t.end();
});

t.test('a place is found by its beginning first, whatever its marks and case', (t) => {
  const room = (name: string, more: Partial<RoomState> = {}) => ({ ...emptyRoom(name, name), ...more });
  const people = [{ ...otter, names: ['Green Otter'], here: true, blocked: false }];
  const places = placesOf([room('ölab', { joined: true }), room('my lab')], people as never, SETTINGS_WORDS);
  const names = (typed: string) => fitting(places, typed).map(({ name }) => name);
  t.same(names('lab'), ['my lab', 'ölab'], 'a word of it before a part of a word');
  t.same(names('OLAB'), ['ölab']);
  t.same(names('otter'), ['Green Otter']);
  t.same(names('network'), ['Network check']);
  t.same(names('nothing of the kind'), []);
  t.equal(
    placesOf([], [{ ...people[0], blocked: true }] as never, SETTINGS_WORDS).some(
      ({ type }) => type === 'person',
    ),
    false,
    'nobody goes to somebody who is blocked',
  );
  t.end();
});
