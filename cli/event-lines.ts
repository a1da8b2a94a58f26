import type { ApiEvent, Person } from '../src/daemon/api.js';
import type { Message } from '../src/daemon/chat-api.js';
import { callEventLine } from './call-lines.js';
import { beginning, messageLines } from './message-lines.js';
import { type Output, safe } from './output.js';
import { pathLabel } from './path-label.js';
import { offerLines, shortId } from './transfer-lines.js';
import { type Transfers, transferNews } from './transfer-news.js';

export interface EventLineOptions {
  paint: Output['paint'];
  nameOf: (person: Person) => string;
  /** A message that was shown. */
  shown: (id: string) => Message | undefined;
  /** As they were before the event. */
  transfers: Transfers;
}

/**
 * An event as lines for a person; none for what need not be told. Everything after a message's first line is
 * indented, so that no message can look like another event.
 */
export function eventLines(event: ApiEvent, { paint, nameOf, shown, transfers }: EventLineOptions): string[] {
  const time = paint.dim(new Date(event.time).toTimeString().slice(0, 5));
  switch (event.type) {
    case 'message':
      // Offers and calls are told by events of their own when they happen.
      return event.author.muted || event.file || event.call ? [] : messageLines(event, { paint, nameOf });
    case 'message-edited':
      return event.author.muted || !shown(event.id) ? [] : messageLines(event, { paint, nameOf });
    case 'message-deleted': {
      const message = shown(event.id);
      const when = message && new Date(message.sent).toTimeString().slice(0, 5);
      return when ? [`${time} ${paint.dim(`- ${nameOf(event.by)} deleted what was said at ${when}`)}`] : [];
    }
    case 'reaction': {
      const message = shown(event.id);
      if (!message || event.by.muted) return [];
      const what = event.on ? 'reacts with' : 'takes back';
      return [
        `${time} ${paint.dim(`+ ${nameOf(event.by)} ${what} ${safe(event.emoji)} to "${beginning(message.text)}"`)}`,
      ];
    }
    case 'history-changed':
      return event.done && event.added > 0
        ? [`${time} ${paint.dim(`${event.added} messages of before came in; /history shows the newest`)}`]
        : [];
    case 'peer-joined': {
      const way = event.path ? `, ${pathLabel(event.path)}` : '';
      const verified = event.peer.verified ? ', verified' : ''; // last, where no name can stand
      return [`${time} ${paint.dim(`→ ${nameOf(event.peer)} joined${way}${verified}`)}`];
    }
    case 'message-undelivered': {
      const what = event.ids.length === 1 ? 'your last line' : `your last ${event.ids.length} lines`;
      return [`${time} ${paint.yellow(`! ${nameOf(event.to)} may not have got ${what}`)}`];
    }
    case 'peer-left':
      return event.reason === 'left'
        ? [`${time} ${paint.dim(`← ${nameOf(event.peer)} left`)}`]
        : [`${time} ${paint.yellow(`! ${nameOf(event.peer)} cannot be reached any more; still trying`)}`];
    case 'peer-renamed':
      return [`${time} ${paint.dim(`${safe(event.was)} is now ${nameOf(event.peer)}`)}`];
    case 'peer-path':
      return [`${time} ${paint.dim(`${nameOf(event.peer)} is reached by ${pathLabel(event.path)}`)}`];
    case 'file-offered':
      return offerLines(event, nameOf(event.from)).map((line, i) =>
        i === 0 ? `${time} ${line}; /accept ${shortId(event)} takes it` : `      ${line}`,
      );
    case 'transfer-changed':
    case 'transfer-done':
    case 'transfer-failed':
      return transferNews(transfers, event, nameOf).flatMap(({ tone, lines }) => {
        const painted = lines.map(NEWS_PAINT[tone](paint));
        return painted.map((line, i) => (i === 0 ? `${time} ${line}` : `      ${line}`));
      });
    case 'file-refused':
    case 'peer-lookalike':
    case 'history-notice':
    case 'error':
      return [`${time} ${paint.yellow(`! ${safe(event.text)}`)}`];
    default: {
      const line = callEventLine(event, nameOf);
      return line ? [`${time} ${paint.cyan(`☎ ${line}`)}`] : [];
    }
  }
}

const NEWS_PAINT = {
  done: ({ green }: Output['paint']) => green,
  risk: ({ yellow }: Output['paint']) => yellow,
  dim: ({ dim }: Output['paint']) => dim,
};

/** Gives every person a name that no other person here bears: two of one name get their tags. */
export class Names {
  readonly #byId = new Map<string, Person>();

  see(person: Person): void {
    this.#byId.set(person.id, person);
  }

  of(person: Person): string {
    this.see(person);
    const others = [...this.#byId.values()].some(({ id, name }) => id !== person.id && name === person.name);
    return others ? `${safe(person.name)}#${person.tag}` : safe(person.name);
  }
}
