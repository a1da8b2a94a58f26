import { type PeerId, peerTag } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Authored, BodyChange, ChatStore, Counts, NewMessage, StoredMessage } from './chat-store.js';
import { FLAG } from './chat-store.js';
import type { Content } from './content.js';
import { KINDS, logId, type MessageId } from './message.js';
import { compare, shownTime } from './order.js';
import type { RoomLog } from './room-log.js';
import type { Reader } from './timeline.js';
import type { Judged, Verdict } from './verdict.js';

/** What a message that was stored just now did. */
export type Recorded =
  | { readonly what: 'said' | 'nothing'; readonly id: MessageId; readonly author: PeerId }
  | {
      readonly what: 'edited' | 'deleted';
      readonly id: MessageId;
      readonly author: PeerId;
      readonly target: MessageId;
    }
  | {
      readonly what: 'reacted';
      readonly id: MessageId;
      readonly author: PeerId;
      readonly target: MessageId;
      readonly emoji: string;
      readonly on: boolean;
    };

export interface RecorderDependencies {
  store: ChatStore;
  log: RoomLog;
  reader: Reader;
  /** Names that one is mentioned by. */
  names: () => readonly string[];
  /** Milliseconds since 1970. */
  wall: () => number;
  /** Whether what this person says to everybody, or to oneself alone, counts as unread. */
  counts: (author: PeerId, isDirect: boolean) => boolean;
}

/** A message on its way into the store; what comes after it in the same batch may still change it. */
interface Draft {
  message: NewMessage;
  text: string | null;
}

/**
 * Writes down what was accepted, with all that follows from it, at once or not at all.
 *
 * 1. A deleted message's body, and the bodies of its edits, are in no file once this has resolved, and never come back.
 * 2. Only its author edits or deletes a message, and only what stands by itself: no edit, delete or reaction.
 * 3. A message is found by exactly what `Reader.found` says of it, since the index forgets only what it is told.
 */
export class Recorder {
  readonly #deps: RecorderDependencies;
  /** What messages that are here are about, though it was not here when they came: some of it, or all if not `#more`. */
  readonly #dangling = new Set<MessageId>();
  /** Too much of it to be remembered: the store is asked what there is about each message that comes. */
  #more = false;

  constructor(deps: RecorderDependencies) {
    this.#deps = deps;
  }

  load(dangling: readonly MessageId[]): void {
    for (const id of dangling) this.#dangle(id);
  }

  async record(verdict: Verdict, counts: Counts): Promise<{ recorded: Recorded[]; counts: Counts }> {
    const { store, log } = this.#deps;
    const batch = new Recording(counts);
    const contents = verdict.accepted.map((judged) => ({ judged, opened: this.#open(judged) }));
    await this.#lookUp(contents, batch);
    for (const { judged, opened } of contents) this.#add(judged, opened, batch);
    await store.apply({
      messages: batch.drafts.map(({ message, text }) => ({ ...message, text })),
      bodies: [...batch.bodies.values()],
      logs: verdict.logs,
      tips: verdict.tips,
      ...(batch.counts.unread === counts.unread && batch.counts.mentions === counts.mentions
        ? {}
        : { counts: batch.counts }),
    });
    log.accept(verdict);
    if (batch.erased) await store.scrub(); // Invariant 1
    return { recorded: batch.recorded, counts: batch.counts };
  }

  #open({ message }: Judged) {
    const { header, body } = message;
    return this.#deps.reader.open({ author: header.author, kind: header.kind, body });
  }

  /** Reads all that the batch is about, and what was about that already. */
  async #lookUp(
    contents: readonly { judged: Judged; opened: { content: Content | null } }[],
    batch: Recording,
  ): Promise<void> {
    const { store } = this.#deps;
    const wanted = new Set<MessageId>();
    for (const { judged, opened } of contents) {
      const { target } = judged.message.header;
      if (target) wanted.add(target);
      if (opened.content && 'replyTo' in opened.content && opened.content.replyTo)
        wanted.add(opened.content.replyTo);
    }
    for (const message of await store.get([...wanted])) batch.stored.set(message.id, message);
    // Not what others have done to it: a reaction would read all that came before it.
    const changed = new Map<MessageId, Authored>();
    for (const { judged, opened } of contents) {
      const { id, header } = judged.message;
      const target = header.target && batch.stored.get(header.target);
      const changes = opened.content?.kind === 'edit' || opened.content?.kind === 'delete';
      if (target && changes && target.author === header.author) changed.set(target.id, target);
      if (this.#isDangling(id)) changed.set(id, { id, author: header.author });
    }
    for (const each of await store.changes([...changed.values()])) batch.about(each);
  }

  #isDangling(id: MessageId): boolean {
    return this.#more || this.#dangling.has(id);
  }

  #dangle(target: MessageId): void {
    this.#dangling.add(target);
    this.#more ||= this.#dangling.size >= LIMITS.chatHeldMessages;
    if (this.#more) this.#dangling.clear();
  }

  #add(
    judged: Judged,
    { content, to }: { content: Content | null; to: PeerId | null },
    batch: Recording,
  ): void {
    const { reader, wall, counts, names } = this.#deps;
    const { message, clock, covers, checked } = judged;
    const { header, body, id } = message;
    const { author, target } = header;
    const { sent, clockOff } = shownTime(header.wall, wall());
    const mine = author === reader.self;
    const isDirect = to !== null;
    let flags = mine ? FLAG.mine : 0;
    if (clockOff) flags |= FLAG.clockOff;
    if (!checked) flags |= FLAG.unchecked;
    if (body === null) flags |= FLAG.awaited;
    const kept = body === null && !isShownKind(header.kind) ? null : body;
    const stored: StoredMessage = {
      row: 0,
      id,
      log: logId(header),
      author,
      seq: header.seq,
      clock,
      covers,
      kind: header.kind,
      target,
      sent,
      flags,
      headerBytes: message.headerBytes,
      signature: message.signature,
      body: kept,
    };
    const done = this.#effect(stored, content, batch);
    if (done) flags |= done.flags;
    const says = isSaying(content) || (body === null && isShownKind(header.kind));
    const isShown = target === null && says;
    let erasedBefore = false;
    if (this.#isDangling(id) && target === null)
      erasedBefore = batch
        .aboutOf(id)
        .some((each) => each.author === author && KINDS[each.kind] === 'delete');
    this.#dangling.delete(id);
    if (isShown) flags |= FLAG.shown;
    if (isShown && content && this.#mentions(content, batch, names())) flags |= FLAG.mentionsMe;
    if (erasedBefore) flags |= FLAG.erased;
    const isGone = (flags & (FLAG.erased | FLAG.expired)) !== 0;
    batch.add(
      { ...stored, flags, body: isGone ? null : kept },
      reader.found({ ...stored, flags }, batch.aboutOf(id)), // Invariant 3
      done?.recorded ?? { what: isShown ? 'said' : 'nothing', id, author },
    );
    if (isShown && !mine && !isGone && counts(author, isDirect)) batch.count((flags & FLAG.mentionsMe) !== 0);
  }

  /** What an edit, a delete or a reaction does; null for what is none. */
  #effect(
    message: StoredMessage,
    content: Content | null,
    batch: Recording,
  ): { flags: number; recorded: Recorded } | null {
    const { id, author, target } = message;
    const nothing = { what: 'nothing', id, author } as const;
    if (!target) return null;
    const about = batch.find(target);
    if (!about) {
      this.#dangle(target);
      return { flags: FLAG.dangling, recorded: nothing };
    }
    const isErased = (about.flags & FLAG.erased) !== 0;
    const isTheirs = about.author === author && about.target === null;
    switch (content?.kind) {
      case 'delete': {
        if (!isTheirs || isErased) return { flags: 0, recorded: nothing }; // Invariant 2
        const edits = batch.aboutOf(target).filter((each) => each.author === author);
        batch.erase(about, this.#deps.reader.found(about, edits));
        for (const edit of edits) if (edit.body !== null) batch.erase(edit, null);
        return { flags: 0, recorded: { what: 'deleted', id, author, target } };
      }
      case 'edit': {
        if (!isTheirs) return { flags: 0, recorded: nothing }; // Invariant 2
        if (isErased) return { flags: FLAG.erased, recorded: nothing }; // Invariant 1 of deletes that came first
        if ((about.flags & FLAG.expired) !== 0) return { flags: FLAG.expired, recorded: nothing };
        const before = batch.aboutOf(target);
        const last = this.#deps.reader.edit(about, before);
        if (last && compare(message, last) < 0) return { flags: 0, recorded: nothing };
        const was = this.#deps.reader.found(about, before);
        batch.retext(about, was, this.#deps.reader.found(about, [...before, message])); // Invariant 3
        return { flags: 0, recorded: { what: 'edited', id, author, target } };
      }
      case 'react': {
        const { emoji, on } = content;
        return { flags: 0, recorded: { what: 'reacted', id, author, target, emoji, on } };
      }
      default:
        return { flags: 0, recorded: nothing };
    }
  }

  #mentions(content: Content, batch: Recording, names: readonly string[]): boolean {
    if (!('text' in content)) return false;
    const answered = 'replyTo' in content && content.replyTo ? batch.find(content.replyTo) : undefined;
    if (answered && (answered.flags & FLAG.mine) !== 0) return true;
    const text = content.text.toLowerCase();
    const tag = peerTag(this.#deps.reader.self);
    return [...names.map((name) => name.toLowerCase()), `#${tag}`].some((name) => isNamed(text, `@${name}`));
  }
}

/** `name` stands in `text` and nothing goes on after it. */
function isNamed(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    if (!/^[\p{L}\p{N}_]/u.test(text.slice(at + name.length))) return true;
  }
  return false;
}

const isSaying = (content: Content | null): boolean =>
  content !== null && ['text', 'me', 'file', 'call'].includes(content.kind);

const isShownKind = (kind: number): boolean => ['text', 'me', 'file', 'call'].includes(KINDS[kind] ?? '');

/** What one batch comes to. */
class Recording {
  readonly stored = new Map<MessageId, StoredMessage>();
  readonly drafts: Draft[] = [];
  readonly bodies = new Map<MessageId, BodyChange>();
  readonly recorded: Recorded[] = [];
  counts: Counts;
  erased = false;
  readonly #byId = new Map<MessageId, Draft>();
  readonly #about = new Map<MessageId, Map<MessageId, StoredMessage>>();

  constructor(counts: Counts) {
    this.counts = { ...counts };
  }

  find(id: MessageId): StoredMessage | undefined {
    const draft = this.#byId.get(id);
    return draft ? { ...draft.message, row: 0 } : this.stored.get(id);
  }

  about(message: StoredMessage): void {
    if (!message.target) return;
    const known = this.#about.get(message.target) ?? new Map<MessageId, StoredMessage>();
    this.#about.set(message.target, known.set(message.id, message));
  }

  aboutOf(target: MessageId): StoredMessage[] {
    return [...(this.#about.get(target)?.values() ?? [])];
  }

  add(message: Omit<StoredMessage, 'row'>, text: string | null, recorded: Recorded): void {
    const draft: Draft = { message: { ...message, text }, text };
    this.drafts.push(draft);
    this.#byId.set(message.id, draft);
    this.recorded.push(recorded);
    this.about({ ...message, row: 0 });
  }

  count(mentions: boolean): void {
    this.counts.unread++;
    if (mentions) this.counts.mentions++;
  }

  erase(message: StoredMessage, was: string | null): void {
    if (message.body !== null) this.erased = true; // otherwise there is nothing of it in any file
    this.#change(message, { body: null, flags: message.flags | FLAG.erased, was, text: null });
  }

  retext(message: StoredMessage, was: string | null, text: string | null): void {
    this.#change(message, { flags: message.flags, was, text });
  }

  #change(message: StoredMessage, change: Pick<BodyChange, 'body' | 'flags' | 'was' | 'text'>): void {
    const { flags, text } = change;
    const body = change.body === undefined ? message.body : change.body;
    const draft = this.#byId.get(message.id);
    const changed = { ...message, flags, body };
    this.about(changed);
    if (draft) {
      draft.message = { ...draft.message, flags, body };
      draft.text = text;
      return;
    }
    // The index has what stood there before the batch: the first change of it knows.
    const before = this.bodies.get(message.id);
    this.stored.set(message.id, changed);
    this.bodies.set(message.id, {
      id: message.id,
      row: message.row,
      ...(change.body === undefined && before?.body === undefined ? {} : { body }),
      flags,
      was: before ? before.was : change.was,
      text,
    });
  }
}
