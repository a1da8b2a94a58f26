import t from 'tap';
import { Notices } from '../../src/node/notices.js';
import { ManualClock } from '../support/manual-clock.js';

t.test('what others can bring about is told now and then, for each room and each thing alone', async (t) => {
  const clock = new ManualClock();
  const notices = new Notices(clock);
  const told = () => [
    notices.due('lab', 'ROOM_FULL'),
    notices.due('lab', 'ROOM_GUESSED'),
    notices.due('den', 'ROOM_FULL'),
  ];
  t.same(told(), [true, true, true]);
  t.same(told(), [false, false, false]);
  clock.advance(59_999);
  t.same(told(), [false, false, false]);
  clock.advance(1);
  t.same(told(), [true, false, true], 'a minute later');
  clock.advance(9 * 60_000);
  t.same(told(), [true, true, true], 'ten minutes later: guesses go on for long');
  notices.forget('lab');
  t.same(told(), [true, true, false], 'who comes back to a room is told anew');
});
