import { randomInt } from 'node:crypto';
import b4a from 'b4a';
import t from 'tap';
import { chatChannel } from '../../src/chat/chat-channel.js';
import { systemClock } from '../../src/clock.js';
import { FrameInspector } from '../../src/connection/frame-inspector.js';
import { linkChannel } from '../../src/connection/link-channel.js';
import { Hello, REQUESTS, RequestFrame } from '../../src/daemon/api.js';
import { fromTxt, makeTags, newNonce, toTxt } from '../../src/discovery/room-tags.js';
import { ChatterError, ProtocolError } from '../../src/errors.js';
import { greet } from '../../src/membership/greeting.js';
import { inviteSentence, parseInvite } from '../../src/membership/invite.js';
import {
  decodeAccept,
  decodeGreeting,
  decodeIdentity,
  decodeOffer,
  decodeProve,
  encodeAccept,
  encodeIdentity,
  encodeOffer,
  encodeProve,
} from '../../src/membership/proof-frames.js';
import { decodeAll, encodeAll } from '../../src/protocol/codec.js';
import { roomChannel } from '../../src/room/room-channel.js';
import { batch, onChannel, open } from '../support/hostile/mux-frames.js';
import { roomNumber } from '../support/memory-node.js';

const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 20_000);
t.comment(`FUZZ_SEED=${seed}`);

let state = seed;
/** mulberry32: 0 up to but not `below`. */
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let z = Math.imul(state ^ (state >>> 15), 1 | state);
  z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
  return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * below);
}

const EDGES = [0, 1, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

/** Valid bytes with some flipped, cut, doubled, put in or replaced by an edge. */
function mutate(valid: Uint8Array): Uint8Array {
  let bytes = b4a.from(valid);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(bytes.length + 1);
    const kind = random(5);
    if (kind === 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
    if (kind === 1 && at < bytes.length) bytes[at] = EDGES[random(EDGES.length)] as number;
    if (kind === 2) bytes = bytes.subarray(0, at);
    if (kind === 3) bytes = b4a.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
    if (kind === 4)
      bytes = b4a.concat([
        bytes.subarray(0, at),
        b4a.alloc(1 + random(9), EDGES[random(8)]),
        bytes.subarray(at),
      ]);
  }
  return b4a.from(bytes);
}

/** Runs `read` on mutants of `valid`; any error but the expected ones fails the test with the bytes that made it. */
function fuzz(
  name: string,
  valid: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
  expected: (err: unknown) => boolean = (err) => err instanceof ProtocolError,
) {
  t.test(`[B3] [B4] ${name}: any bytes are read or refused`, async (t) => {
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutate(valid[random(valid.length)] as Uint8Array);
      try {
        read(bytes);
      } catch (err) {
        if (!expected(err)) t.fail(`FUZZ_SEED=${seed} ${b4a.toString(bytes, 'hex')}: ${String(err)}`);
        refused++;
      }
    }
    t.ok(refused > 0 && refused < ROUNDS, `${refused} of ${ROUNDS} refused`);
  });
}

const of = (length: number, value: number) => b4a.alloc(length, value);
const share = of(32, 7);

fuzz(
  'frames',
  [
    open(1, 'chatter/link/1', share),
    onChannel(3, 0, of(40, 1)),
    batch(2, [of(3, 1), of(70, 2), of(1, 0)]),
    b4a.from('000301', 'hex'),
  ],
  (bytes) => new FrameInspector(systemClock).inspect(bytes),
);
fuzz('greetings', [greet([roomNumber(1), roomNumber(2)], 'I', of(64, 3)).frame], (bytes) =>
  decodeGreeting(bytes, 1),
);
fuzz('offers', [encodeOffer([0, 1].map((place) => ({ place, share })))], decodeOffer);
fuzz('proofs', [encodeProve([0, 1].map((entry) => ({ entry, share, tag: share })))], decodeProve);
fuzz('answers', [encodeAccept([0, 1].map((entry) => ({ entry, accepted: true, tag: share })))], decodeAccept);
fuzz('identities', [encodeIdentity({ identity: share, signatures: [of(64, 1)] })], decodeIdentity);

const { profile } = roomChannel.messages;
const { message, heads } = chatChannel.messages;
const { ping, proof, bulkAck } = linkChannel.messages;
fuzz('names', [encodeAll(profile.codec, { name: 'Ótter 🦦' })], (b) => decodeAll(profile.codec, b));
const wire = { header: of(150, 1), signature: of(64, 2), body: of(90, 3) };
fuzz('messages', [encodeAll(message.codec, wire)], (b) => decodeAll(message.codec, b));
const logs = [{ log: of(38, 1), next: 300, branches: 1, tip: of(32, 2) }];
fuzz('announcements', [encodeAll(heads.codec, { logs })], (b) => decodeAll(heads.codec, b));
fuzz('pings', [encodeAll(ping.codec, { n: 70_000 })], (b) => decodeAll(ping.codec, b));
fuzz('later proofs', [encodeAll(proof.codec, of(40, 4))], (b) => decodeAll(proof.codec, b));
fuzz('totals', [encodeAll(bulkAck.codec, { total: 2 ** 33 })], (b) => decodeAll(bulkAck.codec, b));

fuzz(
  'invites',
  [b4a.from(inviteSentence({ secret: share, label: 'dé sign' }))],
  (bytes) => parseInvite(b4a.toString(bytes)),
  (err) => err instanceof ChatterError && err.code === 'INVITE_INVALID',
);

const txt = Object.entries(toTxt(makeTags([of(32, 1)], newNonce()))).map(([key, value]) => `${key}=${value}`);
fuzz('mDNS records', [b4a.from(txt.join('\n'))], (bytes) => {
  const lines = b4a.toString(bytes, 'latin1').split('\n');
  if (!fromTxt(lines.map((text) => b4a.from(text, 'latin1')))) throw new ProtocolError('FRAME_MALFORMED');
});

const request = b4a.from(
  '{"id":1,"do":"join","room":"lab","peers":["127.0.0.1:1"],"hello":1,"since":{"epoch":"a","seq":2}}',
);
fuzz(
  'frames of the local API',
  [request],
  (bytes) => {
    const frame = JSON.parse(b4a.toString(bytes)) as unknown;
    const read = [Hello, RequestFrame, ...Object.values(REQUESTS).map(({ params }) => params)];
    if (!read.map((schema) => schema.safeParse(frame).success).some(Boolean)) throw new SyntaxError('none');
  },
  (err) => err instanceof SyntaxError,
);
