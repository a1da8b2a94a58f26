import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import t from 'tap';
import { systemClock } from '../../src/clock.js';
import { FrameGuard } from '../../src/connection/frame-guard.js';
import { LIMITS } from '../../src/limits.js';
import { openRoom, protectedRoom } from '../../src/room/room-kinds.js';
import { Attacker, identityKeys } from '../support/hostile/attacker.js';
import { Besieged } from '../support/hostile/besieged.js';
import { HonestMember } from '../support/hostile/honest-member.js';
import { batch, onChannel, open, uint } from '../support/hostile/mux-frames.js';
import { besiege, describeSiege } from '../support/hostile/siege.js';

const MiB = 1024 * 1024;
const frame = (hex: string) => b4a.from(hex, 'hex');
/** How long a line may take on a machine that does much else; a node that hangs takes for ever. */
const LOOSE_MS = 5_000;

t.test('[B1] [B6] [B10] 500 idle, slow and garbage connections; a pair talks, another joins', async (t) => {
  const result = await besiege(t, 6_000);
  t.comment(describeSiege(result));
  t.ok(result.most.rssBytes - result.before.rssBytes < 64 * MiB, 'memory stays');
  t.ok(
    result.most.descriptors - result.before.descriptors < 2 * LIMITS.pendingStreams + 8,
    'descriptors stay',
  );
  t.ok(result.cpu < 0.5, 'most of the processor is left');
  t.ok(result.joinMs < 10_000, 'an honest join goes on'); // `npm run proof` measures it on a quiet machine
  t.ok(result.p95Ms < LOOSE_MS, 'lines go on');
});

t.test('strangers', async (t) => {
  const room = 'flooded';
  const node = await Besieged.start(t, room, 'four random words');
  const ann = await HonestMember.join(t, {
    room,
    port: node.port,
    name: 'Ann',
    passphrase: 'four random words',
  });
  const before = await node.figures();

  t.test('[B1] [B3] [B10] a first packet of any length costs nothing', async (t) => {
    const attacker = new Attacker(t, node.port, '127.0.2.1');
    for (const length of ['ffffff', '000000', '000001', '010400', 'ffff7f'])
      await attacker.sends(frame(length), b4a.alloc(4 * MiB));
    const { rssBytes } = await node.figures();
    t.ok(rssBytes - before.rssBytes < 64 * MiB, `${Math.round((rssBytes - before.rssBytes) / MiB)} MiB more`);
  });

  t.test('[B1] [B6] 300 handshakes without a proof hold 16 places, and leave nothing', async (t) => {
    await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        new Attacker(t, node.port).handshake(`127.0.3.${1 + (n % 250)}`).then((noise) => noise?.resume()),
      ),
    );
    const { descriptors } = await node.figures();
    t.ok(descriptors - before.descriptors <= LIMITS.pendingStreams + 2, `${descriptors} descriptors`);
  });

  t.test('[B3] [B4] [B15] frames in place of a proof, of every wrong length and kind', async (t) => {
    const attacker = new Attacker(t, node.port, '127.0.4.1');
    const hello = '5250463101';
    for (const wrong of [
      '',
      '00',
      hello,
      `${hello}${'00'.repeat(16)}00`,
      `${hello}${'00'.repeat(16)}ff`,
      `${hello}${'00'.repeat(16)}01${'00'.repeat(15)}`,
      `${hello}${'00'.repeat(16)}01${'00'.repeat(17)}`,
      '525046310200',
      '525046310300',
      '5250463105',
      'ff'.repeat(900),
    ].slice(1))
      await attacker.says(frame(wrong));
    const { counters } = await node.figures();
    t.ok((counters['violation PROOF_MALFORMED'] ?? 0) >= 9);
  });

  t.test('[C11] who guesses the passphrase is answered a few times, and people are told', async (t) => {
    const wrong = await protectedRoom(room, 'another passphrase');
    for (let n = 0; n < LIMITS.failedProofsPerRoomPerHour + 20; n++)
      t.equal(await new Attacker(t, node.port, `127.0.5.${n + 1}`).proves(wrong.keys), null);
    const { counters, notices } = await node.until(({ notices }) => notices.includes('ROOM_GUESSED'));
    const answered = counters['secrets wrong'] ?? 0;
    t.ok(answered <= LIMITS.failedProofsPerRoomPerHour + 3, `${answered} answered`);
    t.ok((counters['guesses throttled'] ?? 0) > 0);
    t.equal(notices.filter((code) => code === 'ROOM_GUESSED').length, 1, 'once');
  });

  t.test('the honest pair heard nothing of it', async (t) => {
    const p95 = await ann.p95();
    t.comment(`p95 of ${ann.delaysMs.length} lines: ${Math.round(p95)} ms`);
    t.ok(p95 < LOOSE_MS);
    const { rssBytes, members } = await node.figures();
    t.same(members, ['Ann']);
    t.ok(rssBytes - before.rssBytes < 64 * MiB);
  });
});

t.test('members', async (t) => {
  const room = 'infiltrated';
  const { keys } = await openRoom(room);
  const node = await Besieged.start(t, room);
  const ann = await HonestMember.join(t, { room, port: node.port, name: 'Ann' });
  const before = await node.figures();
  let address = 0;
  /** Proves the room under a new identity and sends these frames; resolves when the node has ended the stream. */
  const floods = async (frames: () => Iterable<Uint8Array>) => {
    const noise = await new Attacker(t, node.port, `127.0.6.${++address}`).proves(keys, identityKeys());
    if (!noise) throw new Error('not let in');
    const closed = new Promise<void>((resolve) => void noise.on('close', () => resolve()));
    noise.resume();
    let sent = 0;
    for (const bytes of frames()) {
      if (noise.destroyed) break;
      if (!noise.write(bytes) || ++sent % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
  };
  const times = function* (count: number, bytes: (n: number) => Uint8Array) {
    for (let n = 0; n < count; n++) yield bytes(n);
  };
  const rows: [string, string, () => Iterable<Uint8Array>][] = [
    ['[B2] a message of 4 MiB', 'FRAME_TOO_LARGE', () => [onChannel(1, 0, b4a.alloc(LIMITS.frameBytes))]],
    [
      '[B3] a length that is not there',
      'FRAME_MALFORMED',
      () => [frame('0000 01 ff ffffffffffffff7f'.replaceAll(' ', ''))],
    ],
    [
      '[B5] [B6] channels opened and closed without end',
      'CONTROL_FLOOD',
      () => times(100_000, (n) => (n % 2 ? frame('000301') : open(1, `nothing/${n}`))),
    ],
    ['[B6] more channels than there may be', 'CHANNEL_LIMIT', () => times(100, (n) => open(n + 1, 'x'))],
    ['[B7] a name of any length', 'CHANNEL_LIMIT', () => [open(1, 'x'.repeat(100_000))]],
    ['[B7] channel 0', 'CHANNEL_LIMIT', () => [open(0, 'x')]],
    [
      '[B7] a batch of too many items',
      'BATCH_TOO_LONG',
      () => [
        batch(
          5,
          Array.from({ length: 1_100 }, () => frame('01')),
        ),
      ],
    ],
    [
      '[B15] batches of nothing',
      'BATCH_TOO_LONG',
      () => [
        batch(
          5,
          Array.from({ length: 2_400 }, () => frame('')),
        ),
      ],
    ],
    [
      '[B6] small frames without end, for a channel that is not there',
      'MESSAGE_FLOOD',
      () => times(1_000_000, () => onChannel(60, 0)),
    ],
    [
      '[B6] pings without end',
      'MESSAGE_FLOOD',
      function* () {
        yield open(1, 'chatter/link/1');
        yield* times(1_000_000, (n) => onChannel(1, 0, uint(n)));
      },
    ],
  ];
  for (const [what, code, frames] of rows) {
    t.test(`${what} ends that stream: ${code}`, async (t) => {
      const was = (await node.figures()).counters[`violation ${code}`] ?? 0;
      await floods(frames);
      const { counters } = await node.figures();
      t.equal(counters[`violation ${code}`], was + 1, JSON.stringify(counters));
    });
  }

  t.test('[K4] who does that three times is put off, whatever its key and address', async (t) => {
    const mal = identityKeys();
    for (let n = 0; n < LIMITS.violationsToPutOff; n++) {
      const noise = await new Attacker(t, node.port, `127.0.7.${n + 1}`).proves(keys, mal);
      const closed = new Promise<void>((resolve) => void noise?.on('close', () => resolve()));
      noise?.resume();
      noise?.write(open(0, 'x'));
      await closed;
    }
    const again = await new Attacker(t, node.port, '127.0.7.9').proves(keys, mal);
    const gone = again && new Promise<void>((resolve) => void again.on('close', () => resolve()));
    again?.resume();
    await gone;
    const { counters } = await node.figures();
    t.equal(counters['put off'], 1);
  });

  t.test('the honest pair heard nothing of it, and nothing of it stays', async (t) => {
    const p95 = await ann.p95();
    t.comment(`p95 of ${ann.delaysMs.length} lines: ${Math.round(p95)} ms`);
    t.ok(p95 < LOOSE_MS);
    const { rssBytes, members } = await node.until(
      ({ descriptors }) => descriptors <= before.descriptors + 1,
    );
    t.same(members, ['Ann']);
    t.comment(`memory ${Math.round(before.rssBytes / MiB)} to ${Math.round(rssBytes / MiB)} MiB`);
    t.ok(rssBytes - before.rssBytes < 96 * MiB);
  });
});

t.test('[B6] [W4] a peer that reads nothing holds so many bytes, and loses its stream', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => {
    for (const end of [socket, accepted]) end.destroy();
    server.close();
  });
  const [us, them] = [new NoiseSecretStream(true, socket), new NoiseSecretStream(false, accepted)];
  for (const noise of [us, them]) noise.on('error', () => {});
  await Promise.all([us.opened, them.opened]);
  accepted.pause();
  let stalled = 0;
  const guard = new FrameGuard(
    us,
    systemClock,
    (err) => t.fail(err.violation),
    () => stalled++,
  );
  let frames = 0;
  while (!guard.destroyed && frames < 200) {
    guard.write(b4a.alloc(MiB));
    frames++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(stalled, 1);
  t.ok(
    frames * MiB > LIMITS.sendQueueBytes,
    `after ${frames} MiB, those in the system's own buffers among them`,
  );
  t.equal(guard.write(b4a.alloc(1)), false, 'nothing is written any more');
});
