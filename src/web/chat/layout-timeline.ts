import type { Message } from '../../daemon/chat-api.js';
import { startOfDay } from '../parts/times.js';
import type { Entry } from '../state/model.js';
import type { MessageWindow } from './message-window.js';
import { comparePlaces, type Place } from './place.js';

/** A line of the timeline as it is drawn. `grouped`: under the same author's last message, without face and name. */
export type Row =
  | { type: 'day'; id: string; at: number }
  | { type: 'unread'; id: string }
  | { type: 'message'; id: string; message: Message; grouped: boolean }
  | { type: 'file'; id: string; transfer: string }
  | { type: 'line'; id: string; entry: Exclude<Entry, { type: 'file' }> };

/** Messages of one author within this time are one group. */
const GROUP_MS = 5 * 60_000;

/** No day is longer, even one on which clocks are put back; half a day more is not two days more. */
const LONGEST_DAY_MS = 36 * 3_600_000;

/**
 * Lays out what is held of a room's talk, and what happened meanwhile, as rows: a line for each new day, one where what
 * is unread begins, messages in groups. What happened outside of what is held is left out, and an offer in the history
 * stands for its line; it is a card where its transfer is known, and words where nobody who has it is here.
 */
export function layoutTimeline(
  window: MessageWindow,
  entries: readonly Entry[],
  unreadFrom: Place | null,
  transfers: ReadonlyMap<string, unknown>,
): Row[] {
  const rows: Row[] = [];
  const offered = new Set(window.messages.map(({ file }) => file?.transfer));
  const between = placed(
    window,
    entries.filter((entry) => entry.type !== 'file' || !offered.has(entry.transfer)),
  );
  let before: Message | null = null;
  let dayEnds = Number.NEGATIVE_INFINITY;
  let dayStarts = Number.POSITIVE_INFINITY;
  let isRead = unreadFrom !== null;
  const day = (at: number, id: string) => {
    if (at >= dayStarts && at < dayEnds) return;
    dayStarts = startOfDay(at);
    dayEnds = startOfDay(dayStarts + LONGEST_DAY_MS);
    rows.push({ type: 'day', id: `day ${id}`, at });
    before = null;
  };
  const happened = (index: number) => {
    for (const entry of between.get(index) ?? []) {
      day(entry.at, entry.id);
      if (entry.type === 'file') rows.push({ type: 'file', id: entry.id, transfer: entry.transfer });
      else rows.push({ type: 'line', id: entry.id, entry });
      before = null;
    }
  };
  happened(0);
  for (const [index, message] of window.messages.entries()) {
    const at = Date.parse(message.sent);
    day(at, message.id);
    if (isRead && unreadFrom && comparePlaces(message, unreadFrom) >= 0) {
      isRead = false;
      rows.push({ type: 'unread', id: `unread ${message.id}` });
      before = null;
    }
    const transfer = message.file?.transfer;
    if (transfer !== undefined && transfers.has(transfer)) {
      rows.push({ type: 'file', id: message.id, transfer });
      before = null;
    } else {
      rows.push({ type: 'message', id: message.id, message, grouped: follows(before, message, at) });
      before = message;
    }
    happened(index + 1);
  }
  return rows;
}

/** What happened, by the number of messages before it. */
function placed(
  { messages, olderLeft, newerLeft }: MessageWindow,
  entries: readonly Entry[],
): Map<number, Entry[]> {
  const between = new Map<number, Entry[]>();
  const times = messages.map(({ sent }) => Date.parse(sent));
  for (const entry of entries) {
    const { after, at } = entry;
    const isBefore = (index: number) =>
      after ? comparePlaces(messages[index] as Message, after) <= 0 : (times[index] as number) <= at;
    let index = messages.length;
    while (index > 0 && !isBefore(index - 1)) index--;
    if (index === 0 && olderLeft) continue;
    if (index === messages.length && newerLeft && messages.at(-1)?.id !== after?.id) continue;
    between.set(index, [...(between.get(index) ?? []), entry]);
  }
  return between;
}

const follows = (before: Message | null, message: Message, at: number) =>
  before !== null &&
  before.author.id === message.author.id &&
  before.author.name === message.author.name &&
  before.kind === message.kind &&
  message.kind === 'text' &&
  before.to?.id === message.to?.id &&
  !message.replyTo &&
  at - Date.parse(before.sent) < GROUP_MS;
