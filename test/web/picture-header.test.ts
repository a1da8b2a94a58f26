import { randomBytes } from 'node:crypto';
import t from 'tap';
import { isPictureName, pictureHeader } from '../../src/web/files/picture-header.js';

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : part)),
  );

const png = (width: number, height: number) => {
  const sides = Buffer.alloc(8);
  sides.writeUInt32BE(width, 0);
  sides.writeUInt32BE(height, 4);
  return bytes('\x89PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', [...sides], [8, 6, 0, 0, 0]);
};

const PICTURES = {
  'image/png': png(640, 480),
  'image/gif': bytes('GIF89a', [0x80, 2, 0xe0, 1]),
  'image/jpeg': bytes([
    0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xc4, 0, 2, 0xff, 0xc2, 0, 11, 8, 1, 0xe0, 2, 0x80, 1,
  ]),
  'image/webp': bytes(
    'RIFF',
    [0, 0, 0, 0],
    'WEBPVP8X',
    [10, 0, 0, 0, 0, 0, 0, 0],
    [0x7f, 2, 0],
    [0xdf, 1, 0],
  ),
  'image/bmp': bytes(
    'BM',
    new Array(12).fill(0),
    [40, 0, 0, 0],
    [0x80, 2, 0, 0],
    [0x20, 0xfe, 0xff, 0xff],
    [1, 0],
  ),
};

t.test('a picture is what its bytes are', async (t) => {
  for (const [type, content] of Object.entries(PICTURES))
    t.same(pictureHeader(content), { type, width: 640, height: 480 }, type);
  const lossy = bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8 ', new Array(10).fill(0), [0x80, 2, 0xe0, 1]);
  t.same(pictureHeader(lossy), { type: 'image/webp', width: 640, height: 480 });
  const bits = 639 | (479 << 14);
  const lossless = bytes(
    'RIFF',
    [0, 0, 0, 0],
    'WEBPVP8L',
    [0, 0, 0, 0, 0x2f],
    [bits & 255, (bits >> 8) & 255, (bits >> 16) & 255, bits >>> 24],
  );
  t.same(pictureHeader(lossless), { type: 'image/webp', width: 640, height: 480 });
});

t.test('[D8] [D14] pages, drawings and what lies about its size are no pictures', async (t) => {
  const others = {
    svg: '<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=1"/>',
    html: '<!doctype html><script>window.__xss=1</script>',
    xml: '<?xml version="1.0"?><svg/>',
    pdf: '%PDF-1.7',
    nothing: '',
    one: '\x89',
  };
  for (const [name, content] of Object.entries(others)) t.equal(pictureHeader(bytes(content)), null, name);
  for (const [width, height] of [
    [0, 5],
    [5, 0],
    [2 ** 31, 1],
    [16_385, 1],
    [16_000, 16_000],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ] as const)
    t.equal(pictureHeader(png(width, height)), null, `${width}x${height}`);
  t.equal(
    pictureHeader(bytes('BM', new Array(12).fill(0), [40, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0])),
    null,
    'a width below 0',
  );
});

t.test('no bytes make it throw, or run for ever', async (t) => {
  const heads = Object.values(PICTURES);
  for (let round = 0; round < 20_000; round++) {
    const head = heads[round % heads.length] as Uint8Array;
    const mutant = Uint8Array.from([
      ...head.subarray(0, (round * 7) % (head.length + 1)),
      ...randomBytes(round % 60),
    ]);
    const found = pictureHeader(mutant);
    if (found && found.width * found.height > 40_000_000) t.fail(Buffer.from(mutant).toString('hex'));
  }
  const loop = bytes([0xff, 0xd8], new Array(4000).fill([0xff, 0xe0, 0, 0]).flat());
  t.equal(pictureHeader(loop), null, 'segments without a length');
});

t.test('a name promises a picture or not', async (t) => {
  for (const name of ['a.png', 'A.JPG', 'b.jpeg', 'c.webp', 'x.svg.png']) t.ok(isPictureName(name), name);
  for (const name of ['a.svg', 'a.html', 'png', 'a.png.exe', 'a.avif']) t.notOk(isPictureName(name), name);
});
