import type { JitterStats } from './jitter-buffer.js';

/** From the worker's decoder to the worklet. The planes are given away. */
export interface DecodedSound {
  planes: Float32Array[];
  timestampUs: number;
  /** Microseconds of sound before this that never came. */
  missingUs: number;
}

/** From the worklet to the worker: what is heard now. */
export interface AudioClockReport extends JitterStats {
  playingUs: number | null;
}
