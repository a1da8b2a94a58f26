import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Bytes of this process's heap that are in use, without what waits to be collected. */
export function liveHeapBytes(): number {
  gc();
  return process.memoryUsage().heapUsed;
}
