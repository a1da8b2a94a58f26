import t from 'tap';
import { cells } from '../../../cli/tui/cells.js';
import { layout } from '../../../cli/tui/layout.js';
import { reduceEvents } from '../../../cli/tui/reduce-event.js';
import { event, key, NOW, person, press, room, rowsOf, says, start } from '../../support/room-on-screen.js';

t.test('[A5] [A17] nothing that others choose can be more than text, at any size', async (t) => {
  const nasty = [
    'a\u001b]0;owned\u0007.txt',
    '\u001b[2K\rAccept safe.txt',
    '\u001b]52;c;cm0gLXJm\u0007',
    '\u009b31m\u0008\u007f',
    '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007',
    'photo\u202Egpj.exe a\u2066b\u2069',
    '\n'.repeat(50),
    'e\u0301'.repeat(300) + '\u0301'.repeat(500),
    '\u200b\ufeff\u00ad\u{e0041}',
    '漢'.repeat(500),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal
  const bad = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
  const events = nasty.flatMap((text, i) => [
    event({ type: 'peer-joined', ...room, peer: person(`n${i}`, text), path: 'lan' }),
    event({ type: 'peer-renamed', ...room, peer: person(`n${i}`, text), was: text }),
    says(text, person(`n${i}`, text)),
    event({ type: 'error', ...room, code: 'INTERNAL', text }),
    event({ type: 'transfer-done', ...room, transfer: 'x', paths: [text], bytes: 1, reused: 0 }),
    event({ type: 'peer-left', ...room, peer: person(`n${i}`, text), reason: 'lost' }),
  ]);
  for (const [columns, rows] of [
    [80, 24],
    [120, 40],
    [20, 5],
    [1, 2],
  ] as const) {
    let state = reduceEvents({ ...start(columns, rows), room: nasty[0] as string }, events);
    for (let page = 0; page < 5; page++) {
      const frame = layout(state, NOW);
      const all = rowsOf(frame).flatMap((row) => row.map(({ text }) => text));
      t.notOk(
        all.find((text) => bad.test(text)),
        `clean at ${columns}x${rows}`,
      );
      const { width } = { width: frame.people.length > 0 ? columns - 31 : columns };
      if (columns >= 20)
        for (const row of [...frame.head, ...frame.foot])
          t.ok(row.reduce((sum, { text }) => sum + cells(text), 0) <= columns, 'no row is too wide');
      if (columns >= 80)
        for (const row of frame.log)
          t.ok(row.reduce((sum, { text }) => sum + cells(text), 0) <= width, 'the log neither');
      state = press(state, key('page-up')).state;
    }
  }
});
