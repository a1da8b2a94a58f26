import { readFileSync } from 'node:fs';
import b4a from 'b4a';
import t, { type Test } from 'tap';
import { roomTag } from '../../src/discovery/room-tags.js';
import {
  type CpaceContext,
  type CpaceShare,
  cpaceKeys,
  cpaceShare,
  generator,
  generatorOf,
  lengthValues,
} from '../../src/membership/cpace.js';
import { greeted, helloTag } from '../../src/membership/greeting.js';
import { hkdf } from '../../src/membership/hkdf.js';
import { identityMessage, signedBy } from '../../src/membership/identity-signature.js';
import {
  decodeAccept,
  decodeGreeting,
  decodeIdentity,
  decodeOffer,
  decodeProve,
  encodeAccept,
  encodeGreeting,
  encodeIdentity,
  encodeOffer,
  encodeProve,
  FRAME,
} from '../../src/membership/proof-frames.js';
import {
  keysFromSeed,
  openRoomSeed,
  privateRoomSeed,
  protectedRoomSeed,
  type RoomKeys,
  type RoomSeed,
} from '../../src/membership/room-keys.js';
import { channelId } from '../../src/membership/session-keys.js';
import { stretch } from '../../src/membership/stretch.js';
import type { Tier } from '../../src/membership/tier.js';
import { identityOfSeed } from './two-ends.js';

interface RoomVector {
  tier: Tier;
  name?: string;
  passphrase?: string;
  secret?: string;
  rdv: string;
  sec: string;
  topic: string;
  mdnsKey: string;
  helloKey: string;
  prs: string;
  roomId: string;
  mdnsTag: string;
  helloTag: string;
  askTag: string;
}

interface RunVector {
  tier: Tier;
  prs: string;
  scalarI: string;
  scalarR: string;
  g: string;
  YR: string;
  YI: string;
  TI: string;
  TR: string;
  session: string;
  channels: Record<string, string>;
}

interface Vectors {
  hkdf: { ikm: string; salt: string; info: string; length: number; okm: string }[];
  stretch: { password: string; saltInput: string; key: string };
  handshake: Record<'handshakeHash' | 'initiatorKey' | 'responderKey' | 'nonce' | 'mdnsNonce', string>;
  rooms: RoomVector[];
  draft: Record<'prs' | 'ci' | 'sid' | 'g' | 'ya' | 'yb' | 'Ya' | 'Yb' | 'K', string>;
  lengthValues: { parts: string[]; bytes: string }[];
  noShares: string[];
  runs: RunVector[];
  identity: Record<'seedI' | 'seedR' | 'publicI' | 'publicR' | 'signatureI' | 'signatureR', string>;
  frames: Record<
    'hello' | 'offer' | 'offerNone' | 'prove' | 'accept' | 'acceptNot' | 'identityR' | 'identityI' | 'ask',
    string
  >;
}

const vectors = JSON.parse(readFileSync('test/vectors/membership.json', 'utf8')) as Vectors;
const bytes = (hex: string) => b4a.from(hex, 'hex');
const hex = (of: Uint8Array) => b4a.toString(of, 'hex');
const same = (t: Test, actual: Uint8Array, expected: string, message: string) =>
  t.equal(hex(actual), expected, message);

const handshakeHash = bytes(vectors.handshake.handshakeHash);
const nonce = bytes(vectors.handshake.nonce);
const [privateVector] = vectors.rooms.filter(({ tier }) => tier === 'private') as [RoomVector];
const [privateRun] = vectors.runs.filter(({ tier }) => tier === 'private') as [RunVector];
const privateRoom = keysFromSeed(privateRoomSeed(bytes(privateVector.secret as string)));

const contextOf = ({ tier, prs }: RunVector): CpaceContext => ({
  tier,
  prs: bytes(prs),
  handshakeHash,
  initiatorKey: bytes(vectors.handshake.initiatorKey),
  responderKey: bytes(vectors.handshake.responderKey),
});
/** 64 bytes of "randomness" that are, modulo the order of the group, this scalar. */
const drawn = (scalar: string) => () => b4a.concat([b4a.alloc(32), bytes(scalar)]);

const seedOf = ({ name, passphrase, secret }: RoomVector): Promise<RoomSeed> | RoomSeed => {
  if (secret !== undefined) return privateRoomSeed(bytes(secret));
  return passphrase === undefined
    ? openRoomSeed(name as string)
    : protectedRoomSeed(name as string, passphrase);
};

t.test('[M2] HKDF with SHA-512 gives the known answers, with and without a salt', async (t) => {
  for (const { ikm, salt, info, length, okm } of vectors.hkdf) {
    same(t, hkdf(bytes(ikm), bytes(salt), bytes(info), length), okm, `${length} bytes`);
  }
  same(
    t,
    hkdf(bytes(vectors.hkdf[2]?.ikm as string), b4a.alloc(64), b4a.alloc(0), 42),
    vectors.hkdf[2]?.okm as string,
    'an empty salt is 64 zero bytes',
  );
});

t.test('[M2] stretching gives the known answer, also when many are asked for at once', async (t) => {
  const { password, saltInput, key } = vectors.stretch;
  const all = await Promise.all([1, 2, 3].map(() => stretch(bytes(password), bytes(saltInput))));
  for (const stretched of all) same(t, stretched, key, 'one after the other');
});

t.test('[M2] [D2] a room has the known seed, keys and tags', async (t) => {
  for (const vector of vectors.rooms) {
    const what = vector.name ?? vector.tier;
    const seed = await seedOf(vector);
    t.equal(seed.tier, vector.tier, what);
    same(t, seed.rdv, vector.rdv, `${what}: RDV`);
    same(t, seed.sec, vector.sec, `${what}: SEC`);
    const keys: RoomKeys = keysFromSeed(seed);
    same(t, keys.topic, vector.topic, `${what}: topic`);
    same(t, keys.mdnsKey, vector.mdnsKey, `${what}: mDNS key`);
    same(t, keys.helloKey, vector.helloKey, `${what}: hello key`);
    same(t, keys.prs, vector.prs, `${what}: PRS`);
    same(t, keys.roomId, vector.roomId, `${what}: ROOMID`);
    t.equal(keys.id, vector.roomId, `${what}: id`);
    t.equal(keys.lanOnly, false, what);
    same(t, roomTag(keys.mdnsKey, bytes(vectors.handshake.mdnsNonce)), vector.mdnsTag, `${what}: mDNS tag`);
    same(t, helloTag(keys, 'I', handshakeHash, nonce), vector.helloTag, `${what}: tag of HELLO`);
    same(t, helloTag(keys, 'R', handshakeHash, nonce), vector.askTag, `${what}: tag of ASK`);
  }
  t.equal(keysFromSeed(privateRoomSeed(b4a.alloc(32)), true).lanOnly, true, 'said by who asks for the keys');
});

t.test(
  '[M3] [A7] what is sent of a protected room before the proof does not depend on its passphrase',
  async (t) => {
    const [one, other] = vectors.rooms.filter(({ tier }) => tier === 'protected') as [RoomVector, RoomVector];
    const [a, b] = [keysFromSeed(await seedOf(one)), keysFromSeed(await seedOf(other))];
    t.not(one.passphrase, other.passphrase);
    for (const key of ['topic', 'mdnsKey', 'helloKey'] as const) t.same(a[key], b[key], `${key} is the same`);
    for (const key of ['prs', 'roomId', 'id'] as const) t.notSame(a[key], b[key], `${key} differs`);
  },
);

t.test('[P2] CPace reproduces the ristretto255 vector of the draft', async (t) => {
  const { draft } = vectors;
  const littleEndian = (scalar: string) => BigInt(`0x${hex(bytes(scalar).reverse())}`);
  const g = generatorOf(bytes(draft.prs), bytes(draft.ci), bytes(draft.sid));
  same(t, g.toBytes(), draft.g, 'generator');
  same(t, g.multiply(littleEndian(draft.ya)).toBytes(), draft.Ya, 'Ya');
  same(t, g.multiply(littleEndian(draft.yb)).toBytes(), draft.Yb, 'Yb');
  same(t, g.multiply(littleEndian(draft.ya)).multiply(littleEndian(draft.yb)).toBytes(), draft.K, 'K');
  for (const { parts, bytes: expected } of vectors.lengthValues) {
    same(t, lengthValues(...parts.map(bytes)), expected, `lengths of ${parts.length} values`);
  }
});

t.test('[P2] a run of each tier has the known generator, shares, tags and session', async (t) => {
  for (const vector of vectors.runs) {
    const context = contextOf(vector);
    same(t, generator(context).toBytes(), vector.g, `${vector.tier}: generator`);
    const r = cpaceShare(context, drawn(vector.scalarR));
    const i = cpaceShare(context, drawn(vector.scalarI));
    same(t, r.share, vector.YR, `${vector.tier}: YR`);
    same(t, i.share, vector.YI, `${vector.tier}: YI`);
    for (const keys of [cpaceKeys(context, i, r.share, true), cpaceKeys(context, r, i.share, false)]) {
      if (!keys) throw new Error('a good share was refused');
      same(t, keys.initiatorTag, vector.TI, `${vector.tier}: TI`);
      same(t, keys.responderTag, vector.TR, `${vector.tier}: TR`);
      same(t, keys.session, vector.session, `${vector.tier}: SESS`);
      for (const [name, id] of Object.entries(vector.channels)) {
        same(t, channelId(keys.session, name), id, `[W3] channel ${name}`);
      }
    }
  }
});

t.test('[P2] every input of a run is bound into its generator', async (t) => {
  const context = contextOf(privateRun);
  const { initiatorKey, responderKey } = context;
  for (const [what, change] of Object.entries<Partial<CpaceContext>>({
    handshake: { handshakeHash: b4a.alloc(64) },
    tier: { tier: 'protected' },
    password: { prs: b4a.alloc(64) },
    roles: { initiatorKey: responderKey, responderKey: initiatorKey },
    initiator: { initiatorKey: b4a.alloc(32) },
    responder: { responderKey: b4a.alloc(32) },
  })) {
    t.not(hex(generator({ ...context, ...change }).toBytes()), privateRun.g, what);
  }
});

t.test('[C14] [P2] what is no share of the other end is refused', async (t) => {
  const context = contextOf(privateRun);
  const own: CpaceShare = cpaceShare(context);
  for (const isInitiator of [true, false]) {
    for (const bad of vectors.noShares) t.equal(cpaceKeys(context, own, bytes(bad), isInitiator), null, bad);
    t.equal(cpaceKeys(context, own, own.share, isInitiator), null, 'the own share sent back');
    t.equal(cpaceKeys(context, own, own.share.subarray(1), isInitiator), null, 'a byte too few');
    t.ok(cpaceKeys(context, own, bytes(privateRun.YR), isInitiator), 'a share of somebody else');
  }
});

t.test('[P2] a scalar that is zero modulo the order of the group is never used', async (t) => {
  const context = contextOf(privateRun);
  const { share } = cpaceShare(context, () => b4a.alloc(64));
  t.notSame(share, b4a.alloc(32));
  t.equal(hex(share), privateRun.g);
});

t.test('[P1] frames are the known bytes, and are read back the same', async (t) => {
  const { frames, identity } = vectors;
  const tags = [bytes(privateVector.helloTag), b4a.alloc(16, 0x77)];
  const askTags = [bytes(privateVector.askTag), b4a.alloc(16, 0x77)];
  const offer = [{ place: 0, share: bytes(privateRun.YR) }];
  const prove = [{ entry: 0, share: bytes(privateRun.YI), tag: bytes(privateRun.TI) }];
  const accept = [{ entry: 0, accepted: true, tag: bytes(privateRun.TR) }];
  const acceptNot = [{ entry: 0, accepted: false, tag: b4a.alloc(32, 0x88) }];
  const bound = (publicKey: string, signature: string) => ({
    identity: bytes(publicKey),
    signatures: [bytes(signature)],
  });

  same(t, encodeGreeting(FRAME.hello, { nonce, tags }), frames.hello, 'M1');
  same(t, encodeGreeting(FRAME.ask, { nonce, tags: askTags }), frames.ask, 'ASK');
  same(t, encodeOffer(offer), frames.offer, 'M2');
  same(t, encodeOffer([]), frames.offerNone, 'M2 of no common room');
  same(t, encodeProve(prove), frames.prove, 'M3');
  same(t, encodeAccept(accept), frames.accept, 'M4');
  same(t, encodeAccept(acceptNot), frames.acceptNot, 'M4 that says no');
  same(t, encodeIdentity(bound(identity.publicR, identity.signatureR)), frames.identityR, 'M5');
  same(t, encodeIdentity(bound(identity.publicI, identity.signatureI)), frames.identityI, 'M6');

  t.strictSame(decodeGreeting(bytes(frames.hello), FRAME.hello), { nonce, tags }, 'M1');
  t.strictSame(decodeGreeting(bytes(frames.ask), FRAME.ask), { nonce, tags: askTags }, 'ASK');
  t.strictSame(decodeOffer(bytes(frames.offer)), offer, 'M2');
  t.strictSame(decodeOffer(bytes(frames.offerNone)), [], 'M2 of no common room');
  t.strictSame(decodeProve(bytes(frames.prove)), prove, 'M3');
  t.strictSame(decodeAccept(bytes(frames.accept)), accept, 'M4');
  t.strictSame(decodeAccept(bytes(frames.acceptNot)), acceptNot, 'M4 that says no');
  t.strictSame(decodeIdentity(bytes(frames.identityI)), bound(identity.publicI, identity.signatureI));
});

t.test('[P1] a room is found by its tag in the known HELLO and ASK, each in its own role', async (t) => {
  const { hello, ask } = vectors.frames;
  const found = [{ room: privateRoom, place: 0 }];
  t.strictSame(greeted(bytes(hello), [privateRoom], 'I', handshakeHash), found);
  t.strictSame(greeted(bytes(ask), [privateRoom], 'R', handshakeHash), found);
  const turned = bytes(hello);
  turned[4] = FRAME.ask;
  t.strictSame(greeted(turned, [privateRoom], 'R', handshakeHash), [], 'a HELLO sent back as ASK');
  t.strictSame(greeted(bytes(hello), [privateRoom], 'I', b4a.alloc(64)), [], 'on another stream');
});

t.test('[P3] an identity signs the known bytes, and each role its own', async (t) => {
  const { identity } = vectors;
  for (const [role, seed, publicKey, signature] of [
    ['I', identity.seedI, identity.publicI, identity.signatureI],
    ['R', identity.seedR, identity.publicR, identity.signatureR],
  ] as const) {
    const own = identityOfSeed(bytes(seed));
    const message = identityMessage(role, handshakeHash, privateRoom);
    same(t, own.publicKey, publicKey, `${role}: public key`);
    same(t, own.sign(message), signature, `${role}: signature`);
    t.ok(signedBy(bytes(publicKey), message, bytes(signature)), `${role}: verified`);
    const other = identityMessage(role === 'I' ? 'R' : 'I', handshakeHash, privateRoom);
    t.notOk(signedBy(bytes(publicKey), other, bytes(signature)), `${role}: not in the other role`);
  }
});
