import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';

const AGAIN_MS = 200;

/**
 * Asks how things stand whenever a node was lost and another has taken its place, since what happened meanwhile is told
 * by no event. `fail` hears, once, why there is nothing more to wait for: no node can be had, or one refuses to tell.
 * Returns what ends this; a command that forgets to would ask for ever.
 */
export function lookAfterLoss(
  client: Pick<Client, 'on'>,
  look: () => Promise<void>,
  fail: (err: ChatterError) => void,
): () => void {
  let isOver = false;
  const giveUp = (err: unknown) => {
    if (isOver) return;
    isOver = true;
    fail(ChatterError.from(err));
  };
  client.on('failed', giveUp);
  client.on('resync', () => void lookAgain(look, () => isOver).catch(giveUp));
  return () => {
    isOver = true;
  };
}

/** Asks until a node has answered: one that is lost meanwhile is replaced, and what it told before is not told again. */
async function lookAgain(look: () => Promise<void>, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      return await look();
    } catch (err) {
      if (ChatterError.from(err).code !== 'NODE_LOST') throw err;
      await sleep(AGAIN_MS);
    }
  }
}
