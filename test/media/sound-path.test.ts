import fc from 'fast-check';
import t from 'tap';
import { ProtocolError } from '../../src/errors.js';
import { decodeBundle, encodeBundle } from '../../src/media/sound-bundle.js';
import { SoundPath } from '../../src/media/sound-path.js';

const STREAM = 7;
const FRAME_MS = 20;
const FRAME_BYTES = 100;

const frame = (seq: number) => {
  const bytes = new Uint8Array(FRAME_BYTES);
  new DataView(bytes.buffer).setUint32(0, seq);
  return bytes;
};
const seqOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

/** Sends sound for `seconds` over a path that loses the datagrams that `isLost` says; null for a path without any. */
function talk(seconds: number, isLost: ((number: number, nowMs: number) => boolean) | null) {
  const under: Uint8Array[] = [];
  let sent = 0;
  let bytes = 0;
  const sender = new SoundPath({
    sendDatagram: (datagram) => {
      if (!isLost) return false;
      bytes += datagram.byteLength;
      under.push(datagram);
      return true;
    },
    datagramBytes: 1100,
  });
  const receiver = new SoundPath({ sendDatagram: () => false, datagramBytes: 1100 });
  const heard: { seq: number; at: number }[] = [];
  const inStream: number[] = [];
  const take = (bytes: Uint8Array, at: number) => {
    if (receiver.isNew(STREAM, seqOf(bytes))) heard.push({ seq: seqOf(bytes), at });
  };
  for (let seq = 0; seq * FRAME_MS < seconds * 1000; seq++) {
    const now = seq * FRAME_MS;
    if (sender.send(STREAM, frame(seq), now)) inStream.push(seq);
    for (const datagram of under.splice(0))
      if (!isLost?.(sent++, now)) for (const each of receiver.take(datagram)) take(each, now);
    const report = receiver.report(now);
    if (report !== null) sender.reported(report, now);
  }
  return { heard, inStream, loss: sender.loss, bytesAFrame: bytes / Math.max(1, sent) };
}

t.test('[V7] sound goes both ways until datagrams are heard of, and then by datagrams alone', async (t) => {
  const { heard, inStream } = talk(10, () => false);
  t.same(
    heard.map(({ seq }) => seq),
    Array.from({ length: 500 }, (_, seq) => seq),
    'each frame once, in order',
  );
  t.ok(
    inStream.length > 0 && inStream.every((seq) => seq * FRAME_MS <= 600),
    `${inStream.length} in the stream`,
  );
});

t.test('[V7] without datagrams each frame goes in the stream', async (t) => {
  t.equal(talk(2, null).inStream.length, 100);
});

t.test('[V7] a datagram that is lost costs 20 ms, not a frame', async (t) => {
  const { heard } = talk(10, (number) => number % 10 === 5);
  const late = heard.filter(({ seq, at }) => at > seq * FRAME_MS);
  t.equal(heard.length, 500, 'nothing is missing');
  t.ok(late.length >= 45 && late.every(({ seq, at }) => at - seq * FRAME_MS === FRAME_MS));
});

t.test('[V7] two lost in a row are borne where many are lost, and cost nothing where none are', async (t) => {
  const { heard, bytesAFrame } = talk(20, (number) => number > 100 && number % 20 < 2);
  const missing = 1000 - heard.length;
  t.ok(missing <= 5, `${missing} missing, the first ones`);
  t.ok(talk(20, () => false).bytesAFrame < 0.75 * bytesAFrame);
});

t.test('[V7] when datagrams arrive no more, each frame goes in the stream again within 2 s', async (t) => {
  const { inStream } = talk(20, (_, now) => now >= 5_000 && now < 15_000);
  const during = inStream.filter((seq) => seq * FRAME_MS >= 7_100 && seq * FRAME_MS < 15_000);
  t.equal(during.length, (15_000 - 7_100) / FRAME_MS, 'all of them');
  t.notOk(
    inStream.some((seq) => seq * FRAME_MS > 18_500),
    'and by datagrams alone when they do',
  );
});

t.test('[V7] counts that cannot be end the stream', async (t) => {
  const path = new SoundPath({ sendDatagram: () => true, datagramBytes: 1100 });
  const unexpected = (count: number) =>
    t.throws(() => path.reported(count, 0), new ProtocolError('MESSAGE_UNEXPECTED'));
  unexpected(1);
  unexpected(0);
  path.send(STREAM, frame(0), 0);
  path.reported(1, 0);
  unexpected(1);
  unexpected(2);
});

t.test('[V7] whatever comes as a datagram is frames or malformed', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 }),
      (frames) => {
        t.strictSame(decodeBundle(encodeBundle(frames)).map(hex), frames.map(hex));
      },
    ),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        return (
          decodeBundle(bytes).reduce((sum, { byteLength }) => sum + byteLength + 2, 0) === bytes.byteLength
        );
      } catch (err) {
        return err instanceof ProtocolError && err.violation === 'MESSAGE_MALFORMED';
      }
    }),
  );
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
