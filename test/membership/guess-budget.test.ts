import fc from 'fast-check';
import t from 'tap';
import { LIMITS } from '../../src/limits.js';
import { GuessBudget } from '../../src/membership/guess-budget.js';
import { ManualClock } from '../support/manual-clock.js';

const HOUR_MS = 3_600_000;
const ROOM = 'a1'.repeat(32);
const OTHER_ROOM = 'b2'.repeat(32);
const STRANGER = '203.0.113.7:5000';
const ELSEWHERE = '198.51.100.1:5000';

const budget = () => {
  const clock = new ManualClock();
  return { clock, guesses: new GuessBudget(clock) };
};
/** `count` wrong secrets from one address. */
const fail = (guesses: GuessBudget, address: string, count: number, room = ROOM) => {
  for (let n = 0; n < count; n++) guesses.failed(address, room);
};
/** A public IPv4 address of its own for each number. */
const numbered = (n: number) => `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.1:4000`;

t.test('[P4] [L3] an address prefix has so many wrong secrets, and more after a while', async (t) => {
  const { clock, guesses } = budget();
  for (let n = 0; n < LIMITS.failedProofsPerPrefix; n++) {
    t.ok(guesses.allowed(STRANGER, ROOM), `guess ${n + 1}`);
    guesses.failed(STRANGER, ROOM);
    clock.advance(1000);
  }
  t.notOk(guesses.allowed(STRANGER, ROOM), 'one too many');
  t.notOk(guesses.allowed(STRANGER, OTHER_ROOM), 'in any room');
  t.notOk(guesses.allowed('203.0.113.7:6000', ROOM), 'from any port');
  t.ok(guesses.allowed('203.0.113.8:5000', ROOM), 'but somebody else may try');
  clock.advance(LIMITS.failedProofsPrefixWindowMs - LIMITS.failedProofsPerPrefix * 1000 - 1);
  t.notOk(guesses.allowed(STRANGER, ROOM), 'a moment before the first one is forgotten');
  clock.advance(1);
  t.ok(guesses.allowed(STRANGER, ROOM), 'the first one is forgotten');
  guesses.failed(STRANGER, ROOM);
  t.notOk(guesses.allowed(STRANGER, ROOM), 'the others are not');
});

t.test('[P4] of IPv6 the first 64 bits count, and a mapped IPv4 address is that address', async (t) => {
  for (const [what, failed, tried, same] of [
    ['one /64', '[2001:db8:1:2::1]:5000', '[2001:db8:1:2:aaaa:bbbb:cccc:dddd]:5000', true],
    ['one /64, zeros written out', '[2001:db8::1]:5000', '[2001:DB8:0:0:1::]:5000', true],
    ['another /64', '[2001:db8:1:2::1]:5000', '[2001:db8:1:3::1]:5000', false],
    ['without brackets', '2001:db8:1:2::1:5000', '[2001:db8:1:2::2]:5000', true],
    ['mapped', '203.0.113.7:5000', '[::ffff:203.0.113.7]:5000', true],
    ['mapped, without brackets', '::FFFF:203.0.113.7:5000', '203.0.113.7:6000', true],
    ['another address', '203.0.113.7:5000', '203.0.113.70:5000', false],
  ] as const) {
    const { guesses } = budget();
    fail(guesses, failed, LIMITS.failedProofsPerPrefix);
    t.equal(guesses.allowed(tried, ROOM), !same, what);
  }
});

t.test('[L3] a private address, which many people can share, has more of them', async (t) => {
  for (const address of [
    '10.1.2.3:1',
    '127.0.0.1:1',
    '169.254.1.1:1',
    '172.16.0.1:1',
    '172.31.255.1:1',
    '192.168.1.2:1',
    '[::1]:1',
    '[fe80::1%eth0]:1',
    '[fd12:3456::1]:1',
    '[fc00::1]:1',
  ]) {
    const { guesses } = budget();
    fail(guesses, address, LIMITS.failedProofsPerPrivatePrefix - 1, OTHER_ROOM);
    t.ok(guesses.allowed(address, ROOM), address);
    fail(guesses, address, 1, OTHER_ROOM);
    t.notOk(guesses.allowed(address, ROOM), `${address}, one too many`);
  }
  for (const address of [
    '172.32.0.1:1',
    '172.15.0.1:1',
    '192.169.1.1:1',
    '11.0.0.1:1',
    '100.1.1.1:1',
    '[2001:db8::1]:1',
  ]) {
    const { guesses } = budget();
    fail(guesses, address, LIMITS.failedProofsPerPrefix, OTHER_ROOM);
    t.notOk(guesses.allowed(address, ROOM), `${address} is public`);
  }
});

t.test('[L3] past a room’s wrong secrets of an hour, one stranger each 20 s may try', async (t) => {
  const { clock, guesses } = budget();
  for (let n = 0; n < LIMITS.failedProofsPerRoomPerHour; n++) {
    t.equal(guesses.failures(ROOM), n);
    guesses.failed(numbered(n), ROOM);
  }
  t.ok(guesses.allowed(STRANGER, ROOM), 'the first one');
  t.notOk(guesses.allowed(ELSEWHERE, ROOM), 'not a second one at once');
  t.ok(guesses.allowed(ELSEWHERE, OTHER_ROOM), 'another room has not been guessed at');
  clock.advance(LIMITS.failedProofThrottleMs - 1);
  t.notOk(guesses.allowed(ELSEWHERE, ROOM));
  clock.advance(1);
  t.ok(guesses.allowed(ELSEWHERE, ROOM), 'the next one');
  t.notOk(guesses.allowed(STRANGER, ROOM), 'asking takes the turn');
  clock.advance(HOUR_MS);
  t.equal(guesses.failures(ROOM), 0);
  for (let n = 0; n < 5; n++) t.ok(guesses.allowed(numbered(n), ROOM), 'an hour later all may try again');
});

t.test('[P4] who has proven a room passes by, whatever strangers do', async (t) => {
  const { guesses } = budget();
  const member = '198.51.100.20:7000';
  guesses.succeeded(member, ROOM);
  for (let n = 0; n < 1000; n++) guesses.failed(numbered(n), ROOM);
  fail(guesses, member, LIMITS.failedProofsPerPrefix); // a neighbour behind the same address
  guesses.allowed(STRANGER, ROOM); // takes the stranger's turn
  t.notOk(guesses.allowed(ELSEWHERE, ROOM));
  for (let n = 0; n < 10; n++) t.ok(guesses.allowed('198.51.100.20:7001', ROOM), 'the member comes back');
  t.notOk(guesses.allowed(member, OTHER_ROOM), 'in that room alone');
});

t.test('[C11] [P4] who guesses behind the same router as a member has an end too', async (t) => {
  const { clock, guesses } = budget();
  const router = '198.51.100.20';
  guesses.succeeded(`${router}:7000`, ROOM, 'member');
  let answered = 0;
  for (let n = 0; n < 10_000; n++) {
    if (guesses.allowed(`${router}:${10_000 + n}`, ROOM, `guesser ${n}`)) {
      answered++;
      guesses.failed(`${router}:${10_000 + n}`, ROOM);
    }
    clock.advance(LIMITS.failedProofsPrefixWindowMs / 20_000);
  }
  t.equal(answered, LIMITS.failedProofsPerKnownAddress);
  t.ok(guesses.allowed(`${router}:7001`, ROOM, 'member'), 'the member itself passes by');
  t.notOk(guesses.allowed(`${router}:7001`, OTHER_ROOM, 'member'), 'in that room alone');
});

t.test('[P4] [C11] a member on a link does not open it to everybody else there', async (t) => {
  const { guesses } = budget();
  guesses.succeeded('[fe80::1%eth0]:5000', ROOM);
  fail(guesses, '[fe80::2%eth0]:5000', LIMITS.failedProofsPerPrivatePrefix);
  t.ok(guesses.allowed('[fe80::1%eth0]:5001', ROOM));
  t.notOk(guesses.allowed('[fe80::2%eth0]:5001', ROOM), 'who guesses from another link-local address');
});

t.test(
  '[C11] ten thousand guesses from as many addresses in an hour: 30 are answered, and one each 20 s',
  async (t) => {
    const { clock, guesses } = budget();
    let answered = 0;
    for (let n = 0; n < 10_000; n++) {
      if (guesses.allowed(numbered(n), ROOM)) {
        answered++;
        guesses.failed(numbered(n), ROOM);
      }
      clock.advance(HOUR_MS / 10_000);
    }
    const most = LIMITS.failedProofsPerRoomPerHour + HOUR_MS / LIMITS.failedProofThrottleMs;
    t.ok(answered <= most, `${answered} of at most ${most}`);
    t.ok(answered > LIMITS.failedProofsPerRoomPerHour, 'a stranger who knows the secret still gets in');
  },
);

t.test('[C11] a thousand wrong proofs from one address: five are answered in ten minutes', async (t) => {
  const { clock, guesses } = budget();
  let answered = 0;
  for (let n = 0; n < 1000; n++) {
    if (guesses.allowed(STRANGER, ROOM)) {
      answered++;
      guesses.failed(STRANGER, ROOM);
    }
    clock.advance(LIMITS.failedProofsPrefixWindowMs / 1000);
  }
  t.equal(answered, LIMITS.failedProofsPerPrefix);
});

t.test('[L3] what is remembered is bounded: the oldest prefix goes first', async (t) => {
  const { guesses } = budget();
  fail(guesses, STRANGER, LIMITS.failedProofsPerPrefix, OTHER_ROOM);
  for (let n = 0; n < 4095; n++) guesses.failed(numbered(n), OTHER_ROOM);
  t.notOk(guesses.allowed(STRANGER, ROOM), 'among 4096 it is known');
  guesses.failed(numbered(4095), OTHER_ROOM);
  t.ok(guesses.allowed(STRANGER, ROOM), 'after one more it is not');
});

t.test('[P4] property: no order of events lets a stranger past the limit of its prefix', async (t) => {
  const event = fc.record({
    kind: fc.constantFrom('failed', 'allowed', 'wait'),
    address: fc.integer({ min: 0, max: 2 }).map(numbered),
    room: fc.constantFrom(ROOM, OTHER_ROOM),
    ms: fc.integer({ min: 0, max: LIMITS.failedProofsPrefixWindowMs }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const { clock, guesses } = budget();
      const failures: { address: string; at: number }[] = [];
      return events.every(({ kind, address, room, ms }) => {
        if (kind === 'wait') clock.advance(ms);
        if (kind === 'failed') {
          guesses.failed(address, room);
          failures.push({ address, at: clock.now() });
        }
        if (kind !== 'allowed') return true;
        const since = clock.now() - LIMITS.failedProofsPrefixWindowMs;
        const recent = failures.filter((failure) => failure.address === address && failure.at > since);
        return !guesses.allowed(address, room) || recent.length < LIMITS.failedProofsPerPrefix;
      });
    }),
    { seed: 1, numRuns: 300 },
  );
  t.pass('in every order');
});

t.test('property: no text for an address makes the budget throw', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[[\]:%f0.]{0,20}$/)),
      (address) => {
        const { guesses } = budget();
        guesses.failed(address, ROOM);
        guesses.succeeded(address, ROOM);
        return guesses.allowed(address, ROOM);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
  t.pass('none of 500');
});
