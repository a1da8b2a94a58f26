import { execFileSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';

const LINES = 40_000;
const EVERY = 10_000;

/** Takes in a flood, draws it, and prints what the heap holds now and then; a process of its own, since the runner's is large. */
const FLOODED = `
  const load = (name) => import(${JSON.stringify(`${path.resolve('dist/cli/tui')}/`)} + name + '.js');
  const [{ boundHeap }, { reduceEvents }, { emptyState }, { layout }, { paint }] = await Promise.all(
    ['heap-bounds', 'reduce-event', 'state', 'layout', 'paint'].map(load),
  );
  const { getHeapStatistics } = await import('node:v8');
  boundHeap();
  const [room, person] = [{ room: 'lab', roomId: 'a'.repeat(64) }, { id: 'b'.repeat(64), name: 'Ann', tag: 'aaaaaa' }];
  const line = (i) => ({
    type: 'message', epoch: 'e', seq: i, time: new Date(i).toISOString(), id: String(i).padStart(64, '0'), ...room,
    kind: 'text', author: person, self: false, text: 'line ' + i, clock: i, sent: new Date(i).toISOString(),
    mentionsMe: false, reactions: [], deliveredTo: [], readBy: [], of: 0,
  });
  let state = emptyState({ ...room, kind: 'open', self: person }, { columns: 120, rows: 40 }, 0);
  for (let i = 0; i < ${LINES}; ) {
    const events = [];
    do events.push(JSON.parse(JSON.stringify(line(i)))); while (++i % 40);
    state = reduceEvents(state, events);
    paint(layout(state, 0), true);
    await new Promise(setImmediate);
    if (i % ${EVERY} === 0) console.log(getHeapStatistics().total_physical_size);
  }
`;

t.test('a flood does not make the window large', async (t) => {
  const options = {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '' },
  } as const;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', FLOODED], options);
  const sizes = out.trim().split('\n').map(Number);
  t.equal(sizes.length, LINES / EVERY);
  t.ok(Math.max(...sizes) < 55e6, `${sizes.join(', ')} bytes of heap; 78 MB and more without bounds`);
});
