import type { RoomChat } from '../chat/room-chat.js';
import type { Said } from '../chat/writing.js';
import type { Clock } from '../clock.js';
import type { RoomPeer, RoomSession } from '../connection/room-session.js';
import type { FilesPeer } from '../files/peer-link.js';
import type { RoomFiles } from '../files/room-files.js';
import type { RoomShares } from '../files/room-shares.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { RoomKeys } from '../membership/room-keys.js';
import type { SessionChannel } from '../protocol/session-channel.js';
import { Resource } from '../resource.js';
import { cleanName } from '../text.js';
import { TokenBucket } from '../token-bucket.js';
import { keepEntries } from './keep-entries.js';
import { RoomCall } from './room-call.js';
import { roomChannel } from './room-channel.js';

export interface RoomOptions {
  keys: RoomKeys;
  /** What people call the room. */
  label: string;
  self: { id: PeerId; instance: string; name: string };
  clock: Clock;
  /** The room opens and closes them. */
  files: RoomFiles;
  chat: RoomChat;
  /** True while this node is in a call of another room. */
  isBusy?: () => boolean;
  shares: RoomShares;
}

/** Somebody who is here, by one running instance or several. */
export interface Member {
  readonly id: PeerId;
  readonly name: string;
  /** Never empty; the first is the one that has been here longest. */
  readonly peers: readonly RoomPeer[];
}

export type RoomEvents = {
  'member-joined': [Member];
  'member-left': [{ member: Member; reason: 'left' | 'lost' }];
  'member-renamed': [{ member: Member; was: string }];
  /** Somebody who is here has said something. */
  line: [{ id: string; author: Member; text: string }];
  delivered: [{ id: string; to: Member; count: number }];
  undelivered: [{ ids: string[]; to: Member }];
  /** Somebody had no place left for this node. */
  full: [];
};

interface Presence {
  name: string;
  sessions: Map<RoomSession, SessionChannel<typeof roomChannel.messages>>;
}

/** A name changes at most this often; what comes faster is not looked at. */
const RENAMES = { perSecond: 0.1, burst: 10 };
const NAMELESS = 'Nameless';

/**
 * A joined room: who is here, and what is said.
 *
 * 1. Presence follows living sessions, never a message: nobody can say that somebody else is here or gone.
 * 2. A member is here from its first profile on; nothing it says before is heard.
 * 3. The author of what is said is whoever signed it, whatever stream it came by.
 */
export class Room extends Resource<RoomEvents> {
  readonly keys: RoomKeys;
  readonly label: string;
  readonly files: RoomFiles;
  readonly chat: RoomChat;
  readonly call: RoomCall;
  readonly shares: RoomShares;
  readonly #self: RoomOptions['self'];
  readonly #clock: Clock;
  readonly #present = new Map<PeerId, Presence>();
  /** Sessions whose profile has not come yet. */
  readonly #silent = new Map<RoomSession, SessionChannel<typeof roomChannel.messages>>();

  constructor({ keys, label, self, clock, files, shares, chat, isBusy }: RoomOptions) {
    super();
    this.keys = keys;
    this.label = label;
    this.files = files;
    this.chat = chat;
    this.shares = shares;
    this.#self = { ...self };
    this.#clock = clock;
    this.call = new RoomCall({ self, clock, isBusy });
  }

  /** The running instance that this node is. */
  get instance(): string {
    return this.#self.instance;
  }

  /** The own name in this room. */
  get name(): string {
    return this.#self.name;
  }

  /** Everybody else who is here. */
  get members(): Member[] {
    return [...this.#present].map(([id, presence]) => asMember(id, presence));
  }

  protected async _open(): Promise<void> {
    await this.chat.open();
    this.defer(() => this.chat.close());
    await this.files.open();
    this.defer(() => this.files.close());
    await this.call.open();
    this.defer(() => this.call.close());
    if (!this.chat.live)
      keepEntries({ chat: this.chat, files: this.files, call: this.call, clock: this.#clock });
    await this.shares.open();
    this.defer(() => this.shares.close());
    this.defer(() => {
      for (const { sessions } of this.#present.values())
        for (const session of sessions.keys()) session.end('left');
    });
    this.chat.on('message', ({ id, author, text, mine }) => {
      const presence = this.#present.get(author);
      if (presence && !mine) this.emit('line', { id, text, author: asMember(author, presence) });
    });
    this.chat.on('delivered', ({ to, ...delivery }) => {
      const presence = this.#present.get(to);
      if (presence) this.emit('delivered', { ...delivery, to: asMember(to, presence) });
    });
    this.chat.on('undelivered', ({ ids, to }) => {
      const presence = this.#present.get(to);
      if (presence) this.emit('undelivered', { ids: [...ids], to: asMember(to, presence) });
    });
  }

  /** Takes in a session of this room. To be called in the tick in which the session was announced. */
  add(session: RoomSession): void {
    if (this.closing) return session.end('left');
    if (this.#sessionCount() >= LIMITS.peersPerRoom) return turnAway(session);
    const renames = new TokenBucket(this.#clock, RENAMES);
    const channel = session.open(
      roomChannel,
      {
        profile: ({ name }) => {
          if (renames.take()) this.#profile(session, cleanName(name) ?? NAMELESS);
        },
        full: () => this.emit('full'),
      },
      { onReset: () => this.#introduce(channel), onClose: () => session.end('left') },
    );
    this.#silent.set(session, channel);
    this.#introduce(channel); // first: nothing that features say is heard before it
    const peer = {
      id: session.peer.id,
      instance: session.peer.instance,
      isPresent: () => !this.#silent.has(session),
      open: session.open.bind(session),
    };
    const silence = this.chat.add(peer);
    const exchanging = filesPeer(session);
    const unlink = [this.files.add(exchanging), this.shares.add(exchanging), this.call.add(peer)];
    session.onEnd((reason) => {
      silence();
      for (const fn of unlink) fn();
      this.#gone(session, reason);
    });
  }

  /** Says something to the room: see `RoomChat.say`. */
  say(text: string): Promise<Said> {
    return this.chat.say(text);
  }

  /** Changes the own name in this room; `name` has passed `cleanName`. */
  rename(name: string): void {
    this.#self.name = name;
    for (const channel of this.#silent.values()) this.#introduce(channel);
    for (const { sessions } of this.#present.values()) {
      for (const channel of sessions.values()) this.#introduce(channel);
    }
  }

  #introduce(channel: SessionChannel<typeof roomChannel.messages>): void {
    channel.send('profile', { name: this.#self.name });
  }

  #profile(session: RoomSession, name: string): void {
    const { id } = session.peer;
    const channel = this.#silent.get(session);
    const presence = this.#present.get(id);
    if (channel) this.#silent.delete(session);
    if (!presence) {
      if (!channel) return;
      const fresh: Presence = { name, sessions: new Map([[session, channel]]) };
      this.#present.set(id, fresh);
      this.emit('member-joined', asMember(id, fresh));
      return;
    }
    if (channel) presence.sessions.set(session, channel);
    const was = presence.name;
    presence.name = name;
    if (was !== name) this.emit('member-renamed', { member: asMember(id, presence), was });
  }

  #gone(session: RoomSession, reason: 'left' | 'lost'): void {
    this.#silent.delete(session);
    const { id } = session.peer;
    const presence = this.#present.get(id);
    if (!presence?.sessions.has(session)) return;
    const member = asMember(id, presence);
    presence.sessions.delete(session);
    if (presence.sessions.size > 0) return;
    this.#present.delete(id);
    this.emit('member-left', { member, reason });
  }

  #sessionCount(): number {
    let count = this.#silent.size;
    for (const { sessions } of this.#present.values()) count += sessions.size;
    return count;
  }
}

const filesPeer = (session: RoomSession): FilesPeer => ({
  id: session.peer.id,
  instance: session.peer.instance,
  get path() {
    return session.peer.path;
  },
  open: (definition, handlers, events) => session.open(definition, handlers, events),
});

/** Says why, in the tick before the channel closes. */
function turnAway(session: RoomSession): void {
  session.open(roomChannel, { profile() {}, full() {} }).send('full', {});
  session.end('left');
}

const asMember = (id: PeerId, { name, sessions }: Presence): Member => ({
  id,
  name,
  peers: [...sessions.keys()].map(({ peer }) => peer),
});
