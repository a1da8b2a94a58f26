import type { ApiEvent, Person } from '../src/daemon/api.js';
import { showText } from '../src/text.js';
import { callEventLine } from './call-lines.js';
import { type Output, safe } from './output.js';
import { pathLabel } from './path-label.js';
import { offerLines, shortId } from './transfer-lines.js';

/**
 * An event as lines for a person; none for what need not be told. Everything after a message's first line is
 * indented, so that no message can look like another event.
 */
export function eventLines(event: ApiEvent, out: Output, nameOf: (person: Person) => string): string[] {
  const { paint } = out;
  const time = paint.dim(new Date(event.time).toTimeString().slice(0, 5));
  switch (event.type) {
    case 'message': {
      if (event.author.muted) return [];
      const [first = '', ...rest] = showText(event.text).split('\n').map(safe);
      return [
        `${time} ${paint.bold(nameOf(event.author))}: ${first}`,
        ...rest.map((line) => `      ${line}`),
      ];
    }
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
      return offerLines(event).map((line, i) =>
        i === 0 ? `${time} ${line}; /accept ${shortId(event)} takes it` : `      ${line}`,
      );
    case 'transfer-done':
      return event.paths.map((place) => `${time} ${paint.green(`✓ ${safe(place)}`)}`);
    case 'transfer-failed':
    case 'file-refused':
    case 'peer-lookalike':
    case 'error':
      return [`${time} ${paint.yellow(`! ${safe(event.text)}`)}`];
    default: {
      const line = callEventLine(event, nameOf);
      return line ? [`${time} ${paint.cyan(`☎ ${line}`)}`] : [];
    }
  }
}

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
