import { setFlagsFromString } from 'node:v8';

/**
 * V8 options that a running process may change: what is new is kept where it is small, and what has lived on is looked
 * through once it has grown by half.
 */
const FLAGS = ['--semi-space-growth-factor=1', '--heap-growing-percent=50'];
/** Node 20 to 24. Another V8 may not know the options and would say so on the screen. */
const KNOWS_THEM = /^1[1-3]\./;

/**
 * Keeps a flood from making the window large. The messages that it holds take 10 MB; by itself V8 takes 30 MB more for
 * new ones and lets the dead grow to 50 MB before it looks: 1,000 lines a second then made 63 MB resident 145. With
 * these it is 94, for a hundredth of the processor (`npm run bench terminal`).
 */
export function boundHeap(): void {
  if (KNOWS_THEM.test(process.versions.v8)) for (const flag of FLAGS) setFlagsFromString(flag);
}
