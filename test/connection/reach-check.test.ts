import { createServer } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import type { Tried, TryMe } from '../../src/connection/link-channel.js';
import { ReachCheck, type ReachedHost } from '../../src/connection/reach-check.js';
import { Counters } from '../../src/counters.js';
import { dialBack } from '../../src/discovery/dial-back.js';
import type { NetworkLink } from '../../src/discovery/interfaces.js';
import { TcpTransport } from '../../src/discovery/tcp-transport.js';
import { LIMITS } from '../../src/limits.js';
import { silentLog } from '../../src/log.js';
import { ManualClock } from '../support/manual-clock.js';

const REACHED: ReachedHost[] = [{ host: '10.0.0.2', reached: 'refused' }];
const QUESTION = { port: 4711, hosts: [] };

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** One end, what it has said, and how often it dialled. */
function end(clock: ManualClock) {
  const said: { tryMe: TryMe[]; tried: Tried[][] } = { tryMe: [], tried: [] };
  let dials = 0;
  const check = new ReachCheck({
    clock,
    sendTryMe: (question) => said.tryMe.push(question),
    sendTried: (answer) => said.tried.push(answer),
    dialBack: async () => {
      dials++;
      return REACHED;
    },
  });
  return { check, said, dials: () => dials };
}

t.test('[K6] two ends tell each other what came of dialling', async (t) => {
  const clock = new ManualClock();
  const [a, b] = [end(clock), end(clock)];
  const answer = a.check.ask(QUESTION);
  b.check.onTryMe(a.said.tryMe[0] as TryMe);
  await turn();
  a.check.onTried(b.said.tried[0] as Tried[]);
  t.same(await answer, REACHED);
  t.equal(clock.pending, 0, 'no timer is left');
});

t.test('[K6] who asks again and again is answered, and dialled once in five seconds', async (t) => {
  const clock = new ManualClock();
  const { check, said, dials } = end(clock);
  for (let i = 0; i < 100; i++) check.onTryMe(QUESTION);
  await turn();
  t.equal(dials(), 1);
  t.equal(said.tried.length, 100);
  clock.advance(LIMITS.tryMeEveryMs);
  check.onTryMe(QUESTION);
  t.equal(dials(), 2);
});

t.test('[K6] an answer that does not come, comes twice or has an unknown number does no harm', async (t) => {
  const clock = new ManualClock();
  const { check } = end(clock);
  check.onTried([{ host: 'x', reached: 0 }]); // nobody asked
  const late = check.ask(QUESTION);
  clock.advance(LIMITS.tryMeDeadlineMs);
  t.equal(await late, null);
  const odd = check.ask(QUESTION);
  check.onTried([{ host: 'x', reached: 200 }]);
  check.onTried([{ host: 'x', reached: 0 }]);
  t.same(await odd, [{ host: 'x', reached: 'silent' }]);
  const closed = check.ask(QUESTION);
  check.close();
  t.equal(await closed, null);
  t.equal(clock.pending, 0);
});

async function transport(t: Test): Promise<TcpTransport> {
  const keyPair = NoiseSecretStream.keyPair();
  const made = new TcpTransport({ keyPair, clock: systemClock, log: silentLog, counters: new Counters() });
  await made.open();
  t.teardown(() => made.close());
  return made;
}

t.test('[K6] it is dialled where it was seen and nowhere else, and who is there is looked at', async (t) => {
  const [helper, asking, other] = [await transport(t), await transport(t), await transport(t)];
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port: closedPort } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const deps = { transport: helper, lan: null, clock: systemClock };
  const who = { instance: asking.instance, host: '127.0.0.1', claims: [] };
  const none: NetworkLink[] = [];
  const dialled = async (port: number) => (await dialBack(deps, { ...who, port }, none))[0]?.reached;
  t.equal(await dialled(asking.port as number), 'opened');
  t.equal(await dialled(other.port as number), 'taken', 'somebody else is there');
  t.equal(await dialled(closedPort), 'refused');
  for (const port of [0, 22, 80, 1023])
    t.same(await dialBack(deps, { ...who, port }, none), [], `port ${port}`);

  const link = (own: string): NetworkLink => ({
    key: own,
    name: 'eth0',
    family: 4,
    address: own,
    loopback: false,
    contains: () => true,
    isOwn: (address) => address === own,
  });
  const claiming = { ...who, host: null, port: 4711, claims: ['10.0.0.2', '10.0.0.3', 'fe80::1%eth0'] };
  t.same(
    await dialBack(deps, claiming, [link('10.0.0.2')]),
    [{ host: '10.0.0.2', reached: 'taken' }],
    'of what it claims only this machine’s own address is answered',
  );
  t.same(
    await dialBack(deps, { ...claiming, host: '10.0.0.2' }, [link('10.0.0.2')]),
    [],
    'another node of this machine has it rightly',
  );
});
