import type { TrackKind } from '../../../media/codecs.js';
import type { SourceId } from './capture-state.js';

export interface CapturedTrack {
  readonly kind: TrackKind;
  readonly track: MediaStreamTrack;
}

/** The live tracks of these sources by the name that each is sent under: `camera`, `screen-1`, `screen-1-sound`. */
export function capturedTracks(
  sources: Iterable<SourceId>,
  streamOf: (source: SourceId) => MediaStream | null,
): Map<string, CapturedTrack> {
  const captured = new Map<string, CapturedTrack>();
  for (const source of sources) {
    for (const track of streamOf(source)?.getTracks() ?? []) {
      if (track.readyState === 'ended') continue;
      if (source === 'camera' || source === 'microphone') captured.set(source, { kind: source, track });
      else if (track.kind === 'video') captured.set(source, { kind: 'screen', track });
      else captured.set(`${source}-sound`, { kind: 'screen-sound', track });
    }
  }
  return captured;
}
