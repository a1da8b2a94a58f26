/** A picture as its first bytes describe it. */
export interface PictureHeader {
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/bmp';
  width: number;
  height: number;
}

/** Larger ones are not decoded: 40 million pixels, 160 MB of memory. */
const MAX_PIXELS = 40_000_000;
const MAX_SIDE = 16_384;

/**
 * What kind of picture these bytes begin as, and how large it says it is; null for anything else (a page, an SVG, a
 * film), and for one that is too large to be decoded. A name or a type that somebody wrote down is never asked.
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PictureHeader | null = null;
  try {
    header = png(view) ?? gif(view) ?? jpeg(view) ?? webp(view) ?? bmp(view);
  } catch {
    return null; // cut short
  }
  if (!header) return null;
  const { width, height } = header;
  const fits =
    width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_PIXELS;
  return fits ? header : null;
}

const text = (view: DataView, at: number, length: number) =>
  String.fromCharCode(...Array.from({ length }, (_, i) => view.getUint8(at + i)));

/** PNG specification, 5.2 and 11.2.1: the signature, then IHDR. */
function png(view: DataView): PictureHeader | null {
  if (text(view, 0, 8) !== '\x89PNG\r\n\x1a\n' || text(view, 12, 4) !== 'IHDR') return null;
  return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** GIF89a, 17 and 18. */
function gif(view: DataView): PictureHeader | null {
  if (!/^GIF8[79]a$/.test(text(view, 0, 6))) return null;
  return { type: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

/** ITU-T T.81, B.1.1.3: segments up to the frame header SOFn, which is not DHT (C4), JPG (C8) or DAC (CC). */
function jpeg(view: DataView): PictureHeader | null {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { type: 'image/jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xd9 || marker === 0xda) return null;
  }
}

/** RFC 9649, section 2: lossy, lossless, and extended. */
function webp(view: DataView): PictureHeader | null {
  if (text(view, 0, 4) !== 'RIFF' || text(view, 8, 4) !== 'WEBP') return null;
  const type = 'image/webp';
  switch (text(view, 12, 4)) {
    case 'VP8 ':
      return { type, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X': {
      const side = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
      return { type, width: side(24), height: side(27) };
    }
    default:
      return null;
  }
}

/** BITMAPINFOHEADER: a height below 0 is of one that stands on its head. */
function bmp(view: DataView): PictureHeader | null {
  if (text(view, 0, 2) !== 'BM' || view.getUint32(14, true) < 40) return null;
  return { type: 'image/bmp', width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

/** Whether a name promises a picture that can be shown. */
export const isPictureName = (name: string): boolean => /\.(png|jpe?g|gif|webp|bmp)$/i.test(name);
