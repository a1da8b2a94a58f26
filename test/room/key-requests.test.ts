import t from 'tap';
import { LIMITS } from '../../src/limits.js';
import { KeyRequests } from '../../src/room/key-requests.js';
import { ManualClock } from '../support/manual-clock.js';

function requests() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const keys = new KeyRequests(
    clock,
    (stream, small) => void asked.push(`${stream}${small ? ' small' : ''} at ${clock.now()}`),
  );
  return { clock, asked, keys };
}

t.test('[V6] an encoder is asked for a key frame at once, and once in 300 ms, whoever asks', async (t) => {
  const { clock, asked, keys } = requests();
  for (let ms = 0; ms < 600; ms += 20) {
    keys.want(1, false);
    clock.advance(20);
  }
  t.same(asked, ['1 at 0', `1 at ${LIMITS.mediaKeyRequestMs}`, `1 at ${2 * LIMITS.mediaKeyRequestMs}`]);
  keys.want(2, false);
  keys.want(2, true);
  t.same(asked.slice(3), ['2 at 600', '2 small at 600'], 'each encoding by itself');
});

t.test('who asks too soon is not forgotten, unless one was made meanwhile', async (t) => {
  const { clock, asked, keys } = requests();
  keys.want(1, false);
  clock.advance(100);
  keys.want(1, false);
  t.equal(asked.length, 1);
  clock.advance(LIMITS.mediaKeyRequestMs - 100);
  t.same(asked, ['1 at 0', `1 at ${LIMITS.mediaKeyRequestMs}`]);

  clock.advance(LIMITS.mediaKeyRequestMs);
  keys.want(1, false);
  keys.want(1, false);
  keys.made(1, false);
  clock.advance(10_000);
  t.equal(asked.length, 3, 'the one that was made is for both');
});

t.test('nothing is asked of a track that is gone', async (t) => {
  const { clock, asked, keys } = requests();
  for (const stream of [1, 2]) {
    keys.want(stream, false);
    keys.want(stream, false);
  }
  keys.forget(1);
  keys.clear();
  t.equal(clock.pending, 0);
  clock.advance(10_000);
  t.equal(asked.length, 2);
});
