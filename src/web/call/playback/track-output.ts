import type { PictureTarget } from './picture-sink.js';

/** What of the browser decoded pictures become a track with. */
export interface OutputAbilities {
  /** `MediaStreamTrackGenerator` in the window; without it a canvas is captured. */
  generator: boolean;
}

export const outputAbilities = (): OutputAbilities => ({
  generator: 'MediaStreamTrackGenerator' in globalThis,
});

/** A track of the window, and the end of it that the media worker writes pictures to. */
export function pictureOutput(abilities: OutputAbilities): {
  track: MediaStreamTrack;
  target: PictureTarget;
  transfer: Transferable[];
} {
  if (abilities.generator) {
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const { writable } = generator;
    return { track: generator, target: { type: 'stream', writable }, transfer: [writable] };
  }
  const canvas = document.createElement('canvas');
  const [track] = canvas.captureStream().getVideoTracks();
  const offscreen = canvas.transferControlToOffscreen();
  return {
    track: track as MediaStreamTrack,
    target: { type: 'canvas', canvas: offscreen },
    transfer: [offscreen],
  };
}
