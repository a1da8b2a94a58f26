import type { Codec } from '../../../media/codecs.js';

/** WebCodecs names, for up to 2560 x 1440 at 30: constrained baseline of H.264, the plain profiles of the others. */
const NAMES: Readonly<Record<Codec, string>> = {
  opus: 'opus',
  h264: 'avc1.42E032',
  vp9: 'vp09.00.50.08',
  av1: 'av01.0.12M.08',
  vp8: 'vp8',
};

export const encoderCodec = (codec: Codec): string => NAMES[codec];

/** What is tried first. Measured: H.264 costs least for a camera; AV1 has tools for screens, and a ninth of VP9's bits. */
export const CODEC_ORDER = {
  camera: ['h264', 'vp9', 'av1', 'vp8'],
  screen: ['av1', 'vp9', 'h264', 'vp8'],
  microphone: ['opus'],
  'screen-sound': ['opus'],
} as const satisfies Record<string, readonly Codec[]>;

/**
 * The first codec of the order that this page encodes and everybody decodes; `wanted` comes first where it can be had.
 * Null if there is none.
 */
export function chooseCodec(
  kind: keyof typeof CODEC_ORDER,
  encodes: readonly Codec[],
  othersDecode: readonly (readonly Codec[])[],
  wanted: Codec | null = null,
): Codec | null {
  const order: readonly Codec[] = wanted ? [wanted, ...CODEC_ORDER[kind]] : CODEC_ORDER[kind];
  const fits = (codec: Codec) =>
    encodes.includes(codec) && othersDecode.every((decodes) => decodes.includes(codec));
  const suits = CODEC_ORDER[kind] as readonly Codec[];
  return order.find((codec) => suits.includes(codec) && fits(codec)) ?? null;
}

export interface CodecAbilities {
  readonly encodes: readonly Codec[];
  readonly decodes: readonly Codec[];
}

/** What this browser encodes and decodes. Asking takes tens of milliseconds, and the answer stays the same. */
export async function codecAbilities(): Promise<CodecAbilities> {
  const [encodes, decodes] = await Promise.all([encodable(), decodable()]);
  return { encodes, decodes };
}

/** What this browser encodes. */
async function encodable(): Promise<Codec[]> {
  return supported(async (codec) => {
    if (codec === 'opus') {
      const config = { codec, sampleRate: 48_000, numberOfChannels: 1, bitrate: 32_000 };
      return (await AudioEncoder.isConfigSupported(config)).supported === true;
    }
    const config: VideoEncoderConfig = {
      codec: encoderCodec(codec),
      width: 1280,
      height: 720,
      bitrate: 1_000_000,
      framerate: 30,
      latencyMode: 'realtime',
      scalabilityMode: 'L1T2',
    };
    return (await VideoEncoder.isConfigSupported(config)).supported === true;
  });
}

/** What this browser decodes. */
async function decodable(): Promise<Codec[]> {
  return supported(async (codec) => {
    if (codec === 'opus') {
      const config = { codec, sampleRate: 48_000, numberOfChannels: 2 };
      return (await AudioDecoder.isConfigSupported(config)).supported === true;
    }
    return (await VideoDecoder.isConfigSupported({ codec: encoderCodec(codec) })).supported === true;
  });
}

async function supported(asks: (codec: Codec) => Promise<boolean>): Promise<Codec[]> {
  const codecs = Object.keys(NAMES) as Codec[];
  const answers = await Promise.all(codecs.map((codec) => asks(codec).catch(() => false)));
  return codecs.filter((_, i) => answers[i]);
}
