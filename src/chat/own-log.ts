import type { PeerId } from '../identity/peer-id.js';
import { type LogId, logId, type Message } from './message.js';
import type { Notices } from './notices.js';
import type { Verdict } from './verdict.js';
import type { Work } from './work.js';
import type { Writers } from './writers.js';

export interface OwnLogDependencies {
  self: PeerId;
  writers: Writers;
  work: Work;
  notices: Notices;
}

/** The log that this data folder writes to: another one is begun when it shows that some other folder writes to it too. */
export class OwnLog {
  readonly #deps: OwnLogDependencies;

  constructor(deps: OwnLogDependencies) {
    this.#deps = deps;
  }

  get id(): LogId {
    const { self, writers } = this.#deps;
    return logId({ author: self, writer: writers.current });
  }

  /** An older copy of this folder came back: what it writes now must not stand where its other life has written. */
  onAhead(): void {
    const { work, writers, notices } = this.#deps;
    work.attempt(() =>
      work.alone(async () => {
        if (await writers.renewForClaim()) notices.tell('WRITER_RENEWED');
      }),
    );
  }

  /** Others' messages were accepted: if some are of this log, they were not written here. To be called alone. */
  async onAccepted({ accepted }: Verdict): Promise<void> {
    const { self, writers, notices } = this.#deps;
    const { current } = writers;
    const isOwn = ({ header }: Message) => header.author === self && header.writer === current;
    if (!accepted.some(({ message }) => isOwn(message))) return;
    await writers.renew();
    notices.tell('WRITER_RENEWED');
  }
}
