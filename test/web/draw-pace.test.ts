import t from 'tap';
import { DrawPace, type PaceClock } from '../../src/web/state/draw-pace.js';

const FRAME_MS = 16;

interface Page {
  pace: DrawPace;
  /** When it was drawn. */
  drawn: number[];
  now: () => number;
  takes: (ms: number) => void;
  hide: () => void;
  run: (ms: number) => void;
}

/** A page of which a drawing takes as long as is said, in a time that only moves by hand. */
function page(): Page {
  let [now, costMs, isHidden, number] = [0, 0, false, 0];
  let due: { at: number; number: number; fn: () => void }[] = [];
  const at = (time: number, fn: () => void) => {
    const entry = { at: time, number: number++, fn };
    due.push(entry);
    return () => {
      due = due.filter((each) => each !== entry);
    };
  };
  const clock: PaceClock = {
    now: () => now,
    frame: (fn) => at((Math.floor(now / FRAME_MS) + 1) * FRAME_MS, fn),
    after: (ms, fn) => at(now + ms, fn),
    hidden: () => isHidden,
  };
  const drawn: number[] = [];
  const pace = new DrawPace(() => {
    drawn.push(now);
    now += costMs;
  }, clock);
  const run = (ms: number) => {
    const end = now + ms;
    for (;;) {
      due.sort((a, b) => a.at - b.at || a.number - b.number);
      const [next] = due;
      if (!next || next.at > end) break;
      due.shift();
      now = Math.max(now, next.at);
      next.fn();
    }
    now = Math.max(now, end);
  };
  return {
    pace,
    drawn,
    now: () => now,
    takes: (ms) => {
      costMs = ms;
    },
    hide: () => {
      isHidden = true;
    },
    run,
  };
}

/** The node tells something every millisecond, and a key is pressed every so many; when they were. */
function flood({ pace, run, now }: Page, ms: number, keyEveryMs = Number.POSITIVE_INFINITY): number[] {
  const end = now() + ms;
  const keys: number[] = [];
  for (let nextKey = now() + keyEveryMs; now() < end; run(1)) {
    if (now() >= nextKey) {
      pace.key();
      keys.push(now());
      nextKey = now() + keyEveryMs;
    }
    pace.ask('node');
  }
  return keys;
}

t.test('what is cheap to draw is drawn in every picture, and no more often', async (t) => {
  const cheap = page();
  flood(cheap, 160);
  t.equal(cheap.drawn.length, 10);
});

t.test('after a long drawing what the node tells waits; what the person does does not', async (t) => {
  const slow = page();
  slow.takes(40);
  slow.pace.ask('node');
  slow.run(60);
  t.equal(slow.drawn.length, 1);
  slow.pace.ask('node');
  slow.run(60);
  t.equal(slow.drawn.length, 1, 'it rests for twice as long');
  slow.pace.ask('person');
  slow.run(FRAME_MS);
  t.equal(slow.drawn.length, 2, 'a person sees it in the next picture');
  slow.run(300);
  t.equal(slow.drawn.length, 2, 'with all that had come');
  slow.takes(400);
  slow.pace.ask('node');
  slow.run(500);
  slow.pace.ask('node');
  slow.run(251);
  t.equal(slow.drawn.length, 4, 'but never for longer than a quarter of a second');
});

t.test('while somebody types a flood is drawn between keys, right after the picture of one', async (t) => {
  const typed = page();
  typed.takes(40);
  flood(typed, 20);
  typed.drawn.length = 0;
  const keys = flood(typed, 2_000, 100);
  t.ok(typed.drawn.length >= 8, `it goes on: ${typed.drawn.length} drawings`);
  const after = typed.drawn
    .slice(1)
    .map((at) => Math.min(...keys.map((key) => (at >= key ? at - key : 1e9))));
  t.ok(
    after.every((ms) => ms <= FRAME_MS),
    `after keys by ${after.join()} ms`,
  );

  const paused = page();
  paused.takes(40);
  flood(paused, 20);
  flood(paused, 100);
  paused.pace.key();
  paused.run(FRAME_MS);
  paused.drawn.length = 0;
  flood(paused, 230);
  t.equal(paused.drawn.length, 0, 'not at its own time: a key may come');
  flood(paused, 40);
  t.equal(paused.drawn.length, 1, 'but when none has come for long');
});

t.test('a page that nobody sees is drawn seldom', async (t) => {
  const hidden = page();
  hidden.hide();
  flood(hidden, 1_000);
  t.ok(hidden.drawn.length <= 5 && hidden.drawn.length >= 4, `${hidden.drawn.length} times`);
});
