import b4a from 'b4a';
import c from 'compact-encoding';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ProtocolError } from '../../src/errors.js';
import {
  bytes,
  type Codec,
  decodeAll,
  encodeAll,
  fixed,
  list,
  record,
  text,
  uint,
} from '../../src/protocol/codec.js';

const malformed = { name: 'ProtocolError', violation: 'MESSAGE_MALFORMED' };
const refuses = (test: Test, codec: Codec<never>, hex: string, message: string) =>
  test.throws(() => decodeAll(codec, b4a.from(hex, 'hex')), malformed, message);

t.test('[W2] what is encoded is decoded the same', async () => {
  const person = record<{ name: string; age: number; key: Uint8Array; tags: string[] }>({
    name: text(64),
    age: uint(200),
    key: fixed(4),
    tags: list(text(8), 4),
  });
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 16 }).filter((s) => s.isWellFormed()),
      fc.integer({ min: 0, max: 200 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }),
      (name, age, key, tags) => {
        const back = decodeAll(person, encodeAll(person, { name, age, key, tags }));
        return (
          back.name === name && back.age === age && b4a.equals(back.key, key) && `${back.tags}` === `${tags}`
        );
      },
    ),
  );
});

t.test('[B3] every length field is checked before anything is allocated', async (t) => {
  for (const codec of [bytes(100), text(100), list(uint(1), 100)] as Codec<never>[]) {
    refuses(t, codec, '65', 'one more than the maximum');
    refuses(t, codec, '64', 'the maximum, but nothing follows');
    refuses(t, codec, 'fdffff', '2^16-1');
    refuses(t, codec, 'feffffff7f', '2^31-1');
    refuses(t, codec, 'fe00000080', '2^31');
    refuses(t, codec, 'feffffffff', '2^32-1');
    refuses(t, codec, 'ffffffffffffff1f00', '2^53-1');
    refuses(t, codec, 'ffffffffffffffffff', '2^64-1');
    refuses(t, codec, '', 'no length at all');
  }
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 100_000; i++) {
    try {
      decodeAll(bytes(2 ** 32), b4a.from('feffffffff', 'hex'));
    } catch {}
  }
  t.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024, 'a promised 4 GiB is never allocated');
});

t.test('[B4] a negative or fractional number cannot be had from the wire', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9 }), (raw) => {
      try {
        const value = decodeAll(uint(1000), raw);
        return Number.isInteger(value) && value >= 0 && value <= 1000;
      } catch (err) {
        return err instanceof ProtocolError;
      }
    }),
  );
});

t.test('[B8] a list of a type without width cannot promise a million items', async (t) => {
  const nothing: Codec<null> = { preencode() {}, encode() {}, decode: () => null };
  refuses(
    t,
    list(nothing, 2 ** 20) as Codec<never>,
    `fe00001000${'00'.repeat(8)}`,
    'count beyond the bytes there',
  );
  refuses(t, list(nothing, 2 ** 20) as Codec<never>, '0200', 'items that take nothing');
});

t.test('[A16] text that is not well-formed UTF-8 is refused and not replaced', async (t) => {
  for (const bad of ['c328', 'eda080', 'f5808080', 'ff', 'c0af']) {
    refuses(t, text(64) as Codec<never>, `0${bad.length / 2}${bad}`, bad);
  }
});

t.test('bytes after the value are refused', async (t) => {
  refuses(t, uint(10) as Codec<never>, '0100', 'one byte too many');
});

t.test('an error of any class inside a codec is told as the peer’s fault', async (t) => {
  for (const err of [new TypeError(), new RangeError(), new SyntaxError(), new URIError(), 'text']) {
    const codec: Codec<number> = {
      ...c.uint,
      decode() {
        throw err;
      },
    };
    refuses(t, codec as Codec<never>, '00', String(err));
  }
});
