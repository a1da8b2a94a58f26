import type { Codec } from '../../media/codecs.js';

/** How this person likes calls; kept for the tab's origin, holds no secret. */
export interface CallSettings {
  cameraId: string;
  microphoneId: string;
  speakerId: string;
  /** Lines of the picture: 360, 480, 720 or 1080. */
  lines: 360 | 480 | 720 | 1080;
  framerate: 15 | 24 | 30 | 60;
  /** Null: the one that was measured to be best and everybody reads. */
  codec: Codec | null;
  /** Mb/s at most; null for what the picture needs. */
  maxMegabits: number | null;
  noiseSuppression: boolean;
  pushToTalk: boolean;
  /** A shared screen stays readable, or moves smoothly. */
  screenFor: 'text' | 'motion';
  /** Single keys work on the stage. */
  keys: boolean;
}

const DEFAULT_CALL_SETTINGS: CallSettings = {
  cameraId: '',
  microphoneId: '',
  speakerId: '',
  lines: 720,
  framerate: 30,
  codec: null,
  maxMegabits: null,
  noiseSuppression: true,
  pushToTalk: false,
  screenFor: 'text',
  keys: true,
};

const KEY = 'chatter-call-settings';

export function loadCallSettings(): CallSettings {
  try {
    return { ...DEFAULT_CALL_SETTINGS, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return DEFAULT_CALL_SETTINGS; // somebody wrote something else there
  }
}

export function keepCallSettings(settings: CallSettings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}
