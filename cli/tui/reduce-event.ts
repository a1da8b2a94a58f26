import type { ApiEvent, Peer, Person } from '../../src/daemon/api.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { callEventLine } from '../call-lines.js';
import { withReceipt } from '../delivery.js';
import { pathLabel } from '../path-label.js';
import { offerLines, shortId } from '../transfer-lines.js';
import { transferNews, withTransferEvent } from '../transfer-news.js';
import {
  type Entry,
  KEPT_ENTRIES,
  type LineEntry,
  type Tone,
  trimmed,
  withEntries,
  withMessage,
  withOwnMessages,
} from './entries.js';
import { messageEntry, withRequests } from './message-entry.js';
import { named, nameOf, type State } from './state.js';

/**
 * The state after events of the node, in their order. Pure. Taken many at once, so that a flood costs one copy of the
 * log a drawing.
 */
export function reduceEvents(state: State, events: readonly ApiEvent[]): State {
  const added: Entry[] = [];
  let next = state;
  for (const event of events) {
    if (!('roomId' in event) || event.roomId !== state.roomId) continue;
    if (changesMessage(event)) {
      next = changed(flushed(next, added), event);
    } else if (event.type === 'message' && event.request) {
      next = withRequests(reducePeople(flushed(next, added), event), [event.author], Date.parse(event.time));
    } else {
      const isBack = event.type === 'peer-joined' && next.gone.has(event.peer.id);
      next = reducePeople(next, event);
      const entry = entryOf(next, event, isBack);
      if (entry) added.push(entry);
      added.push(...newsOf(next, event));
      const transfers = withTransferEvent(next.transfers, event);
      if (transfers !== next.transfers) next = { ...next, transfers };
    }
  }
  return flushed(next, added);
}

type MessageChange = Extract<
  ApiEvent,
  {
    type:
      | 'message-delivered'
      | 'message-undelivered'
      | 'message-edited'
      | 'message-deleted'
      | 'reaction'
      | 'receipt';
  }
>;

const CHANGES: ReadonlySet<ApiEvent['type']> = new Set([
  'message-delivered',
  'message-undelivered',
  'message-edited',
  'message-deleted',
  'reaction',
  'receipt',
]);

const changesMessage = (event: ApiEvent): event is MessageChange => CHANGES.has(event.type);

/** The state with what was gathered; `added` is empty afterwards. */
function flushed(state: State, added: Entry[]): State {
  if (added.length === 0) return state;
  const entries = added.splice(0);
  const fromOthers = entries.filter((entry) => entry.type === 'message' && !entry.message.self);
  const all = withEntries(state.entries, entries);
  const isSeen = state.focused && !state.scroll;
  const unreadFrom = state.unreadFrom ?? (isSeen ? null : (fromOthers[0]?.key ?? null));
  // What somebody has scrolled to stays as long as it can.
  if (state.scroll && all.length < 2 * KEPT_ENTRIES)
    return { ...state, entries: all, below: state.below + fromOthers.length, unreadFrom };
  const kept = trimmed(all);
  const older = kept.length < all.length ? 'more' : state.older;
  return { ...state, entries: kept, scroll: null, below: 0, unreadFrom, older };
}

function changed(state: State, event: MessageChange): State {
  const put = (entries: readonly Entry[]): State =>
    entries === state.entries ? state : { ...state, entries };
  switch (event.type) {
    case 'message-edited':
      return put(withMessage(state.entries, event.id, () => event));
    case 'message-deleted':
      return put(
        withMessage(state.entries, event.id, (message) => ({
          ...message,
          text: '',
          deleted: true,
          reactions: [],
        })),
      );
    case 'reaction':
      return put(
        withMessage(state.entries, event.id, (message) => ({ ...message, reactions: event.reactions })),
      );
    case 'message-delivered':
      return put(
        withMessage(state.entries, event.id, (message) => ({
          ...withReceipt(message, { peer: event.to, delivered: message.clock, read: 0 }),
          of: message.to ? message.of : event.of,
        })),
      );
    case 'receipt': {
      const { peer, delivered, read } = event;
      const was = state.reach.get(peer.id) ?? { delivered: 0, read: 0 };
      const entries = withOwnMessages(state.entries, Math.min(was.delivered, was.read), (message) =>
        withReceipt(message, event),
      );
      return { ...state, entries, reach: new Map(state.reach).set(peer.id, { delivered, read }) };
    }
    default:
      return put(withEntries(state.entries, [undelivered(state, event)]));
  }
}

function reducePeople(state: State, event: ApiEvent): State {
  switch (event.type) {
    case 'joined':
      return withPeople({ ...state, joined: true, self: event.self }, event.members);
    case 'left':
      return { ...state, joined: false, here: new Map(), peers: new Map(), typing: new Map(), callers: 0 };
    case 'peer-joined':
      return {
        ...state,
        here: new Map(state.here).set(event.peer.id, event.peer),
        gone: without(state.gone, event.peer.id),
        names: named(state.names, event.peer),
      };
    case 'peer-left':
      return {
        ...state,
        here: without(state.here, event.peer.id),
        typing: without(state.typing, event.peer.id),
        peers: without(state.peers, event.peer.id),
        gone: new Map(state.gone).set(event.peer.id, { person: event.peer, at: Date.parse(event.time) }),
      };
    case 'peer-renamed':
      return {
        ...state,
        here: new Map(state.here).set(event.peer.id, event.peer),
        names: named(state.names, event.peer),
      };
    case 'message':
      return {
        ...state,
        names: named(state.names, event.author),
        typing: without(state.typing, event.author.id),
      };
    case 'typing':
      return {
        ...state,
        typing: event.on
          ? new Map(state.typing).set(event.peer.id, event.peer)
          : without(state.typing, event.peer.id),
      };
    default:
      return state;
  }
}

/** The state with these people here, and nobody else. */
function withPeople(state: State, people: readonly Person[]): State {
  let { names } = state;
  for (const person of people) names = named(names, person);
  return { ...state, names, here: new Map(people.map((person) => [person.id, person])) };
}

/** The state with the people who are here as the node tells them when asked, with the ways to them. */
export function withPeers(state: State, people: readonly Peer[]): State {
  const peers = people.filter(({ self }) => !self);
  return {
    ...withPeople(state, peers),
    self: people.find(({ self }) => self) ?? state.self,
    peers: new Map(peers.map((peer) => [peer.id, peer])),
  };
}

/** The state with what is offered and under way. */
export const withTransfers = (state: State, transfers: readonly TransferInfo[]): State => ({
  ...state,
  transfers: new Map(
    transfers.map((info) => [
      info.transfer,
      { ...info, startedAt: state.transfers.get(info.transfer)?.startedAt },
    ]),
  ),
});

/** What the log says of an event; null for what need not be told. `isBack`: whoever comes was here before. */
function entryOf(state: State, event: ApiEvent, isBack: boolean): Entry | null {
  const name = (person: Person) => nameOf(state.names, person);
  switch (event.type) {
    case 'message':
      return messageEntry(state, event);
    case 'peer-joined':
      return { ...line(event, 'dim', []), kind: isBack ? 'back' : 'joined', people: one(event.peer, name) };
    case 'peer-left':
      return {
        ...line(event, event.reason === 'left' ? 'dim' : 'risk', []),
        kind: event.reason,
        people: one(event.peer, name),
      };
    case 'peer-renamed':
      return line(event, 'dim', [`${event.was} is now ${name(event.peer)}`]);
    case 'peer-path':
      return line(event, 'dim', [`${name(event.peer)} is reached by ${pathLabel(event.path)}`]);
    case 'file-offered':
      return line(event, 'strong', [
        ...offerLines(event, name(event.from)),
        `/accept ${shortId(event)}   /accept ${shortId(event)} to DIR   /decline ${shortId(event)}`,
      ]);
    case 'file-refused':
    case 'peer-lookalike':
    case 'history-notice':
    case 'error':
      return line(event, 'risk', [`! ${event.text}`]);
    default: {
      const call = callEventLine(event, name);
      return call ? line(event, 'strong', [`☎ ${call}`]) : null;
    }
  }
}

/** What the log says of a transfer that goes on or ends. */
const newsOf = (state: State, event: ApiEvent): LineEntry[] =>
  transferNews(state.transfers, event, (person) => nameOf(state.names, person)).map(({ tone, lines }, i) => ({
    ...line(event, tone, lines),
    key: `${event.epoch}:${event.seq}:${i}`,
  }));

function undelivered(state: State, event: Extract<ApiEvent, { type: 'message-undelivered' }>): LineEntry {
  const what = event.ids.length === 1 ? 'your last line' : `your last ${event.ids.length} lines`;
  return line(event, 'risk', [`! ${nameOf(state.names, event.to)} may not have got ${what}`]);
}

const line = (event: ApiEvent, tone: Tone, lines: readonly string[]): LineEntry => ({
  type: 'line',
  kind: 'other',
  key: `${event.epoch}:${event.seq}`,
  at: Date.parse(event.time),
  tone,
  lines,
  people: new Map(),
});

const one = (person: Person, name: (person: Person) => string) => new Map([[person.id, name(person)]]);

function without<V>(map: ReadonlyMap<string, V>, id: string): ReadonlyMap<string, V> {
  if (!map.has(id)) return map;
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
