import type { ErrorCode } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';

/** Something that this person is to know of the history; `peer` is whom it is about, if anybody. */
export interface Notice {
  readonly code: ErrorCode;
  readonly peer: PeerId | null;
}

/** Tells each notice once, however often there is cause for it. */
export class Notices {
  readonly #tell: (notice: Notice) => void;
  readonly #told = new Set<string>();

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
  }

  tell(code: ErrorCode, peer: PeerId | null = null): void {
    const key = `${code} ${peer}`;
    if (this.#told.has(key)) return;
    if (this.#told.size < LIMITS.chatReceipts) this.#told.add(key);
    this.#tell({ code, peer });
  }
}
