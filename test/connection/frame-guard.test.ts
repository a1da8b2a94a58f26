import type NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import c from 'compact-encoding';
import fc from 'fast-check';
import Protomux from 'protomux';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../src/clock.js';
import { FrameGuard } from '../../src/connection/frame-guard.js';
import { FrameInspector } from '../../src/connection/frame-inspector.js';
import { ProtocolError } from '../../src/errors.js';
import { LIMITS } from '../../src/limits.js';
import { defineChannel, message } from '../../src/protocol/channel-definition.js';
import { record, text } from '../../src/protocol/codec.js';
import { TypedChannel } from '../../src/protocol/typed-channel.js';
import { noisePair } from '../support/noise-pair.js';

const stopped: Clock = { ...systemClock, now: () => 0 };
const uint = (n: number) => c.encode(c.uint, n) as Uint8Array;
const join = (...parts: (Uint8Array | number[])[]) => b4a.concat(parts.map((p) => b4a.from(p as Uint8Array)));
const open = (id: number, name = 'x', channelId = b4a.alloc(0), handshake = b4a.alloc(0)) =>
  join(
    [0, 1],
    uint(id),
    c.encode(c.string, name) as Uint8Array,
    uint(channelId.length),
    channelId,
    handshake,
  );
const close = (id: number) => join([0, 3], uint(id));
const batch = (channel: number, ...items: Uint8Array[]) =>
  join([0, 0], uint(channel), ...items.flatMap((item) => [uint(item.length), item]));

function violation(inspector: FrameInspector, frame: Uint8Array): string | null {
  try {
    inspector.inspect(frame);
    return null;
  } catch (err) {
    if (err instanceof ProtocolError) return err.violation;
    throw err;
  }
}

t.test('[L2] frames', async (t) => {
  const check = (frame: Uint8Array) => violation(new FrameInspector(stopped), frame);

  t.test('what Protomux sends itself passes', async (t) => {
    t.equal(check(open(1, 'chatter/link/1', b4a.alloc(32))), null);
    t.equal(check(b4a.alloc(0)), null, 'a keep-alive');
    t.equal(check(batch(3, b4a.from([0, 1]), b4a.from([1, 9]))), null);
    t.equal(check(batch(0, open(1).subarray(1), close(1).subarray(1))), null, 'control frames of a batch');
  });

  t.test('[B7] a batch within a batch is refused at any depth', async (t) => {
    const inner = join([0], uint(3), uint(1), [0]);
    t.equal(check(batch(0, inner)), 'BATCH_NESTED');
    t.equal(
      check(join([0, 0], uint(3), uint(1), [7], [0], uint(0), uint(inner.length), inner)),
      'BATCH_NESTED',
      'after a change of channel',
    );
  });

  t.test('[B6] [B7] channels, names, ids and handshakes are bounded', async (t) => {
    t.equal(check(open(0)), 'CHANNEL_LIMIT', 'id 0');
    t.equal(check(open(LIMITS.openChannels)), null, 'the last one');
    t.equal(check(open(LIMITS.openChannels + 1)), 'CHANNEL_LIMIT', 'one more');
    t.equal(check(open(1, 'n'.repeat(LIMITS.channelNameBytes))), null);
    t.equal(check(open(1, 'n'.repeat(LIMITS.channelNameBytes + 1))), 'CHANNEL_LIMIT');
    t.equal(check(open(1, 'n', b4a.alloc(LIMITS.channelIdBytes + 1))), 'CHANNEL_LIMIT');
    t.equal(check(open(1, 'n', b4a.alloc(0), b4a.alloc(LIMITS.channelHandshakeBytes + 1))), 'CHANNEL_LIMIT');
  });

  t.test('[B6] 10,000 opens on one stream are not looked at for long', async (t) => {
    const inspector = new FrameInspector(stopped);
    let passed = 0;
    while (passed < 10_000 && violation(inspector, open((passed % LIMITS.openChannels) + 1)) === null) {
      violation(inspector, close((passed % LIMITS.openChannels) + 1));
      passed++;
    }
    t.ok(passed <= LIMITS.controlFramesBurst, `${passed} passed`);
  });

  t.test('sizes', async (t) => {
    t.equal(check(join([1, 0], b4a.alloc(LIMITS.frameBytes - 2))), null);
    t.equal(check(join([1, 0], b4a.alloc(LIMITS.frameBytes - 1))), 'FRAME_TOO_LARGE');
    const items = Array.from({ length: LIMITS.batchItems }, () => b4a.from([0]));
    t.equal(check(batch(3, ...items)), null);
    t.equal(check(batch(3, ...items, b4a.from([0]))), 'BATCH_TOO_LONG');
    t.equal(check(b4a.from([0, 9])), 'FRAME_MALFORMED', 'an unknown control frame');
    t.equal(check(b4a.from([0])), 'FRAME_MALFORMED', 'cut short');
    t.equal(check(join([0, 0], uint(3), uint(200), [1])), 'FRAME_MALFORMED', 'an item longer than its batch');
  });

  t.test('[B3] any bytes end in a verdict and in no other error', async () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (frame) => {
        violation(new FrameInspector(stopped), frame);
        violation(new FrameInspector(stopped), join([0, 0], frame));
        violation(new FrameInspector(stopped), join([0, 1], frame));
        return true;
      }),
      { numRuns: 5_000 },
    );
  });
});

const talk = defineChannel('test/talk/1', {
  word: message('urgent', 64, record<{ text: string }>({ text: text(32) })),
});

/** A guarded end that hears `test/talk/1`, and the bare other end. */
async function guarded(t: Test, heard: (text: string) => void) {
  const [bare, noise] = await noisePair();
  t.teardown(() => bare.destroy());
  const violations: string[] = [];
  const onViolation = (err: ProtocolError) => {
    violations.push(err.violation);
    noise.destroy();
  };
  const mux = Protomux.from(new FrameGuard(noise, systemClock, onViolation));
  const channel = TypedChannel.open(mux, {
    definition: talk,
    id: null,
    handlers: { word: (word) => heard(word.text) },
    onViolation,
  });
  return { bare, noise, channel, violations };
}

const closed = (stream: NoiseSecretStream) =>
  new Promise<void>((resolve) => stream.on('close', () => resolve()));

t.test('[B7] a member’s nested batch ends its stream, and the node lives', async (t) => {
  const { bare, noise, violations } = await guarded(t, () => {});
  const gone = closed(noise);
  bare.write(batch(0, join([0], uint(1), uint(1), [0])));
  await gone;
  t.same(violations, ['BATCH_NESTED']);
});

t.test('[B9] a handler that throws any error ends that stream and nothing else', async (t) => {
  const errors = [TypeError, RangeError, SyntaxError, URIError, ReferenceError, EvalError, Error];
  for (const Kind of errors) {
    const { bare, noise, violations } = await guarded(t, () => {
      throw new Kind('planted');
    });
    const gone = closed(noise);
    const mux = Protomux.from(bare as never);
    TypedChannel.open(mux, { definition: talk, id: null, handlers: { word() {} }, onViolation() {} })?.send(
      'word',
      {
        text: 'boom',
      },
    );
    await gone;
    t.same(violations, ['HANDLER_FAILED'], Kind.name);
  }
});

t.test(
  '[B2] a message over its channel’s limit ends the stream, though the frame is small enough',
  async (t) => {
    const { bare, noise, violations } = await guarded(t, () => t.fail('heard'));
    const gone = closed(noise);
    const large = defineChannel('test/talk/1', {
      word: message('urgent', 9999, record<{ text: string }>({ text: text(9999) })),
    });
    TypedChannel.open(Protomux.from(bare as never), {
      definition: large,
      id: null,
      handlers: { word() {} },
      onViolation() {},
    })?.send('word', { text: 'x'.repeat(100) });
    await gone;
    t.same(violations, ['MESSAGE_TOO_LARGE']);
  },
);

t.test('messages pass both ways, and a closed channel sends nothing', async (t) => {
  const words: string[] = [];
  const { bare, channel } = await guarded(t, (word) => words.push(word));
  const back = new Promise<string>((resolve) => {
    const other = TypedChannel.open(Protomux.from(bare as never), {
      definition: talk,
      id: null,
      handlers: { word: ({ text }) => resolve(text) },
      onViolation: (err) => t.fail(err.violation),
    });
    other?.send('word', { text: 'there' });
  });
  channel?.send('word', { text: 'and back' });
  t.equal(await back, 'and back');
  t.same(words, ['there']);
  channel?.close();
  t.equal(channel?.send('word', { text: 'late' }), false);
});

t.test(
  '[B7] an id that is in use ends the stream; one whose channel was closed here may come again',
  async (t) => {
    const first = await guarded(t, () => {});
    const gone = closed(first.noise);
    first.bare.write(open(1, talk.name));
    first.bare.write(open(1, talk.name));
    await gone;

    const { bare, noise, channel } = await guarded(t, () => {});
    bare.write(open(1, talk.name));
    channel?.send('word', { text: 'one' });
    await new Promise((resolve) => bare.once('data', resolve));
    channel?.close();
    const answered = new Promise((resolve) => bare.on('data', resolve));
    bare.write(open(1, 'test/unknown/1'));
    await answered; // with a rejection, since nothing here takes that channel
    t.notOk(noise.destroyed);
  },
);
