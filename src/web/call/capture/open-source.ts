import type { CallSettings } from '../call-settings.js';
import type { SourceId } from './capture-state.js';

/** Asks the browser for a source with the settings as they are then. */
export async function openSource(source: SourceId, settings: CallSettings): Promise<MediaStream> {
  if (source === 'microphone') return navigator.mediaDevices.getUserMedia({ audio: microphone(settings) });
  if (source === 'camera') return navigator.mediaDevices.getUserMedia({ video: camera(settings) });
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: 30, max: 60 } },
    audio: true,
    // Native size, and the tab that one presents from may be switched (Screen Capture, "surfaceSwitching").
    ...({ surfaceSwitching: 'include', systemAudio: 'include' } as object),
  });
  for (const track of stream.getVideoTracks())
    track.contentHint = settings.screenFor === 'text' ? 'text' : 'motion';
  return stream;
}

function microphone({ microphoneId, noiseSuppression }: CallSettings): MediaTrackConstraints {
  return {
    ...chosen(microphoneId),
    echoCancellation: true,
    autoGainControl: true,
    noiseSuppression,
    channelCount: 1,
  };
}

function camera({ cameraId, lines, framerate }: CallSettings): MediaTrackConstraints {
  return {
    ...chosen(cameraId),
    height: { ideal: lines },
    width: { ideal: Math.round((lines * 16) / 9) },
    frameRate: { ideal: framerate, max: 60 },
  };
}

/** A device that is gone since it was chosen is no reason to have none. */
const chosen = (deviceId: string): MediaTrackConstraints =>
  deviceId ? { deviceId: { ideal: deviceId } } : {};
