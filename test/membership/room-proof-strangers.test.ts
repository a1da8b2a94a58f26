import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import { driveProof } from '../../src/connection/drive-proof.js';
import { Link } from '../../src/connection/link.js';
import type { FoundStream } from '../../src/discovery/discovery.js';
import { greet, greeted } from '../../src/membership/greeting.js';
import { FRAME } from '../../src/membership/proof-frames.js';
import type { RoomKeys } from '../../src/membership/room-keys.js';
import { RoomProof } from '../../src/membership/room-proof.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, roomNumber } from '../support/memory-node.js';
import { noisePair } from '../support/noise-pair.js';
import { ANN, BOB, identityOfSeed, privateRoom, protectedRoom } from './two-ends.js';

const MAL = identityOfSeed(b4a.alloc(32, 0xee));
const ROOM = privateRoom(1);
const first = (frames: readonly Uint8Array[]) => frames[0] as Uint8Array;

interface Told {
  proof: RoomProof;
  told: Promise<string>;
}

/** A member at one end of a stream; `told` is what became of it. */
function member(noise: NoiseSecretStream, room: RoomKeys): Told {
  const proof = proofOn(noise, [room], noise.isInitiator ? ANN : BOB);
  const told = new Promise<string>((resolve) => {
    driveProof({
      noise,
      proof,
      clock: systemClock,
      onProven: () => resolve('proven'),
      onFailed: (violation) => resolve(violation?.violation ?? 'ended'),
    });
  });
  return { proof, told };
}

const proofOn = (noise: NoiseSecretStream, rooms: readonly RoomKeys[], identity = MAL) =>
  new RoomProof({
    isInitiator: noise.isInitiator,
    handshakeHash: noise.handshakeHash as Uint8Array,
    localKey: noise.publicKey as Uint8Array,
    remoteKey: noise.remotePublicKey as Uint8Array,
    rooms,
    identity,
  });

/** Ann and Bob, each on a Noise stream to the one in the middle, who holds the other two ends. */
async function inTheMiddle(t: Test) {
  const [ann, toAnn] = await noisePair();
  const [toBob, bob] = await noisePair();
  t.teardown(() => {
    for (const stream of [ann, toBob]) stream.destroy();
  });
  return { ann, toAnn, toBob, bob };
}

t.test('[C1] who stands between two members and passes every byte on proves nothing to either', async (t) => {
  for (const room of [ROOM, protectedRoom(1, 1)]) {
    const { ann, toAnn, toBob, bob } = await inTheMiddle(t);
    toAnn.on('data', (frame) => toBob.write(b4a.from(frame)));
    toBob.on('data', (frame) => toAnn.write(b4a.from(frame)));
    const [atAnn, atBob] = [member(ann, room), member(bob, room)];
    t.strictSame([await atAnn.told, await atBob.told], ['ended', 'ended']);
    t.strictSame([...atAnn.proof.proven, ...atBob.proof.proven], []);
    t.strictSame([...atAnn.proof.wrong, ...atBob.proof.wrong], [], 'they do not even learn of a common room');
  }
});

t.test('[C1] who stands between and knows the name gets no further, and is noticed', async (t) => {
  const room = protectedRoom(1, 1);
  const guess = protectedRoom(1, 2);
  for (const claims of [false, true]) {
    const { ann, toAnn, toBob, bob } = await inTheMiddle(t);
    toAnn.on('data', (frame) => {
      if (frame[4] === FRAME.hello) {
        t.equal(greeted(b4a.from(frame), [guess], 'I', toAnn.handshakeHash as Uint8Array).length, 1);
        toBob.write(greet([guess], 'I', toBob.handshakeHash as Uint8Array).frame); // with the tag that Bob expects
      } else {
        toBob.write(b4a.from(frame));
      }
    });
    toBob.on('data', (frame) => {
      const answer = b4a.from(frame);
      if (claims && answer[4] === FRAME.accept) answer[7] = 0;
      toAnn.write(answer);
    });
    const [atAnn, atBob] = [member(ann, room), member(bob, room)];
    t.strictSame([await atAnn.told, await atBob.told], [claims ? 'PROOF_WRONG' : 'ended', 'ended']);
    t.strictSame([...atAnn.proof.proven, ...atBob.proof.proven], []);
    t.equal(atBob.proof.wrong.length, 1, 'a wrong guess');
  }
});

/** A stranger on the network of a node; its streams, once it has joined, come to `onStream`. */
async function stranger(t: Test, network: MemoryNetwork, onStream: (found: FoundStream) => void) {
  const discovery = network.discovery();
  t.teardown(() => discovery.close());
  await discovery.open();
  discovery.on('stream', onStream);
  return discovery;
}

for (const [what, after] of [
  ['and then says no', 'no'],
  ['and then hangs up', 'silence'],
  ['and then claims that it was right', 'yes'],
] as const) {
  t.test(`[C11] [P4] a node counts the guess of a responder that takes PROVE ${what}`, async (t) => {
    const network = new MemoryNetwork();
    const node = await MemoryNode.open(t, 'Ann', network);
    let streams = 0;
    let dialledAgain = () => {};
    const again = new Promise<void>((resolve) => {
      dialledAgain = resolve;
    });
    const mal = await stranger(t, network, ({ noise }) => {
      if (++streams > 1) return dialledAgain(); // the first stream is over at the node too
      const proof = proofOn(noise, [protectedRoom(1, 2)]);
      noise.on('data', (frame) => {
        const { send } = proof.receive(frame);
        if (frame[4] !== FRAME.prove) return void noise.write(first(send));
        if (after === 'silence') return noise.destroy(); // PROVE is all that it takes to test a guess
        const accept = b4a.from(first(send));
        if (after === 'yes') accept[7] = 0;
        noise.write(accept);
        noise.end();
      });
    });
    mal.join({ ...protectedRoom(1, 2), id: 'the room' });
    await node.join(protectedRoom(1, 1));
    await again;
    t.equal(node.counters.snapshot()['secrets wrong'], 1, 'counted once');
  });
}

for (const [who, identity] of [
  ['the same', MAL],
  ['another', BOB],
] as const) {
  t.test(`[C4] [P3] a later room on a stream, proven by ${who} identity`, async (t) => {
    const network = new MemoryNetwork();
    const node = await MemoryNode.open(t, 'Ann', network);
    const [one, two] = [roomNumber(1), roomNumber(2)];
    await node.join(one);
    await node.join(two);
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const mal = await stranger(t, network, ({ noise }) => {
      noise.on('close', settle);
      const onProven = () => {
        const later = proofOn(noise, [two], identity);
        const link = new Link({
          noise,
          carrier: 'tcp',
          path: 'lan',
          address: 'memory:2',
          clock: systemClock,
          onProof(frame) {
            if (RoomProof.isAsk(frame)) return;
            for (const answer of later.receive(frame).send) link.sendProof(answer);
          },
          onViolation() {},
          onClose() {},
        });
        link.sendProof(later.start() as Uint8Array);
      };
      driveProof({ noise, proof: proofOn(noise, [one]), clock: systemClock, onProven, onFailed: settle });
    });
    node.network.on('session', ({ roomId }) => {
      if (roomId === two.id) settle();
    });
    mal.join({ ...one, id: 'the first room' });
    await settled;
    await mal.close();
    const shared = node.sessions.map(({ roomId }) => roomId);
    t.strictSame(shared, identity === MAL ? [one.id, two.id] : [one.id], 'the rooms that are shared');
    t.equal(node.counters.snapshot()['violation IDENTITY_MISMATCH'], identity === MAL ? undefined : 1);
  });
}
