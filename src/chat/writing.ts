import type { Content } from './content.js';
import type { HistoryPages } from './history-pages.js';
import type { HistorySync } from './history-sync.js';
import type { Intake } from './intake.js';
import type { LivePush } from './live-push.js';
import type { Members } from './members.js';
import type { MessageId } from './message.js';
import type { OwnMessages } from './own-messages.js';
import type { Shown } from './timeline.js';
import type { Work } from './work.js';

export interface Said {
  readonly id: MessageId;
  /** People whom it was handed to at once. */
  readonly recipients: number;
  readonly message: Shown;
}

export interface WritingDependencies {
  work: Work;
  intake: Intake;
  pages: HistoryPages;
  own: OwnMessages;
  members: Members;
  /** Nothing is synced: messages go to those who are here. */
  live: boolean;
  sync: HistorySync;
  push: LivePush;
}

/** The way of an own message: onto the disk, and only then to those who are here. */
export class Writing {
  readonly #deps: WritingDependencies;

  constructor(deps: WritingDependencies) {
    this.#deps = deps;
  }

  /** Writes a message, about another one or by itself. Throws HISTORY_FULL. */
  write(content: Content, target: MessageId | null): Promise<Said> {
    const { work, intake, pages, own, members, live, sync, push } = this.#deps;
    return work.alone(async () => {
      const { message, clock } = await intake.write(content, target);
      const [shown] = await pages.messages([message.id]);
      own.add(message.id, clock);
      if (live) push.push(message);
      else sync.push([message]);
      return { id: message.id, recipients: members.people, message: shown as Shown };
    });
  }
}
