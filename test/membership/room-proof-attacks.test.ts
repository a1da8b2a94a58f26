import b4a from 'b4a';
import fc from 'fast-check';
import t from 'tap';
import { ProtocolError } from '../../src/errors.js';
import { cpaceKeys, cpaceShare } from '../../src/membership/cpace.js';
import { identityMessage } from '../../src/membership/identity-signature.js';
import {
  type AcceptEntry,
  decodeAccept,
  decodeOffer,
  decodeProve,
  encodeAccept,
  encodeIdentity,
  encodeOffer,
  encodeProve,
  FRAME,
  type OfferEntry,
} from '../../src/membership/proof-frames.js';
import type { RoomKeys } from '../../src/membership/room-keys.js';
import { RoomProof } from '../../src/membership/room-proof.js';
import {
  ANN,
  BOB,
  HANDSHAKE,
  identityOfSeed,
  initiator,
  privateRoom,
  protectedRoom,
  recorded,
  responder,
  run,
} from './two-ends.js';

const MAL = identityOfSeed(b4a.alloc(32, 0xee));
const OTHER_STREAM = { ...HANDSHAKE, handshakeHash: b4a.alloc(64, 0x77) };
const malformed = { name: 'ProtocolError', violation: 'PROOF_MALFORMED' };
const wrong = { name: 'ProtocolError', violation: 'PROOF_WRONG' };
const mismatch = { name: 'ProtocolError', violation: 'IDENTITY_MISMATCH' };

const ROOM = privateRoom(1);
const context = (room: RoomKeys, handshake = HANDSHAKE) => ({ ...handshake, tier: room.tier, prs: room.prs });
const first = (frames: readonly Uint8Array[]) => frames[0] as Uint8Array;

/** Whatever the two ends believe is true: only rooms of both, one key at both, the right person at the other end. */
function sound(i: RoomProof, r: RoomProof, common: readonly RoomKeys[]): boolean {
  const known = new Set(common.map(({ id }) => id));
  const key = (proof: RoomProof, id: string) => proof.proven.find(({ room }) => room.id === id)?.session;
  return (
    [...i.proven, ...r.proven].every(({ room }) => known.has(room.id)) &&
    (i.remoteIdentity === null || b4a.equals(i.remoteIdentity, BOB.publicKey)) &&
    (r.remoteIdentity === null || b4a.equals(r.remoteIdentity, ANN.publicKey)) &&
    (i.proven.length === 0 || r.proven.length === 0 || i.proven.length === r.proven.length) &&
    i.proven.every(({ room, session }) => b4a.equals(key(r, room.id) ?? session, session))
  );
}

const flip = (frame: Uint8Array, bit: number) => {
  const copy = b4a.from(frame);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
};

t.test('[P1] [P2] property: one flipped bit in any frame proves nothing to whom it arrives at', async (t) => {
  const [at, from] = [{ I: 'i', R: 'r' } as const, recorded(initiator([ROOM]), responder([ROOM]))];
  const place = fc
    .integer({ min: 0, max: 5 })
    .chain((number) => fc.tuple(fc.constant(number), fc.nat((from[number] as Uint8Array).length * 8 - 1)));
  fc.assert(
    fc.property(place, ([number, bit]) => {
      const [i, r] = [initiator([ROOM]), responder([ROOM])];
      const talk = run(i, r, (frame, n) => (n === number ? flip(frame, bit) : frame));
      const receiver = talk.frames[number]?.from === 'I' ? 'R' : 'I';
      const { outcome, violation } = talk[at[receiver]];
      const refused = violation !== null || outcome === 'none' || outcome === 'failed';
      // The last frame is not answered: who sent it has rightly proven the room already.
      const other = talk[at[receiver === 'I' ? 'R' : 'I']].outcome;
      return refused && (other !== 'proven' || number === 5) && sound(i, r, [ROOM]);
    }),
    { seed: 1, numRuns: 200 },
  );
  t.pass('200 bits');
});

t.test(
  '[P1] property: one flipped bit in a run of several rooms never makes the ends disagree',
  async (t) => {
    const common = [ROOM, privateRoom(2)];
    const rooms = { i: [...common, protectedRoom(3, 1)], r: [protectedRoom(3, 2), ...common] };
    const lengths = recorded(initiator(rooms.i), responder(rooms.r)).map(({ length }) => length);
    const place = fc
      .integer({ min: 0, max: 5 })
      .chain((number) => fc.tuple(fc.constant(number), fc.nat((lengths[number] as number) * 8 - 1)));
    fc.assert(
      fc.property(place, ([number, bit]) => {
        const [i, r] = [initiator(rooms.i), responder(rooms.r)];
        run(i, r, (frame, n) => (n === number ? flip(frame, bit) : frame));
        return sound(i, r, common);
      }),
      { seed: 2, numRuns: 40 },
    );
    t.pass('40 bits');
  },
);

t.test('[P1] a frame that is cut short or goes on is refused, at any length', async (t) => {
  const [i, r] = [() => initiator([ROOM]), () => responder([ROOM])];
  const lengths = recorded(i(), r()).map(({ length }) => length);
  for (const [number, length] of lengths.entries()) {
    for (const size of new Set([0, 4, 5, 6, 20, length - 1, length + 1, length * 2])) {
      const talk = run(i(), r(), (frame, n) =>
        n === number ? b4a.concat([frame, frame]).subarray(0, size) : frame,
      );
      const receiver = talk.frames[number]?.from === 'I' ? talk.r : talk.i;
      t.equal(receiver.violation, 'PROOF_MALFORMED', `${size} of the ${length} bytes of M${number + 1}`);
    }
  }
});

t.test('[P1] a frame that is left out, repeated or out of its turn ends the run', async (t) => {
  const frames = recorded(initiator([ROOM]), responder([ROOM]));
  for (const [number] of frames.entries()) {
    const [i, r] = [initiator([ROOM]), responder([ROOM])];
    const talk = run(i, r, (frame, n) => (n === number ? null : frame));
    t.ok(talk.i.outcome !== 'proven' || number === 5, `without M${number + 1} I has proven nothing`);
    t.not(talk.r.outcome, 'proven', `without M${number + 1} R has proven nothing`);
  }
  for (const [n, next] of [
    [0, 0],
    [2, 2],
    [0, 5],
  ] as const) {
    const r = responder([ROOM]);
    run(initiator([ROOM]), r, (frame, number) => (number <= n ? frame : null));
    t.throws(() => r.receive(frames[next] as Uint8Array), malformed, `M${next + 1} after M${n + 1}`);
    t.throws(() => r.receive(frames[2] as Uint8Array), malformed, 'and nothing is taken after it');
  }
  for (const [n, next] of [
    [1, 1],
    [1, 4],
    [3, 3],
    [0, 3],
  ] as const) {
    const i = initiator([ROOM]);
    run(i, responder([ROOM]), (frame, number) => (number <= n ? frame : null));
    t.throws(() => i.receive(frames[next] as Uint8Array), malformed, `M${next + 1} after M${n + 1}`);
    t.strictSame([i.proven, i.remoteIdentity], [[], null]);
  }
});

t.test('[P1] a repeated or unknown entry, and one too many or too few, is refused', async (t) => {
  const rooms = [ROOM, privateRoom(2)];
  /** The refusal of `change`d frame `number`. */
  const after = (number: number, change: (frame: Uint8Array) => Uint8Array) => {
    const talk = run(initiator(rooms), responder(rooms), (frame, n) =>
      n === number ? change(frame) : frame,
    );
    return (number === 2 ? talk.r : talk.i).violation;
  };
  const prove = (fn: (entries: ReturnType<typeof decodeProve>) => ReturnType<typeof decodeProve>) =>
    after(2, (frame) => encodeProve(fn(decodeProve(frame))));
  const accept = (fn: (entries: ReturnType<typeof decodeAccept>) => ReturnType<typeof decodeAccept>) =>
    after(3, (frame) => encodeAccept(fn(decodeAccept(frame))));
  const offer = (fn: (entries: ReturnType<typeof decodeOffer>) => ReturnType<typeof decodeOffer>) =>
    after(1, (frame) => encodeOffer(fn(decodeOffer(frame))));

  t.equal(
    offer((all) => all),
    null,
  );
  t.equal(
    offer((all) => all.map((one) => ({ ...one, place: 2 }))),
    'PROOF_MALFORMED',
    'OFFER: no such tag',
  );
  t.equal(
    offer((all) => [...all, ...all, ...all]),
    'PROOF_MALFORMED',
    'OFFER: six entries',
  );
  t.equal(
    prove((all) => all.slice(1)),
    'PROOF_MALFORMED',
    'PROVE: one left out',
  );
  t.equal(
    prove(([one]) => [one, one] as never),
    'PROOF_MALFORMED',
    'PROVE: one twice',
  );
  t.equal(
    prove((all) => all.map((one) => ({ ...one, entry: one.entry + 1 }))),
    'PROOF_MALFORMED',
  );
  t.equal(
    accept((all) => all.slice(1)),
    'PROOF_MALFORMED',
    'ACCEPT: one left out',
  );
  t.equal(
    accept(([one]) => [one, one] as never),
    'PROOF_MALFORMED',
    'ACCEPT: one twice',
  );
  t.equal(
    accept((all) => all.map((one) => ({ ...one, entry: one.entry + 2 }))),
    'PROOF_MALFORMED',
  );
});

t.test('[P1] an answer in ACCEPT is 0 or 1', async (t) => {
  for (const st of [2, 128, 255]) {
    const talk = run(initiator([ROOM]), responder([ROOM]), (frame, n) => {
      const copy = b4a.from(frame);
      if (n === 3) copy[7] = st;
      return copy;
    });
    t.strictSame(talk.i, { outcome: 'waiting', violation: 'PROOF_MALFORMED' }, `${st}`);
  }
});

t.test('[P1] a room that was offered twice under one tag is proven once', async (t) => {
  const r = responder([ROOM, ROOM]); // not what a node does: it holds each room once
  const i = initiator([ROOM]);
  run(i, r);
  t.ok(i.proven.length <= 1, 'one session a room');
});

t.test('[P1] property: any bytes at any moment are taken or refused by a ProtocolError', async (t) => {
  const body = fc.uint8Array({ maxLength: 300 });
  const frame = fc.oneof(
    body,
    fc
      .tuple(fc.integer({ min: 0, max: 7 }), body)
      .map(([type, rest]) => b4a.concat([b4a.from('RPF1'), b4a.from([type]), rest])),
    // A right layout with anything in it.
    fc
      .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 5 }), fc.infiniteStream(fc.nat(255)))
      .map(([type, count, bytes]) => {
        const take = (n: number) => b4a.from(Array.from({ length: n }, () => bytes.next().value as number));
        const size = [0, 0, 33, 65, 34, 64][type] as number;
        const head = type === FRAME.identity ? [take(32)] : [];
        const entries = Array.from({ length: count }, (_, n) => b4a.concat([b4a.from([n]), take(size - 1)]));
        return b4a.concat([b4a.from('RPF1'), b4a.from([type]), ...head, b4a.from([count]), ...entries]);
      }),
  );
  fc.assert(
    fc.property(frame, fc.integer({ min: 0, max: 5 }), fc.boolean(), (bytes, moment, atInitiator) => {
      const [i, r] = [initiator([ROOM]), responder([ROOM])];
      run(i, r, (sent, n) => (n < moment ? sent : null));
      const end = atInitiator ? i : r;
      const before = end.proven.length;
      try {
        end.receive(bytes);
      } catch (err) {
        if (!(err instanceof ProtocolError)) throw err;
      }
      try {
        RoomProof.isHello(bytes);
        RoomProof.matchAsk(bytes, [ROOM], HANDSHAKE.handshakeHash);
      } catch (err) {
        if (!(err instanceof ProtocolError)) throw err;
      }
      return end.proven.length <= before;
    }),
    { seed: 3, numRuns: 150 },
  );
  t.pass('150 frames');
});

t.test('[P1] frames of another stream are of no use on this one', async (t) => {
  const old = recorded(initiator([ROOM]), responder([ROOM]));
  const [hello, offer, prove, accept, identityR, identityI] = old as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  t.equal(
    responder([ROOM], OTHER_STREAM).receive(hello).outcome,
    'none',
    'HELLO: its tags are of that stream',
  );

  const replay = (number: number, frame: Uint8Array) =>
    run(initiator([ROOM], OTHER_STREAM), responder([ROOM], OTHER_STREAM), (sent, n) =>
      n === number ? frame : sent,
    );
  t.strictSame(replay(1, offer).r, { outcome: 'failed', violation: null }, 'OFFER');
  t.strictSame(replay(2, prove).r, { outcome: 'failed', violation: null }, 'PROVE');
  t.strictSame(replay(3, accept).i, { outcome: 'waiting', violation: 'PROOF_WRONG' }, 'ACCEPT');
  t.strictSame(replay(4, identityR).i, { outcome: 'waiting', violation: 'IDENTITY_MISMATCH' }, 'M5');
  t.strictSame(replay(5, identityI).r, { outcome: 'waiting', violation: 'IDENTITY_MISMATCH' }, 'M6');
});

t.test('[P5] a whole run sent again on its own stream proves nothing', async (t) => {
  const [hello, , prove] = recorded(initiator([ROOM]), responder([ROOM])) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const r = responder([ROOM]);
  t.equal(r.receive(hello).outcome, 'waiting', 'the tags are right');
  t.equal(r.receive(prove).outcome, 'failed', 'but the share of this run is another one');
});

t.test('[P2] an end’s own frames sent back to it are refused', async (t) => {
  const i = initiator([ROOM]);
  const hello = i.start() as Uint8Array;
  t.throws(() => i.receive(hello), malformed, 'HELLO to its sender');

  const r = responder([ROOM]);
  const offer = first(r.receive(initiator([ROOM]).start() as Uint8Array).send);
  const [{ share }] = decodeOffer(offer) as [OfferEntry];
  t.throws(() => r.receive(encodeProve([{ entry: 0, share, tag: b4a.alloc(32) }])), malformed, 'YI = YR');

  const talk = run(initiator([ROOM]), responder([ROOM]), (frame, n) => (n === 5 ? null : frame));
  const r2 = responder([ROOM]);
  const sent: Uint8Array[] = [];
  run(initiator([ROOM]), r2, (frame, n) => {
    sent.push(frame);
    return n === 5 ? null : frame;
  });
  t.throws(() => r2.receive(sent[4] as Uint8Array), mismatch, 'M5 as M6');
  t.equal(talk.r.outcome, 'waiting');
});

t.test(
  '[P2] a share that is no element, or the identity element, is refused before anything is answered',
  async (t) => {
    for (const [what, share] of Object.entries({
      identity: b4a.alloc(32),
      negative: b4a.from([1, ...b4a.alloc(31)]),
      'not canonical': b4a.alloc(32, 0xff),
    })) {
      const i = initiator([ROOM]);
      i.start();
      t.throws(() => i.receive(encodeOffer([{ place: 0, share }])), malformed, `${what} in OFFER`);
      const r = responder([ROOM]);
      r.receive(initiator([ROOM]).start() as Uint8Array);
      t.throws(
        () => r.receive(encodeProve([{ entry: 0, share, tag: b4a.alloc(32) }])),
        malformed,
        `${what} in PROVE`,
      );
    }
  },
);

t.test(
  '[C11] one wrong guess ends the run: the responder tells nothing that a guess can be tried on',
  async (t) => {
    const [right, guess] = [protectedRoom(1, 1), protectedRoom(1, 2)];
    const [i, r] = [initiator([guess]), responder([right])];
    const talk = run(i, r);
    t.strictSame([talk.i.outcome, talk.r.outcome], ['failed', 'failed']);
    const [answer] = decodeAccept(talk.frames[3]?.frame as Uint8Array);
    t.equal(answer?.accepted, false);
    const again = run(initiator([guess]), responder([right]), (frame, n) => (n < 2 ? frame : null));
    t.equal(again.frames.length, 3, 'the guess is in PROVE');
    for (const { frame } of talk.frames) t.throws(() => r.receive(frame), malformed, 'no second guess');
    t.equal(r.wrong.length, 1, 'it is counted once');
  },
);

t.test('[C11] the tag beside a "no" is another one each time, and never the right one', async (t) => {
  const seen = new Set<string>();
  for (let n = 0; n < 5; n++) {
    // Even who knows the secret, and sends the right share with a wrong tag, is not shown the responder's.
    const r = responder([ROOM]);
    const [offer] = decodeOffer(first(r.receive(initiator([ROOM]).start() as Uint8Array).send)) as [
      OfferEntry,
    ];
    const own = cpaceShare(context(ROOM));
    const keys = cpaceKeys(context(ROOM), own, offer.share, true);
    const { send, outcome } = r.receive(encodeProve([{ entry: 0, share: own.share, tag: b4a.alloc(32) }]));
    const [answer] = decodeAccept(first(send)) as [AcceptEntry];
    t.equal(outcome, 'failed');
    t.equal(send.length, 1, 'nor who it is');
    t.equal(answer.accepted, false);
    t.notSame(answer.tag, keys?.responderTag);
    seen.add(b4a.toString(answer.tag, 'hex'));
  }
  t.equal(seen.size, 5);
});

t.test('[C11] who claims to know the secret and does not is found out', async (t) => {
  const i = initiator([ROOM]);
  i.start();
  const { share } = cpaceShare(context(privateRoom(2)));
  const { send } = i.receive(encodeOffer([{ place: 0, share }]));
  t.equal(first(send)[4], FRAME.prove);
  t.throws(() => i.receive(encodeAccept([{ entry: 0, accepted: true, tag: b4a.alloc(32) }])), wrong);
  t.strictSame([i.proven, i.remoteIdentity], [[], null]);
});

t.test('[C11] [P4] every guess that a responder could make in one run is counted', async (t) => {
  const guesses = (count: number) => Array.from({ length: count }, (_, n) => protectedRoom(1, n + 10));
  for (const [what, last] of [
    ['if it says no', 5],
    ['if it hangs up', 2],
  ] as const) {
    for (const count of [1, 4]) {
      const i = initiator([protectedRoom(1, 1)]);
      run(i, responder(guesses(count)), (frame, n) => (n <= last ? frame : null));
      t.equal(i.guessed.length, count, `${count}, ${what}`);
    }
  }
  const i = initiator([protectedRoom(1, 1)]);
  run(i, responder([...guesses(2), protectedRoom(1, 1)]));
  t.strictSame(i.guessed, [], 'who is shown to know the secret has not guessed');
  const r = responder([protectedRoom(1, 1)]);
  run(initiator(guesses(1)), r);
  t.equal(r.guessed.length, 1, 'a responder counts those of an initiator');
  const early = responder([protectedRoom(1, 1)]);
  run(initiator(guesses(1)), early, (frame, n) => (n < 2 ? frame : null));
  t.strictSame(early.guessed, [], 'who left before PROVE has learned nothing');
});

t.test('[C4] an identity that is not signed for this stream, role and room is refused', async (t) => {
  const { handshakeHash } = HANDSHAKE;
  const claim = (identity: typeof ANN, ...messages: Uint8Array[]) =>
    encodeIdentity({
      identity: identity.publicKey,
      signatures: messages.map((message) => identity.sign(message)),
    });
  const right = identityMessage('R', handshakeHash, ROOM);
  const cases: [string, Uint8Array, string | null][] = [
    ['the right one', claim(MAL, right), null],
    [
      'a role that is the other end’s',
      claim(MAL, identityMessage('I', handshakeHash, ROOM)),
      'IDENTITY_MISMATCH',
    ],
    ['another stream', claim(MAL, identityMessage('R', b4a.alloc(64), ROOM)), 'IDENTITY_MISMATCH'],
    ['another room', claim(MAL, identityMessage('R', handshakeHash, privateRoom(2))), 'IDENTITY_MISMATCH'],
    [
      'somebody else’s key',
      encodeIdentity({ identity: BOB.publicKey, signatures: [MAL.sign(right)] }),
      'IDENTITY_MISMATCH',
    ],
    [
      'a key of zeros',
      encodeIdentity({ identity: b4a.alloc(32), signatures: [b4a.alloc(64)] }),
      'IDENTITY_MISMATCH',
    ],
    ['a signature more than rooms', claim(MAL, right, right), 'PROOF_MALFORMED'],
  ];
  for (const [what, frame, violation] of cases) {
    const i = initiator([ROOM]);
    const talk = run(i, responder([ROOM]), (sent, n) => (n === 4 ? frame : sent));
    t.equal(talk.i.violation, violation, what);
    if (violation) t.strictSame([i.proven, i.remoteIdentity], [[], null]);
    else t.strictSame(i.remoteIdentity, MAL.publicKey);
  }
});

t.test('[C4] with several rooms every one is signed for, in order', async (t) => {
  const rooms = [ROOM, privateRoom(2)];
  const talk = run(initiator(rooms), responder(rooms), (frame, n) => {
    if (n !== 4) return frame;
    const swapped = [frame.subarray(0, 38), frame.subarray(102), frame.subarray(38, 102)];
    return b4a.concat(swapped);
  });
  t.equal(talk.i.violation, 'IDENTITY_MISMATCH');
});

t.test('[C1] nothing is proven if the ends hold different handshakes or transport keys', async (t) => {
  const room = protectedRoom(1, 1);
  const { initiatorKey, responderKey } = HANDSHAKE;
  for (const [what, other] of Object.entries({
    'another initiator': { ...HANDSHAKE, initiatorKey: b4a.alloc(32, 0x99) },
    'another responder': { ...HANDSHAKE, responderKey: b4a.alloc(32, 0x99) },
    'keys that are swapped': { ...HANDSHAKE, initiatorKey: responderKey, responderKey: initiatorKey },
  })) {
    const talk = run(initiator([room]), responder([room], other));
    t.strictSame([talk.i.outcome, talk.r.outcome], ['failed', 'failed'], what);
  }
  const apart = run(initiator([room]), responder([room], OTHER_STREAM));
  t.strictSame([apart.i.outcome, apart.r.outcome], ['none', 'none'], 'another handshake');
});
