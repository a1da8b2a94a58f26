import { setTimeout as sleep } from 'node:timers/promises';
import { ChatterError } from '../src/errors.js';

const AGAIN_MS = 200;

/**
 * Asks how things stand after events were missed, until a node has answered: one that is lost meanwhile is replaced,
 * and what it told before is not told again. Rejects with what a node answers; ends without a word when `isOver`.
 */
export async function lookAgain(look: () => Promise<void>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      return await look();
    } catch (err) {
      if (ChatterError.from(err).code !== 'NODE_LOST') throw err;
      await sleep(AGAIN_MS);
    }
  }
}
