import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ProtocolError } from '../../src/errors.js';
import { LIMITS } from '../../src/limits.js';
import {
  CODEC_NAMES,
  codecsFromBits,
  codecsToBits,
  isSound,
  suits,
  TRACK_KINDS,
  type TrackKind,
} from '../../src/media/codecs.js';
import {
  decodeConfig,
  decodeFrame,
  encodeConfig,
  encodeFrame,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  setStream,
} from '../../src/media/frame.js';
import { FrameGate, ReferenceTracker } from '../../src/media/frame-gate.js';
import { ivfFrame, ivfHeader } from '../../src/media/ivf.js';
import { stillPicture } from '../../src/media/still-picture.js';

const VP9 = { width: 1280, height: 720, codec: 'vp09.00.31.08', description: new Uint8Array() };

const video = (header: Partial<FrameHeader> = {}): FrameHeader => ({
  kind: 'video',
  key: false,
  discardable: false,
  small: false,
  layer: 0,
  stream: 7,
  seq: 10,
  captureUs: 123_456,
  durationUs: 33_333,
  reference: 2,
  ...header,
});
const key = video({ key: true, reference: 0 });
const audio: FrameHeader = { ...video(), kind: 'audio', key: true, reference: 40 };
const NONE = new Uint8Array();
const payload = Uint8Array.of(1, 2, 3);

const refused = (t: Test, bytes: Uint8Array, violation: string, what: string) => {
  try {
    decodeFrame(bytes);
    t.fail(what);
  } catch (err) {
    t.ok(err instanceof ProtocolError && err.violation === violation, what);
  }
};

t.test('[V1] a frame is read as it was written', async (t) => {
  const config = encodeConfig(VP9);
  for (const frame of [
    { header: key, config, payload },
    { header: video(), config: NONE, payload },
    { header: video({ discardable: true, layer: 1, reference: 1 }), config: NONE, payload },
    { header: audio, config: NONE, payload },
  ]) {
    const read = decodeFrame(encodeFrame(frame));
    t.same(read.header, frame.header);
    t.same([...read.config], [...frame.config]);
    t.same([...read.payload], [...frame.payload]);
  }
  t.same(decodeConfig(config, 'vp9'), VP9);
  const moved = encodeFrame({ header: key, config, payload });
  setStream(moved, 999);
  t.equal(decodeFrame(moved).header.stream, 999);
});

t.test('[V1] the bytes of a frame are these', async (t) => {
  const hex = Buffer.from(encodeFrame({ header: key, config: encodeConfig(VP9), payload })).toString('hex');
  t.equal(
    hex,
    '110507000a00000000000000' + // type, flags, stream, seq, and half of the capture time
      '0024fe40' +
      '3582000012000000' +
      '0005d0020d767030392e30302e33312e3038010203',
  );
});

t.test('[V1] what cannot be a frame is refused', async (t) => {
  const config = encodeConfig(VP9);
  const whole = encodeFrame({ header: key, config, payload });
  const withByte = (at: number, value: number) => {
    const bytes = whole.slice();
    bytes[at] = value;
    return bytes;
  };
  for (let length = 0; length <= FRAME_HEADER_BYTES + config.byteLength; length++)
    refused(t, whole.subarray(0, length), 'MESSAGE_MALFORMED', `cut after ${length} bytes`);
  refused(t, withByte(0, 0x13), 'MESSAGE_MALFORMED', 'unknown type');
  refused(t, withByte(1, 0x85), 'MESSAGE_MALFORMED', 'unknown flag');
  refused(t, withByte(1, 0x04), 'MESSAGE_MALFORMED', 'a configuration, but no key frame');
  refused(t, withByte(1, 0x01), 'MESSAGE_MALFORMED', 'a key frame without a configuration');
  refused(t, withByte(1, 0x35), 'MESSAGE_MALFORMED', 'layer 3');
  refused(t, withByte(15, 0xff), 'MESSAGE_MALFORMED', 'a time that is no number');
  refused(t, withByte(21, 0x05), 'MESSAGE_MALFORMED', 'a configuration longer than the frame');
  refused(t, withByte(22, 1), 'MESSAGE_MALFORMED', 'a key frame that refers to another');
  const early = encodeFrame({ header: video({ seq: 1, reference: 2 }), config: NONE, payload });
  refused(t, early, 'MESSAGE_MALFORMED', 'a reference to before the first');
  const tooLong = new Uint8Array(LIMITS.mediaFrameBytes + 1);
  tooLong.set(whole);
  refused(t, tooLong, 'MESSAGE_TOO_LARGE', 'over 1 MiB');
  t.doesNotThrow(() => decodeFrame(tooLong.subarray(0, LIMITS.mediaFrameBytes)), '1 MiB is well');
  const sound = new Uint8Array(LIMITS.mediaAudioFrameBytes + 1);
  sound.set(encodeFrame({ header: audio, config: NONE, payload }));
  refused(t, sound, 'MESSAGE_TOO_LARGE', 'sound over 8 KiB');
});

t.test('[V1] [D14] no decoder is given a configuration that was not agreed to', async (t) => {
  const bad = (change: Partial<typeof VP9>) => encodeConfig({ ...VP9, ...change });
  const refuses = (config: Uint8Array, codec: (typeof CODEC_NAMES)[number], what: string) =>
    t.throws(() => decodeConfig(config, codec), new ProtocolError('MESSAGE_MALFORMED'), what);
  refuses(bad({}), 'av1', 'another codec');
  refuses(bad({ codec: 'vp09.<b>' }), 'vp9', 'not a codec string');
  refuses(bad({ width: 0 }), 'vp9', 'no width');
  refuses(bad({ width: LIMITS.mediaWidth + 1, height: 16 }), 'vp9', 'too wide');
  refuses(bad({ width: 4096, height: 2305 }), 'vp9', 'too many pixels');
  t.equal(decodeConfig(bad({ width: 2304, height: 4096 }), 'vp9').height, 4096, 'upright is well');
  refuses(NONE, 'vp9', 'nothing');
  refuses(encodeConfig(VP9).subarray(0, 12), 'vp9', 'cut');
});

t.test('[V1] no bytes at all make the reader do anything but read or refuse', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0x11, 0x12), (bytes, type) => {
      if (bytes.byteLength > 0) bytes[0] = type;
      try {
        const { config } = decodeFrame(bytes);
        decodeConfig(config, 'vp9');
      } catch (err) {
        if (!(err instanceof ProtocolError)) throw err;
      }
    }),
  );
  t.pass('only ProtocolError');
});

t.test('codecs survive as bits, and unknown bits are left out', async (t) => {
  t.same(codecsFromBits(codecsToBits(['opus', 'av1'])), ['opus', 'av1']);
  t.same(codecsFromBits(0xffff), [...CODEC_NAMES]);
});

t.test('a track has a codec of its kind', async (t) => {
  const sounds = (kind: TrackKind) => CODEC_NAMES.filter((codec) => suits(kind, codec));
  const kinds = TRACK_KINDS.filter((kind) => isSound(kind));
  t.same(kinds, ['microphone', 'screen-sound']);
  t.same(sounds('microphone'), ['opus']);
  t.same(sounds('screen'), ['vp8', 'vp9', 'h264', 'av1']);
});

/** Frames of a pattern of layers, the first one a key frame. */
function frames(layers: readonly number[]): FrameHeader[] {
  const tracker = new ReferenceTracker();
  return layers.map((layer, i) => {
    const isKey = i === 0;
    return video({ key: isKey, layer, discardable: layer > 0, ...tracker.next(layer, isKey) });
  });
}

t.test('references follow the patterns of one, two and three layers', async (t) => {
  const references = (layers: number[]) => frames(layers).map(({ reference }) => reference);
  t.same(references([0, 0, 0, 0]), [0, 1, 1, 1]);
  t.same(references([0, 1, 0, 1, 0]), [0, 1, 2, 1, 2]);
  t.same(references([0, 2, 1, 2, 0, 2, 1, 2]), [0, 1, 2, 1, 4, 1, 2, 1]);
});

t.test('whatever discardable frames are left out, the others are decoded', async (t) => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), (coin) => {
      const gate = new FrameGate();
      const sent = frames([0, 2, 1, 2, 0, 2, 1, 2, 0, 2, 1, 2]);
      const kept = sent.filter(({ discardable }) => !discardable || coin.next().value);
      for (const frame of kept) {
        const verdict = gate.take(frame);
        if (!frame.discardable && verdict !== 'decode') return false;
        if (verdict === 'need-key') return false;
      }
      return true;
    }),
  );
  t.pass();
});

t.test(
  'a lost base frame costs everything up to the next key frame, and no decoder sees what it cannot decode',
  async (t) => {
    const gate = new FrameGate();
    const [k, d1, b1, d2] = frames([0, 1, 0, 1, 0]) as FrameHeader[];
    t.equal(gate.take(b1 as FrameHeader), 'need-key', 'nothing before the first key frame');
    t.equal(gate.take(k as FrameHeader), 'decode');
    t.equal(gate.take(k as FrameHeader), 'drop', 'once');
    t.equal(gate.take(d1 as FrameHeader), 'decode');
    t.equal(gate.take(d2 as FrameHeader), 'drop', 'a discardable frame whose base was lost');
    t.equal(gate.take(video({ seq: 14, reference: 2 })), 'need-key', 'a base frame whose base was lost');
    t.equal(gate.waiting, true);
    t.equal(gate.take(video({ seq: 15, reference: 1 })), 'need-key');
    t.equal(gate.take(video({ seq: 16, key: true, reference: 0 })), 'decode');
    t.equal(gate.take(video({ seq: 17, reference: 1 })), 'decode');
  },
);

t.test('the other encoding begins with its own key frame', async (t) => {
  const gate = new FrameGate();
  gate.take(video({ seq: 5, key: true, reference: 0 }));
  t.equal(gate.take(video({ seq: 90, small: true, reference: 1 })), 'drop', 'not begun yet');
  t.equal(
    gate.take(video({ seq: 3, small: true, key: true, reference: 0 })),
    'decode',
    'numbers are its own',
  );
  t.equal(gate.take(video({ seq: 6, reference: 1 })), 'drop', 'of the one that is left');
  t.equal(gate.take(video({ seq: 4, small: true, reference: 1 })), 'decode');
});

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const spaced = (hex: string) => hex.replaceAll(' ', '');

t.test('pictures are written as IVF, times in milliseconds', async (t) => {
  t.equal(
    hexOf(ivfHeader('vp9', VP9)),
    spaced('444b4946 0000 2000 56503930 0005 d002 e8030000 01000000 00000000 00000000'),
  );
  t.equal(hexOf(ivfFrame(payload, 1_234_567)), spaced('03000000 d304000000000000 010203'));
  t.throws(() => ivfHeader('opus', VP9), RangeError);
});

t.test('a key frame becomes a picture file where its codec has one', async (t) => {
  const { bytes: webp, extension } = stillPicture('vp8', { ...VP9, codec: 'vp8' }, payload);
  t.equal(extension, 'webp');
  t.equal(hexOf(webp), spaced('52494646 10000000 57454250 56503820 03000000 01020300'));
  t.equal(stillPicture('h264', { ...VP9, codec: 'avc1.42E01F' }, payload).extension, 'ivf');

  const delimited = Uint8Array.of(0x12, 0, ...payload);
  const avif = Buffer.from(stillPicture('av1', { ...VP9, codec: 'av01.0.12M.08' }, delimited).bytes);
  const boxes: string[] = [];
  for (let at = 0; at < avif.length; at += avif.readUInt32BE(at))
    boxes.push(avif.toString('latin1', at + 4, at + 8));
  t.same(boxes, ['ftyp', 'meta', 'mdat']);
  const iloc = avif.indexOf('iloc');
  const [at, length] = [avif.readUInt32BE(iloc + 18), avif.readUInt32BE(iloc + 22)];
  t.same([...avif.subarray(at, at + length)], [...payload], 'the item is the frame, without its delimiter');
  t.equal(at + length, avif.length);
});
