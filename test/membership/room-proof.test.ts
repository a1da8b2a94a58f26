import { hostname, networkInterfaces, userInfo } from 'node:os';
import b4a from 'b4a';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { driveProof } from '../../src/connection/drive-proof.js';
import type { ProtocolError } from '../../src/errors.js';
import { LIMITS } from '../../src/limits.js';
import {
  keysFromSeed,
  openRoomSeed,
  protectedRoomSeed,
  type RoomKeys,
} from '../../src/membership/room-keys.js';
import { LOBBY } from '../../src/membership/room-name.js';
import { RoomProof } from '../../src/membership/room-proof.js';
import { ManualClock } from '../support/manual-clock.js';
import { noisePair } from '../support/noise-pair.js';
import {
  ANN,
  BOB,
  HANDSHAKE,
  initiator,
  privateRoom,
  protectedRoom,
  type Run,
  responder,
  run,
} from './two-ends.js';

const ids = (rooms: readonly { room: RoomKeys }[]) => rooms.map(({ room }) => room.id).sort();
const idsOf = (rooms: readonly RoomKeys[]) => rooms.map(({ id }) => id).sort();
const sessions = (proof: RoomProof) =>
  new Map(proof.proven.map(({ room, session }) => [room.id, b4a.toString(session, 'hex')]));

const NAME = 'friday-club';
const PASSPHRASE = 'correct horse caf\u00e9';

/** Rooms of one name, stretched once for all tests; `typed` is `guarded` as somebody else types it. */
const friday = (async () => ({
  open: keysFromSeed(await openRoomSeed(NAME)),
  guarded: keysFromSeed(await protectedRoomSeed(NAME, PASSPHRASE)),
  typed: keysFromSeed(await protectedRoomSeed(' \uff26riday  CLUB', 'correct\u3000horse cafe\u0301')),
  wrong: keysFromSeed(await protectedRoomSeed(NAME, `${PASSPHRASE}s`)),
}))();

/** Both ends have proven exactly `rooms`, hold the same session keys and know who the other is. */
function bothProved(t: Test, [i, r]: [RoomProof, RoomProof], { i: endI, r: endR }: Run, rooms: RoomKeys[]) {
  t.strictSame(endI, { outcome: 'proven', violation: null });
  t.strictSame(endR, { outcome: 'proven', violation: null });
  t.strictSame(ids(i.proven), idsOf(rooms));
  t.strictSame(sessions(i), sessions(r), 'the same session keys');
  t.equal(new Set(sessions(i).values()).size, rooms.length, 'one for each room');
  t.strictSame(i.remoteIdentity, BOB.publicKey);
  t.strictSame(r.remoteIdentity, ANN.publicKey);
}

/** Neither end has proven anything. */
function noneProved(t: Test, [i, r]: [RoomProof, RoomProof], run: Run, outcome: 'none' | 'failed') {
  t.strictSame(run.i, { outcome, violation: null });
  t.strictSame(run.r, { outcome, violation: null });
  for (const proof of [i, r]) {
    t.strictSame(proof.proven, []);
    t.equal(proof.remoteIdentity, null);
  }
}

t.test('[P1] [P3] members of a room of any tier prove it to each other and say who they are', async (t) => {
  const lobby = keysFromSeed(await openRoomSeed(LOBBY), true);
  const { open, guarded, typed } = await friday;
  for (const [what, room, same] of [
    ['lobby', lobby, lobby],
    ['open', open, open],
    ['protected', guarded, typed],
    ['private', privateRoom(1), privateRoom(1)],
  ] as const) {
    const ends: [RoomProof, RoomProof] = [initiator([room]), responder([same])];
    const talk = run(...ends);
    t.comment(what);
    bothProved(t, ends, talk, [room]);
    t.strictSame(
      talk.frames.map(({ from, frame }) => `${from}${frame[4]} ${frame.length}`),
      ['I1 38', 'R2 39', 'I3 71', 'R4 40', 'R5 102', 'I5 102'],
      'M1 to M6, each of its size',
    );
    t.strictSame([...ends[0].wrong, ...ends[1].wrong], []);
  }
});

t.test('[M2] an open and a protected room of one name have nothing in common', async (t) => {
  const { open, guarded } = await friday;
  const ends: [RoomProof, RoomProof] = [initiator([open]), responder([guarded])];
  noneProved(t, ends, run(...ends), 'none');
  t.strictSame(ends[1].wrong, []);
});

t.test('[P2] with another passphrase both ends learn that it is another, and nothing else', async (t) => {
  const { guarded, wrong } = await friday;
  for (const [atI, atR] of [
    [wrong, guarded],
    [guarded, wrong],
  ] as const) {
    const ends: [RoomProof, RoomProof] = [initiator([atI]), responder([atR])];
    const talk = run(...ends);
    noneProved(t, ends, talk, 'failed');
    t.strictSame(idsOf(ends[0].wrong), [atI.id]);
    t.strictSame(idsOf(ends[1].wrong), [atR.id]);
    t.equal(talk.frames.length, 4, 'nobody says who they are');
  }
});

t.test('[P1] who holds another link, or is in another room, shares none', async (t) => {
  for (const [atI, atR] of [
    [[privateRoom(1)], [privateRoom(2)]],
    [[privateRoom(1)], []],
    [[protectedRoom(1, 1)], [protectedRoom(2, 1)]],
    [[keysFromSeed({ ...seed, tier: 'open' })], [keysFromSeed({ ...seed, tier: 'private' })]],
  ] as const) {
    const ends: [RoomProof, RoomProof] = [initiator(atI), responder(atR)];
    const talk = run(...ends);
    noneProved(t, ends, talk, 'none');
    t.strictSame(
      talk.frames.map(({ frame }) => frame.length),
      [38, 6],
      'two frames',
    );
    t.strictSame([...ends[0].wrong, ...ends[1].wrong], []);
  }
});

const seed = { rdv: b4a.alloc(32, 5), sec: b4a.alloc(32, 6) };

t.test('[P1] several rooms are proven in one run, and those that differ are left out', async (t) => {
  const common = [privateRoom(1), privateRoom(2), protectedRoom(3, 3)];
  const ends: [RoomProof, RoomProof] = [
    initiator([
      privateRoom(4),
      common[2] as RoomKeys,
      common[0] as RoomKeys,
      protectedRoom(6, 1),
      common[1] as RoomKeys,
    ]),
    responder([
      common[1] as RoomKeys,
      protectedRoom(6, 2),
      privateRoom(5),
      common[0] as RoomKeys,
      common[2] as RoomKeys,
    ]),
  ];
  const talk = run(...ends);
  bothProved(t, ends, talk, common);
  t.strictSame(idsOf(ends[0].wrong), [protectedRoom(6, 1).id]);
  t.strictSame(idsOf(ends[1].wrong), [protectedRoom(6, 2).id]);
  t.equal(talk.frames[0]?.frame.length, 22 + 8 * 16, 'five tags among eight');
});

t.test('[P1] at most four rooms are proven in one run, and a later one proves others', async (t) => {
  const rooms = Array.from({ length: 8 }, (_, n) => privateRoom(n));
  const first: [RoomProof, RoomProof] = [initiator(rooms), responder(rooms)];
  bothProved(t, first, run(...first), rooms.slice(0, 4));
  const second: [RoomProof, RoomProof] = [initiator(rooms.slice(4)), responder(rooms)];
  bothProved(t, second, run(...second), rooms.slice(4));
});

t.test('[P1] property: a room is proven exactly if it is the same at both ends', async (t) => {
  const room = fc.record({
    name: fc.integer({ min: 1, max: 3 }),
    passphrase: fc.integer({ min: 1, max: 2 }),
  });
  const rooms = fc.uniqueArray(room, { minLength: 1, maxLength: 3, selector: ({ name }) => name });
  fc.assert(
    fc.property(rooms, rooms, (atI, atR) => {
      const keys = ({ name, passphrase }: { name: number; passphrase: number }) =>
        protectedRoom(name, passphrase);
      const ends: [RoomProof, RoomProof] = [initiator(atI.map(keys)), responder(atR.map(keys))];
      const talk = run(...ends);
      const inBoth = atI.filter((a) => atR.some((b) => b.name === a.name && b.passphrase === a.passphrase));
      const sameName = atI.filter((a) => atR.some((b) => b.name === a.name));
      const outcome = sameName.length === 0 ? 'none' : inBoth.length === 0 ? 'failed' : 'proven';
      const expected = idsOf(inBoth.map(keys));
      return (
        talk.i.outcome === outcome &&
        talk.r.outcome === outcome &&
        `${ids(ends[0].proven)}` === `${expected}` &&
        `${ids(ends[1].proven)}` === `${expected}` &&
        ends[0].wrong.length === sameName.length - inBoth.length &&
        ends[1].wrong.length === sameName.length - inBoth.length
      );
    }),
    { seed: 1, numRuns: 40 },
  );
  t.pass('in every case');
});

t.test('[P1] who is in two protected rooms of one name is found in each of them', async (t) => {
  const [a, b] = [protectedRoom(1, 1), protectedRoom(1, 2)];
  const asked: [RoomProof, RoomProof] = [initiator([a]), responder([b, a])];
  t.strictSame([run(...asked).i.outcome, ids(asked[0].proven)], ['proven', [a.id]], 'when it is asked');

  for (const atR of [[b], [a], [b, a], [a, b]]) {
    // A run may try another room than the last one did, but not the same wrong one for ever.
    const proven = new Set(
      Array.from({ length: 20 }, () => {
        const ends: [RoomProof, RoomProof] = [initiator([a, b]), responder(atR)];
        run(...ends);
        return ids(ends[0].proven);
      }).flat(),
    );
    const which = atR.map((room) => (room === a ? 'first' : 'second')).join(' and ');
    t.strictSame([...proven].sort(), idsOf(atR), `when it asks for two, and the other is in the ${which}`);
  }
});

t.test(
  '[P5] ASK tells the rooms that both are in, and nothing on another stream or in another role',
  async (t) => {
    const rooms = [privateRoom(1), privateRoom(2), protectedRoom(3, 1)];
    const { handshakeHash } = HANDSHAKE;
    const ask = RoomProof.ask(rooms, handshakeHash);
    t.ok(RoomProof.isAsk(ask));
    t.notOk(RoomProof.isHello(ask));
    t.equal(ask.length, 22 + 4 * 16);
    const mine = [privateRoom(2), privateRoom(9), protectedRoom(3, 2)];
    t.strictSame(
      idsOf(RoomProof.matchAsk(ask, mine, handshakeHash)),
      idsOf([privateRoom(2), protectedRoom(3, 2)]),
      'by name: the passphrase is not in a tag',
    );
    t.strictSame(RoomProof.matchAsk(ask, mine, b4a.alloc(64)), []);
    const hello = initiator(rooms).start() as Uint8Array;
    t.ok(RoomProof.isHello(hello));
    t.notOk(RoomProof.isAsk(hello));
    t.throws(() => RoomProof.matchAsk(hello, mine, handshakeHash), malformed);
    t.throws(() => responder(rooms).receive(ask), malformed, 'an ASK begins no run');
    for (const bad of [
      b4a.alloc(0),
      b4a.alloc(5),
      b4a.from('RPF2\x01'),
      b4a.from('RPF1\x07'),
      b4a.from('RPF1\x00'),
    ]) {
      t.throws(() => RoomProof.isAsk(bad), malformed);
      t.throws(() => RoomProof.isHello(bad), malformed);
    }
  },
);

const malformed = { name: 'ProtocolError', violation: 'PROOF_MALFORMED' };

t.test('[P1] a greeting hides how many rooms there are, and is never the same twice', async (t) => {
  for (const [count, tags] of [
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 4],
    [5, 8],
    [8, 8],
    [20, 8],
  ] as const) {
    const rooms = Array.from({ length: count }, (_, n) => privateRoom(n));
    t.equal(initiator(rooms).start()?.length, 22 + tags * 16, `${count} rooms, ${tags} tags`);
  }
  const [one, two] = [initiator([privateRoom(1)]).start(), initiator([privateRoom(1)]).start()];
  t.notSame(one?.subarray(5, 21), two?.subarray(5, 21), 'a fresh nonce');
  t.notSame(one?.subarray(22), two?.subarray(22), 'and with it other tags');
  const place = (proof: RoomProof) => run(proof, responder([privateRoom(1)])).frames[1]?.frame[6];
  const places = Array.from({ length: 40 }, () =>
    place(initiator([privateRoom(1), privateRoom(2), privateRoom(3)])),
  );
  t.ok(new Set(places).size > 1, 'the place of a tag tells nothing either');
});

t.test('the initiator begins once, the responder never, and neither goes on after the end', async (t) => {
  const [i, r] = [initiator([privateRoom(1)]), responder([privateRoom(1)])];
  t.equal(r.start(), null);
  const { frames } = run(i, r);
  t.equal(i.start(), null);
  t.equal(r.start(), null);
  for (const { frame } of frames) {
    t.throws(() => i.receive(frame), malformed);
    t.throws(() => r.receive(frame), malformed);
  }
  t.strictSame([i.proven, i.remoteIdentity, r.proven], [[], null, []], 'and what was proven counts no more');
  const early = initiator([privateRoom(1)]);
  t.throws(() => early.receive(frames[1]?.frame as Uint8Array), malformed, 'an OFFER before the HELLO');
});

t.test('[A8] no frame before the proof tells a name, an address, a person or a secret', async (t) => {
  const { guarded: room } = await friday;
  const { frames } = run(initiator([room]), responder([room]));
  const latin1 = (bytes: Uint8Array) => b4a.toString(bytes, 'latin1');
  const before = latin1(b4a.concat(frames.slice(0, 4).map(({ frame }) => frame)));
  t.ok(before.startsWith('RPF1'));
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const text = [
    NAME,
    PASSPHRASE,
    hostname(),
    userInfo().username,
    ...addresses.map(({ address }) => address),
  ];
  // A short word can turn up among random bytes.
  for (const word of text.filter(({ length }) => length > 3)) t.notOk(before.includes(word), word);
  const { roomId, topic, mdnsKey, helloKey, prs } = room;
  for (const [what, secret] of Object.entries({ roomId, topic, mdnsKey, helloKey, prs })) {
    t.notOk(before.includes(latin1(secret)), what);
  }
  for (const { publicKey } of [ANN, BOB]) t.notOk(before.includes(latin1(publicKey)), 'who somebody is');
});

t.test('[A7] frames before the proof have the same shape and tags for any passphrase', async (t) => {
  const [one, other] = [protectedRoom(1, 1), protectedRoom(1, 2)];
  const shape = (room: RoomKeys) =>
    run(initiator([room]), responder([room]))
      .frames.slice(0, 4)
      .map(({ from, frame }) => [from, frame.length, b4a.toString(frame.subarray(0, 5), 'hex')]);
  t.strictSame(shape(one), shape(other));
  const hello = initiator([one]).start() as Uint8Array;
  const { send } = responder([other]).receive(hello);
  t.equal(send[0]?.length, 39, 'a tag of one passphrase is one of the other');
});

/** What `driveProof` told, once it has. */
function drive(
  noise: Awaited<ReturnType<typeof noisePair>>[number],
  room: RoomKeys,
  clock = new ManualClock(),
) {
  const proof = new RoomProof({
    isInitiator: noise.isInitiator,
    handshakeHash: noise.handshakeHash as Uint8Array,
    localKey: noise.publicKey as Uint8Array,
    remoteKey: noise.remotePublicKey as Uint8Array,
    rooms: [room],
    identity: noise.isInitiator ? ANN : BOB,
  });
  const told: (string | null)[] = [];
  const done = new Promise<void>((resolve) => {
    const tell = (what: string | null) => {
      told.push(what);
      resolve();
    };
    driveProof({
      noise,
      proof,
      clock,
      onProven: () => tell('proven'),
      onFailed: (violation: ProtocolError | null) => tell(violation?.violation ?? null),
    });
  });
  return { proof, told, done, clock };
}

t.test('[N1] over a real Noise stream both ends prove the room and the stream lives on', async (t) => {
  const [a, b] = await noisePair();
  t.teardown(() => a.destroy());
  const [i, r] = [drive(a, privateRoom(1)), drive(b, privateRoom(1))];
  await Promise.all([i.done, r.done]);
  t.strictSame([i.told, r.told], [['proven'], ['proven']]);
  t.strictSame(sessions(i.proof), sessions(r.proof));
  t.strictSame([i.clock.pending, r.clock.pending], [0, 0], 'no deadline is left');
  t.notOk(a.destroying || b.destroying);
});

t.test('[N1] over a real Noise stream a wrong secret ends it at both ends without a violation', async (t) => {
  const [a, b] = await noisePair();
  t.teardown(() => a.destroy());
  const [i, r] = [drive(a, protectedRoom(1, 1)), drive(b, protectedRoom(1, 2))];
  await Promise.all([i.done, r.done]);
  t.strictSame([i.told, r.told], [[null], [null]]);
  t.strictSame(
    [i.proof.wrong.length, r.proof.wrong.length],
    [1, 1],
    'the last frame, which says no, arrived',
  );
  t.ok(a.destroying || a.destroyed);
});

t.test('[N1] the deadline of the proof is absolute: bytes that trickle do not extend it', async (t) => {
  const [a, b] = await noisePair();
  t.teardown(() => a.destroy());
  const r = drive(b, privateRoom(1));
  for (let ms = 0; ms < LIMITS.proofDeadlineMs - 1000; ms += 1000) {
    r.clock.advance(1000);
    const arrived = new Promise((resolve) => b.once('data', resolve));
    a.write(b4a.alloc(0));
    await arrived;
  }
  t.strictSame(r.told, [], 'an empty message is a keep-alive');
  r.clock.advance(1000);
  t.strictSame(r.told, [null]);
  t.ok(b.destroying);
});

t.test('[N1] bytes that are no proof, and a stream that ends, are told once', async (t) => {
  const [a, b] = await noisePair();
  const r = drive(b, privateRoom(1));
  a.write(b4a.from('GET / HTTP/1.1'));
  await r.done;
  const [c, d] = await noisePair();
  const gone = drive(d, privateRoom(1));
  c.destroy();
  await gone.done;
  r.clock.advance(LIMITS.proofDeadlineMs);
  gone.clock.advance(LIMITS.proofDeadlineMs);
  t.strictSame([r.told, gone.told], [['PROOF_MALFORMED'], [null]]);
  t.ok(b.destroying);
});
