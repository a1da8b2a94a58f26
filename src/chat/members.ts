import type { Clock } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import { chatChannel } from './chat-channel.js';
import type { ChatMember, ChatPeer, Hearing } from './hearing.js';
import type { HistorySync } from './history-sync.js';
import type { LivePush } from './live-push.js';
import { asWire, SyncPeer } from './sync-peer.js';
import type { Typing } from './typing.js';

export interface MembersDependencies {
  self: PeerId;
  clock: Clock;
  /** Nothing is synced: messages go to those who are here. */
  live: boolean;
  hearing: Hearing;
  sync: HistorySync;
  push: LivePush;
  typing: Typing;
}

/** Who is here to talk to: one for each instance, from the beginning of its session to its end. */
export class Members implements Iterable<ChatMember> {
  readonly #deps: MembersDependencies;
  readonly #members = new Map<ChatPeer, ChatMember>();

  constructor(deps: MembersDependencies) {
    this.#deps = deps;
  }

  [Symbol.iterator](): Iterator<ChatMember> {
    return this.#members.values();
  }

  isHere(id: PeerId): boolean {
    return [...this.#members.keys()].some((peer) => peer.id === id);
  }

  /** How many people, but this one. */
  get people(): number {
    const ids = new Set([...this.#members.keys()].map(({ id }) => id));
    ids.delete(this.#deps.self);
    return ids.size;
  }

  /** Talks with this peer until its session ends: the function given back is to be called then, before anybody is told. */
  add(peer: ChatPeer): () => void {
    const { clock, live, hearing, sync, push, typing } = this.#deps;
    const channel = peer.open(
      chatChannel,
      hearing.of(peer, () => member),
      {
        onReset: () => {
          if (live) push.reset(member.live);
          else sync.reset(member.sync);
        },
      },
    );
    const member: ChatMember = {
      peer,
      channel,
      sync: new SyncPeer(peer.instance, channel, clock),
      live: { id: peer.id, send: (message) => void channel.send('message', asWire(message)) },
    };
    this.#members.set(peer, member);
    if (live) push.add(member.live);
    else sync.add(member.sync);
    return () => {
      this.#members.delete(peer);
      if (live) push.remove(member.live);
      else sync.remove(member.sync);
      typing.set(peer.id, false);
    };
  }
}
