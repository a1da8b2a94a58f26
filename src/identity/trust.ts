import type { PeerId } from './peer-id.js';

/** What this person has decided about another one. It stays on this machine: nobody is told. */
export interface Marks {
  /** The safety numbers were compared: this key is that person's. */
  readonly verified: boolean;
  /** Not let in: no stream of theirs gets as far as a channel, in any room. */
  readonly blocked: boolean;
  /** What they say is kept and passed on like anybody's, and not shown. */
  readonly muted: boolean;
}

export const NO_MARKS: Marks = { verified: false, blocked: false, muted: false };

/** What features ask about a person; `marks` of somebody unknown are all false. */
export interface Trust {
  marks(id: PeerId): Marks;
}
