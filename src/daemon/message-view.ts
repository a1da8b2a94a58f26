import type { MessageId } from '../chat/message.js';
import { compare } from '../chat/order.js';
import type { RoomChat } from '../chat/room-chat.js';
import type { Shown } from '../chat/timeline.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Talk } from '../node/kept-talks.js';
import type { ChatterNode } from '../node/node.js';
import { readCallEntry, readFileEntry } from '../room/entries.js';
import { showText } from '../text.js';
import type { Person } from './api.js';
import type { Message } from './chat-api.js';

const QUOTE_CHARACTERS = 200;

/** Where something was said. */
export const where = ({ label, keys }: Talk) => ({ room: label, roomId: keys.id });

/** Messages as the API shows them: with people for keys, and with who has them. */
export class MessageView {
  readonly #node: ChatterNode;
  readonly #person: (id: PeerId, name: string) => Person;

  constructor(node: ChatterNode, person: (id: PeerId, name: string) => Person) {
    this.#node = node;
    this.#person = person;
  }

  async message(talk: Talk, shown: Shown): Promise<Message> {
    return (await this.messages(talk, [shown]))[0] as Message;
  }

  /** In the order of the room. */
  async messages(talk: Talk, page: readonly Shown[]): Promise<Message[]> {
    const { chat } = talk;
    const others = page.some(({ mine }) => mine) ? await this.others(talk) : 0;
    const sorted = page.toSorted(compare);
    const quotes = await quoted(chat, sorted);
    return sorted.map((shown) => this.#asMessage(talk, shown, others, quotes));
  }

  /** How many other people are to have what is said here: who is here, and who ever wrote. */
  async others({ chat, members }: Talk): Promise<number> {
    const people = await chat.people();
    for (const { id } of members) people.set(id, null);
    return [...people.keys()].filter((id) => !this.#node.trust.marks(id).blocked).length;
  }

  who({ name, members }: Talk, id: PeerId): Person {
    const self = id === this.#node.identity.id ? name : undefined;
    const here = () => members.find((member) => member.id === id)?.name;
    // Last, since it is everybody who was ever met, in order.
    const known = () => this.#node.people.find((person) => person.id === id)?.names[0];
    return this.#person(id, self ?? here() ?? known() ?? 'Somebody');
  }

  #asMessage(talk: Talk, shown: Shown, others: number, quotes: ReadonlyMap<MessageId, Shown>): Message {
    const { author, mine, to, replyTo } = shown;
    const person = (id: PeerId) => this.who(talk, id);
    const isFor = (id: PeerId) => to === null || id === to;
    const receipts = talk.chat.receiptsOf(shown);
    const quote = replyTo ? quotes.get(replyTo) : undefined;
    return {
      id: shown.id,
      ...where(talk),
      kind: shown.kind,
      author: person(author),
      self: mine,
      text: shown.text,
      clock: shown.clock,
      sent: new Date(shown.sent).toISOString(),
      ...(shown.clockOff ? { clockOff: true } : {}),
      ...(replyTo ? { replyTo } : {}),
      ...(quote ? { quote: { author: person(quote.author), text: beginning(quote.text) } } : {}),
      ...(to ? { to: person(to) } : {}),
      ...(talk.chat.isRequest(shown) ? { request: true } : {}),
      mentionsMe: shown.mentionsMe,
      ...(shown.edited === null ? {} : { edited: new Date(shown.edited).toISOString() }),
      ...(shown.deleted ? { deleted: true } : {}),
      ...(shown.expired ? { expired: true } : {}),
      reactions: shown.reactions.map(({ emoji, people }) => ({
        emoji,
        people: people.map(person),
        mine: people.includes(this.#node.identity.id),
      })),
      deliveredTo: receipts.delivered.filter(isFor).map(person),
      readBy: receipts.read.filter(isFor).map(person),
      of: mine ? (to ? 1 : others) : 0,
      ...(!mine && shown.row > talk.chat.readRow ? { unread: true } : {}),
      ...entryOf(shown),
    };
  }
}

async function quoted(chat: RoomChat, page: readonly Shown[]): Promise<Map<MessageId, Shown>> {
  const ids = [...new Set(page.flatMap(({ replyTo }) => replyTo ?? []))];
  return new Map((await chat.messages(ids)).map((shown) => [shown.id, shown]));
}

const beginning = (text: string): string => text.slice(0, QUOTE_CHARACTERS).toWellFormed();

/** What an offer or a call says, and in words for whoever shows words alone. */
function entryOf({ kind, entry }: Shown): Pick<Message, 'text' | 'file' | 'call'> | undefined {
  if (!entry) return undefined;
  if (kind === 'file') {
    const file = readFileEntry(entry);
    if (!file) return { text: 'offered something that cannot be read' };
    const name = showText(file.name);
    return { text: `offered ${name}, ${size(file.bytes)}${inFiles(file.files)}`, file: { ...file, name } };
  }
  const call = readCallEntry(entry);
  if (!call) return { text: 'was in a call' };
  const text = call.what === 'started' ? 'started a call' : `ended a call of ${duration(call.seconds)}`;
  return { text, call };
}

const inFiles = (files: number): string => (files === 1 ? '' : ` in ${files} files`);

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
