import type { ApiEvent, Peer, Person } from '../../src/daemon/api.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { withReceipt } from '../delivery.js';
import { pathLabel } from '../path-label.js';
import { offerLines, reusedWords, shortId } from '../transfer-lines.js';
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
      next = reducePeople(next, event);
      next = reduceTransfers(next, event);
      const entry = entryOf(next, event);
      if (entry) added.push(entry);
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
      return { ...state, joined: false, here: new Map(), peers: new Map() };
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
  transfers: new Map(transfers.map((info) => [info.transfer, info])),
});

function reduceTransfers(state: State, event: ApiEvent): State {
  const put = (transfer: string, change: Partial<TransferInfo>): State => {
    const known = state.transfers.get(transfer);
    if (!known) return state;
    return { ...state, transfers: new Map(state.transfers).set(transfer, { ...known, ...change }) };
  };
  switch (event.type) {
    case 'file-offered':
    case 'transfer-changed':
      return { ...state, transfers: new Map(state.transfers).set(event.transfer, event) };
    case 'transfer-progress': {
      const { bytes, total, reused, ratePerSecond, sources } = event;
      return put(event.transfer, { state: 'active', bytes, total, reused, ratePerSecond, sources });
    }
    case 'transfer-done':
      return put(event.transfer, { state: 'done', bytes: event.bytes, paths: event.paths, ratePerSecond: 0 });
    case 'transfer-failed':
      return put(event.transfer, { state: 'failed', code: event.code, ratePerSecond: 0 });
    default:
      return state;
  }
}

/** What the log says of an event; null for what need not be told. */
function entryOf(state: State, event: ApiEvent): Entry | null {
  const name = (person: Person) => nameOf(state.names, person);
  switch (event.type) {
    case 'message':
      return messageEntry(state, event);
    case 'peer-joined':
      return { ...line(event, 'dim', []), kind: 'joined', people: one(event.peer, name) };
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
        ...offerLines(event),
        `/accept ${shortId(event)}   /decline ${shortId(event)}`,
      ]);
    case 'transfer-done':
      return event.paths.length === 0
        ? null
        : line(event, 'done', [
            ...event.paths.map((place) => `✓ ${place}`),
            ...(event.reused > 0 ? [reusedWords(event)] : []),
          ]);
    case 'transfer-failed':
    case 'file-refused':
    case 'peer-lookalike':
    case 'history-notice':
    case 'error':
      return line(event, 'risk', [`! ${event.text}`]);
    default:
      return null;
  }
}

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
