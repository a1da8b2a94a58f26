import type { types } from 'mediasoup-client';
import { CODEC_NAMES, CODECS, type Codec } from '../../../media/codecs.js';

/** Codecs as mediasoup-client wants them: numbers are the same in every Chatter, so that nobody negotiates them. */
export function rtpCapabilities(codecs: readonly Codec[]): types.RtpCapabilities {
  return { codecs: codecs.map(codecCapability), headerExtensions: [] };
}

export function codecCapability(codec: Codec): types.RtpCodecCapability {
  const { kind, mimeType, payloadType, clockRate, channels, parameters } = CODECS[codec];
  return {
    kind,
    mimeType: mimeType as `${typeof kind}/${string}`,
    preferredPayloadType: payloadType,
    clockRate,
    ...(channels ? { channels } : {}),
    parameters: { ...parameters },
    rtcpFeedback: kind === 'video' ? [{ type: 'nack', parameter: 'pli' }] : [],
  };
}

/** What a remote track is consumed with; the stream's number stands for its ssrc. */
export function consumerParameters(codec: Codec, stream: number): types.RtpParameters {
  const { preferredPayloadType, kind: _kind, ...rest } = codecCapability(codec);
  return {
    codecs: [{ ...rest, payloadType: preferredPayloadType as number }],
    encodings: [{ ssrc: stream }],
    headerExtensions: [],
    rtcp: {},
  };
}

/** The codec of RTP parameters. Throws TypeError for one that is not Chatter's. */
export function codecOf({ codecs }: types.RtpParameters): Codec {
  const mimeType = codecs[0]?.mimeType.toLowerCase();
  const codec = CODEC_NAMES.find((name) => CODECS[name].mimeType.toLowerCase() === mimeType);
  if (!codec) throw new TypeError(`not a codec of Chatter's: ${mimeType}`);
  return codec;
}
