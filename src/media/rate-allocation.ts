import { isSound, type TrackKind } from './codecs.js';

/** What voice takes, headers and all; bits a second. */
const SOUND_BPS = 48_000;
/** Below this a picture is not worth sending. */
const LEAST_BPS = 60_000;
/** A small encoding is never given more. */
const SMALL_BPS = 300_000;
/** A shared screen is what people look at when there is one. */
const WEIGHT: Readonly<Record<TrackKind, number>> = {
  camera: 1,
  screen: 2,
  microphone: 0,
  'screen-sound': 0,
};

export interface TakenTrack {
  readonly kind: TrackKind;
  readonly small: boolean;
}

/** Shares what one receiver's path carries among the tracks that it takes; bits a second, in their order. */
export function allocate(targetBps: number, tracks: readonly TakenTrack[]): number[] {
  const sounds = tracks.filter(({ kind }) => isSound(kind)).length;
  const pictures = Math.max(0, targetBps - sounds * SOUND_BPS);
  const small = tracks.filter((track) => track.small && !isSound(track.kind));
  const full = tracks.filter((track) => !track.small && !isSound(track.kind));
  const all = [...small, ...full].reduce((sum, { kind }) => sum + WEIGHT[kind], 0);
  const smallShare = ({ kind }: TakenTrack) => Math.min(SMALL_BPS, (pictures * WEIGHT[kind]) / all);
  const left = pictures - small.reduce((sum, track) => sum + smallShare(track), 0);
  const weights = full.reduce((sum, { kind }) => sum + WEIGHT[kind], 0);
  return tracks.map((track) => {
    if (isSound(track.kind)) return SOUND_BPS;
    const share = track.small ? smallShare(track) : (left * WEIGHT[track.kind]) / weights;
    return Math.max(LEAST_BPS, Math.round(share));
  });
}
