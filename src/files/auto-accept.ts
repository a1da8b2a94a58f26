import { isRisky } from './names.js';
import type { Transfer } from './transfer.js';

/** Whose offers are taken without asking. */
export type AutoAccept = 'off' | 'verified';

/**
 * Whether an offer is taken without asking: never with a name in it that a system may run or hide, whoever it is from,
 * since such names are to be seen before anybody says yes.
 */
export const isAcceptedByItself = (
  { manifest, state, mine }: Transfer,
  setting: AutoAccept,
  author: { verified: boolean },
): boolean =>
  setting === 'verified' &&
  author.verified &&
  !mine &&
  state === 'offered' &&
  !manifest.entries.some(({ path }) => path.split('/').some(isRisky));
