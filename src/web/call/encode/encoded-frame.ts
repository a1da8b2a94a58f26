/** What an encoder of this page gives to the socket. The payload belongs to whoever gets the frame. */
export interface EncodedFrame {
  kind: 'audio' | 'video';
  seq: number;
  isKey: boolean;
  /** Temporal layer: frames above 0 are needed by no other. */
  layer: number;
  /** Picture: how many frames back the one is that this one refers to. Sound: its level. As in `FrameHeader`. */
  reference: number;
  /** Microseconds, one clock for sound and picture of this page. */
  timestampUs: number;
  durationUs: number;
  /** With every key frame of a picture: what a decoder is set up with. */
  configuration: VideoDecoderConfig | null;
  payload: Uint8Array;
}
