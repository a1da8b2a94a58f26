import t from 'tap';
import { eventLines } from '../../../cli/event-lines.js';
import { PLAIN } from '../../../cli/output.js';
import { reduceEvents } from '../../../cli/tui/reduce-event.js';
import type { ApiEvent } from '../../../src/daemon/api.js';
import type { TransferInfo } from '../../../src/daemon/files-api.js';
import { comes, event, me, NOW, person, room, shown, start } from '../../support/room-on-screen.js';

const TRANSFER = '3f09ac12'.padEnd(32, '0');
const info = (more: Partial<TransferInfo>): TransferInfo => ({
  transfer: TRANSFER,
  ...room,
  from: person('a', 'Amber Fox'),
  to: null,
  mine: false,
  state: 'offered',
  code: null,
  entries: [{ name: 'photo.zip', size: 12_000_000, folder: false }],
  files: 1,
  risky: [],
  riskyCount: 0,
  bytes: 0,
  total: 12_000_000,
  ratePerSecond: 0,
  sources: 1,
  reused: 0,
  copied: null,
  paths: [],
  shared: false,
  handing: 0,
  offeredAt: new Date(NOW).toISOString(),
  receivers: [],
  ...more,
});
const changed = (more: Partial<TransferInfo>, at = NOW): ApiEvent => ({
  ...event({ type: 'transfer-changed', ...info(more) }),
  time: new Date(at).toISOString(),
});
const failed = (code: string, text: string) =>
  event({ type: 'transfer-failed', ...room, transfer: TRANSFER, code, text });

t.test(
  'an offer is told once with what answers it, and what arrived with how much, how fast and where',
  async (t) => {
    const offered = event({ type: 'file-offered', ...info({}) });
    let state = reduceEvents(start(), [comes('a', 'Amber Fox'), offered]);
    t.match(
      shown(state),
      /Amber Fox offers photo\.zip \(12\.0 MB\)\n +\/accept 3f09ac12 {3}\/accept 3f09ac12 to DIR {3}\/decline 3f09ac12\n/,
      'its id stands where it is to be typed',
    );
    const twin = reduceEvents(state, [comes('b', 'Amber Fox'), offered]);
    t.match(shown(twin), /Amber Fox#a00000 offers/, 'two of one name are told apart');
    const done = {
      ...event({
        type: 'transfer-done',
        ...room,
        transfer: TRANSFER,
        paths: ['/home/me/photo.zip'],
        bytes: 12e6,
        reused: 2e6,
      }),
    };
    state = reduceEvents(state, [
      changed({ state: 'active' }),
      changed({ state: 'done', bytes: 12_000_000 }, NOW + 2_000),
      { ...done, time: new Date(NOW + 2_000).toISOString() },
    ]);
    t.match(
      shown(state),
      /✓ photo\.zip, 12\.0 MB in 2\.0 s, 5\.0 MB\/s, every byte checked\n +Already here: 2\.0 MB\.\n +\/home\/me\/photo\.zip\n/,
    );
    const many = Array.from({ length: 9 }, (_, i) => `/home/me/${i}`);
    const folder = reduceEvents(start(), [
      event({ type: 'transfer-done', ...room, transfer: 'x', paths: many, bytes: 9, reused: 0 }),
    ]);
    t.match(shown(folder), /✓ 9 B, every byte checked\n +\/home\/me\/0\n.*\n.*\n +and 6 more beside them\n/);
  },
);

t.test('whoever offers something hears who has it, who does not want it, and why it ended', async (t) => {
  const to = (...answers: [string, string, string?][]) =>
    changed({
      mine: true,
      from: me,
      state: 'serving',
      receivers: answers.map(([id, answer, code = null]) => ({ peer: person(id), answer, bytes: 0, code })),
    });
  const first = reduceEvents(start(), [to()]);
  const state = reduceEvents(first, [
    to(['a', 'progress'], ['b', 'waiting']),
    to(['a', 'done'], ['b', 'declined']),
    to(['a', 'done'], ['b', 'declined'], ['c', 'failed', 'DISK_FULL']),
  ]);
  t.match(
    shown(state).replace(/\n \d\d:\d\d /g, '\n'),
    /\n✓ Name a has photo\.zip, 12\.0 MB\nName b declined photo\.zip\n! Name c did not get photo\.zip: There is not enough room on the disk\.\n/,
    'each once',
  );
  t.equal(new Set(state.entries.map(({ key }) => key)).size, 3);
  const ends = reduceEvents(reduceEvents(start(), [changed({})]), [
    failed('TRANSFER_WITHDRAWN', 'It was withdrawn.'),
    failed('FILE_UNVERIFIED', 'What arrived is not what was offered.'),
  ]);
  t.match(
    shown(ends),
    /photo\.zip was withdrawn\n[^\n]+! photo\.zip: What arrived is not what was offered\./,
  );
});

t.test('a bar tells how far it is where it goes, and is gone when nothing moves', async (t) => {
  const progress = (bytes: number) =>
    event({
      type: 'transfer-progress',
      ...room,
      transfer: TRANSFER,
      bytes,
      total: 12e6,
      reused: 0,
      ratePerSecond: 2e6,
      sources: 1,
      copied: null,
      handing: 0,
    });
  let state = reduceEvents(start(), [changed({ state: 'active' }), progress(3e6)]);
  t.match(shown(state), /\n ↓ photo\.zip +█+░+ +25 % {2}2\.0 MB\/s {2}5 s\n/);
  t.match(
    shown({ ...state, columns: 40 }),
    /\n ↓ photo\.zip +█+░+ +25 % {2}2\.0 MB\/s\n/,
    'no room for more',
  );
  state = reduceEvents(state, [changed({ state: 'paused', bytes: 3e6 }), progress(3e6)]);
  t.match(shown(state), /25 % {2}paused\n/, 'whatever was still on its way');
  const receivers = [{ peer: person('a'), answer: 'progress', bytes: 6e6, code: null }];
  const mine = { mine: true, from: me, state: 'serving' } as const;
  state = reduceEvents(start(), [changed(mine), progress(9e6)]);
  t.notMatch(shown(state), /↑/, 'nobody is known to get it');
  state = reduceEvents(state, [changed({ ...mine, receivers })]);
  t.match(shown(state), /\n ↑ photo\.zip +█+░+ +50 % +to 1\n/);
  const done = receivers.map((receiver) => ({ ...receiver, answer: 'done' }));
  state = reduceEvents(state, [changed({ ...mine, receivers: done }), progress(12e6)]);
  t.notMatch(shown(state), /↑/, 'whatever is told after the last one has it');
});

t.test('appended lines tell the same', async (t) => {
  const lines = eventLines(
    changed({ mine: true, receivers: [{ peer: person('a'), answer: 'done', bytes: 0, code: null }] }),
    {
      paint: PLAIN,
      nameOf: ({ name }) => name,
      shown: () => undefined,
      transfers: new Map([[TRANSFER, info({ mine: true })]]),
    },
  );
  t.match(lines, [/^\d\d:\d\d ✓ Name a has photo\.zip, 12\.0 MB$/]);
});
