import type { Codec } from './codecs.js';
import type { VideoConfig } from './frame.js';
import { ivfFrame, ivfHeader } from './ivf.js';

/** A file of one picture, and how the name of such a file ends. */
export interface StillPicture {
  readonly bytes: Uint8Array;
  readonly extension: 'avif' | 'webp' | 'ivf';
}

/**
 * A key frame as a picture file, without decoding it: one of AV1 is an AVIF, one of VP8 a WebP. The others have no
 * picture format that programs read; theirs is a video of one frame. Throws RangeError for a codec of sound.
 */
export function stillPicture(codec: Codec, config: VideoConfig, payload: Uint8Array): StillPicture {
  if (codec === 'av1') return { bytes: avif(config, payload), extension: 'avif' };
  if (codec === 'vp8') return { bytes: webp(payload), extension: 'webp' };
  return { bytes: joined([ivfHeader(codec, config), ivfFrame(payload, 0)]), extension: 'ivf' };
}

/** RFC 9649, section 2.5: simple lossy. */
function webp(payload: Uint8Array): Uint8Array {
  const padding = payload.byteLength % 2;
  const size = u32(payload.byteLength, true);
  const riff = u32(4 + 8 + payload.byteLength + padding, true);
  return joined([ascii('RIFF'), riff, ascii('WEBPVP8 '), size, payload, new Uint8Array(padding)]);
}

/** One item of AV1 in ISO 23008-12 boxes (AV1 Image File Format 1.1, section 2). */
function avif({ codec, width, height }: VideoConfig, payload: Uint8Array): Uint8Array {
  const picture = withoutDelimiter(payload);
  const type = box('ftyp', ascii('avif'), u32(0), ascii('avifmif1miaf'));
  const meta = (at: number) =>
    box(
      'meta',
      u32(0),
      box('hdlr', u32(0), u32(0), ascii('pict'), new Uint8Array(13)),
      box('pitm', u32(0), u16(1)),
      // Sizes of 4 bytes; one item of one extent.
      box('iloc', u32(0), u16(0x4400), u16(1), u16(1), u16(0), u16(1), u32(at), u32(picture.byteLength)),
      box('iinf', u32(0), u16(1), box('infe', u32(0x02000000), u16(1), u16(0), ascii('av01'), u8(0))),
      box(
        'iprp',
        box(
          'ipco',
          box('ispe', u32(0), u32(width), u32(height)),
          box('pixi', u32(0), u8(3, 8, 8, 8)),
          box('av1C', av1Configuration(codec)),
        ),
        // Properties 1 to 3 belong to item 1; without the last one it cannot be read.
        box('ipma', u32(0), u32(1), u16(1), u8(3, 1, 2, 0x83)),
      ),
    );
  const at = type.byteLength + meta(0).byteLength + BOX_HEADER_BYTES;
  return joined([type, meta(at), box('mdat', picture)]);
}

/** AV1 in ISO media files, section 2.3.3, from a codec string such as `av01.0.12M.08`: 8 bits, 4:2:0. */
function av1Configuration(codec: string): Uint8Array {
  const [, profile = '0', level = '12M'] = codec.split('.');
  const tier = level.endsWith('H') ? 0x80 : 0;
  return u8(0x81, (Number(profile) << 5) | Number.parseInt(level, 10), tier | 0x0c, 0);
}

/** A temporal delimiter begins each frame of a stream and none of a file. */
const withoutDelimiter = (payload: Uint8Array) =>
  payload[0] === 0x12 && payload[1] === 0 ? payload.subarray(2) : payload;

const BOX_HEADER_BYTES = 8;

function box(type: string, ...content: Uint8Array[]): Uint8Array {
  const body = joined(content);
  return joined([u32(BOX_HEADER_BYTES + body.byteLength), ascii(type), body]);
}

const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const u8 = (...bytes: number[]) => Uint8Array.from(bytes);
const u16 = (value: number) => u8(value >> 8, value);

function u32(value: number, isLittle = false): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, isLittle);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
