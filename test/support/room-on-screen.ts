import type { Key } from '../../cli/tui/keys.js';
import { type Frame, layout } from '../../cli/tui/layout.js';
import { type Effect, reduceKey } from '../../cli/tui/reduce-key.js';
import { emptyState, type State } from '../../cli/tui/state.js';
import type { ApiEvent, EventBody } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';

/** The hour at which everything happens in these tests. */
export const NOW = Date.UTC(2026, 4, 1, 10);
export const room = { room: 'lab', roomId: 'r1' };
export const person = (id: string, name = `Name ${id}`) => ({ id, name, tag: id.padEnd(6, '0') });
export const me = person('me', 'Blue Heron');
let seq = 0;

/** The full screen of somebody who has just entered a room. */
export const start = (columns = 80, rows = 24): State =>
  emptyState({ ...room, kind: 'open', self: me }, { columns, rows }, NOW);

/** An event as the node tells it. */
export const event = (body: EventBody): ApiEvent =>
  ({ ...body, epoch: 'e', seq: ++seq, time: new Date(NOW).toISOString() }) as ApiEvent;

export const message = (text: string, more: Partial<Message> = {}): Message => {
  const { author = person('a') } = more;
  const self = author.id === 'me';
  return {
    id: (++seq).toString(16).padStart(8, '0').split('').reverse().join('').padEnd(64, '0'),
    ...room,
    kind: 'text',
    author,
    self,
    text,
    clock: seq,
    sent: new Date(NOW).toISOString(),
    mentionsMe: false,
    reactions: [],
    deliveredTo: [],
    readBy: [],
    of: self ? 2 : 0,
    ...more,
  };
};

/** Somebody says something. */
export const says = (text: string, author = person('a')): ApiEvent =>
  event({ type: 'message', ...message(text, { author }) });

/** Somebody comes. */
export const comes = (id: string, name?: string): ApiEvent =>
  event({ type: 'peer-joined', ...room, peer: person(id, name), path: 'lan' });

export const key = (name: string, ctrl = false, alt = false): Key => ({ type: 'key', name, ctrl, alt });

/** Types keys one after the other; what is to be done is gathered. */
export function press(state: State, ...keys: (string | Key)[]): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const each of keys) {
    const reduced = reduceKey(state, typeof each === 'string' ? { type: 'text', text: each } : each, NOW);
    state = reduced.state;
    if (reduced.effect) effects.push(reduced.effect);
  }
  return { state, effects };
}

export const rowsOf = ({ head, log, people, foot }: Frame) => [...head, ...log, ...people, ...foot];

/** What stands on the screen, a line a row; the people beside the log come below it. */
export const shown = (state: State): string =>
  rowsOf(layout(state, NOW))
    .map((row) => row.map(({ text }) => text).join(''))
    .join('\n');
