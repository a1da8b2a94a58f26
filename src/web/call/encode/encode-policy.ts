/** What is known when a picture comes, before it is encoded. */
export interface EncodeMoment {
  /** Pictures that the encoder has taken and not given back. */
  queued: number;
  /** Bytes that wait in the socket to the node. */
  bufferedBytes: number;
  /** The way to the others is full, or the encoder has made more than its rate. */
  congested: boolean;
  keyWanted: boolean;
  /** Microseconds since the last picture that was encoded. */
  sinceLastUs: number;
  /** The least time between two pictures, in microseconds; 0 for as many as come. */
  everyUs: number;
}

/** More than this in the socket is a queue: about a key frame of 720p. */
const BUFFERED_BYTES = 128 * 1024;
/** A picture that comes this much early still counts as the next one: cameras are not exact. */
const EARLY = 0.6;

/**
 * True if a picture is to be left out. It is left out before it is encoded, which breaks no reference; nothing is ever
 * queued. A key frame that somebody waits for goes before a full way, though not before a busy encoder.
 */
export function isSkipped(moment: EncodeMoment): boolean {
  const { queued, bufferedBytes, congested, keyWanted, sinceLastUs, everyUs } = moment;
  if (queued > 1 || bufferedBytes > BUFFERED_BYTES) return true;
  if (sinceLastUs < everyUs * EARLY) return true;
  return congested && !keyWanted;
}

/** The encoder is set anew only for a change that can be seen, and not in quick turns: it costs a key frame in some. */
const CHANGE = 0.1;
const CHANGE_EVERY_MS = 400;

/** True if the encoder's rate is to follow the node's. */
export function isRateWorthChange(nowBps: number, wantedBps: number, sinceLastMs: number): boolean {
  return sinceLastMs >= CHANGE_EVERY_MS && Math.abs(wantedBps - nowBps) >= nowBps * CHANGE;
}

export interface PictureSize {
  width: number;
  height: number;
}

/** What a picture of this many pixels and kind needs to look right, as the measured tables of encoders say. */
export function fullRateBps({ width, height }: PictureSize, framerate: number, isScreen: boolean): number {
  const pixels = width * height * (isScreen ? 6 : framerate);
  const bitsPerPixel = isScreen ? 0.45 : 0.075;
  return Math.round(Math.min(8_000_000, Math.max(150_000, pixels * bitsPerPixel)));
}

/** At less than this share of the full rate a smaller picture looks better than a coarse one. */
const COARSE = 0.35;

/**
 * By how much width and height are divided at this rate: 1, 2 or 4. `now` is the division in use; going back up needs
 * some more, so that it does not swing.
 */
export function divisionFor(bitrateBps: number, fullBps: number, now: number): number {
  const share = bitrateBps / fullBps;
  const wanted = share >= COARSE ? 1 : share >= COARSE / 4 ? 2 : 4;
  if (wanted >= now) return wanted;
  const needed = now === 4 ? COARSE / 4 : COARSE;
  return share >= needed * 1.5 ? wanted : now;
}

/** Even numbers: video is coded with half the colour in each direction. */
export function dividedSize({ width, height }: PictureSize, by: number): PictureSize {
  const even = (length: number) => Math.max(2, Math.round(length / by / 2) * 2);
  return { width: even(width), height: even(height) };
}
