import type { Test } from 'tap';
import { type ChatMessages, chatChannel, type WireMessage } from '../../../src/chat/chat-channel.js';
import { MemoryChatStore } from '../../../src/chat/memory-chat-store.js';
import type { Message } from '../../../src/chat/message.js';
import { asWire } from '../../../src/chat/sync-peer.js';
import type { RoomKeys } from '../../../src/membership/room-keys.js';
import type { Handlers } from '../../../src/protocol/channel-definition.js';
import type { SessionChannel } from '../../../src/protocol/session-channel.js';
import { roomChannel } from '../../../src/room/room-channel.js';
import { Desk } from '../desk.js';
import type { MemoryNetwork } from '../memory-discovery.js';
import { MemoryNode } from '../memory-node.js';

/** A member with the room's secret and a key of its own, who says on the chat channel whatever it likes. */
export class HostileMember {
  readonly node: MemoryNode;
  /** Makes messages, good ones and others. */
  readonly desk: Desk;
  /** Resolves once the other end has hung up; the nodes may have found a new stream since. */
  readonly ended: Promise<void>;
  /** Resolves once it was asked for history. */
  readonly asked: Promise<void>;
  readonly #channel: SessionChannel<ChatMessages>;

  private constructor(
    node: MemoryNode,
    desk: Desk,
    channel: SessionChannel<ChatMessages>,
    ended: Promise<void>,
    asked: Promise<void>,
  ) {
    this.node = node;
    this.desk = desk;
    this.ended = ended;
    this.asked = asked;
    this.#channel = channel;
  }

  /** Joins on a network on which there is one other member; `silent`: it never says who it is. */
  static async join(
    t: Test,
    network: MemoryNetwork,
    keys: RoomKeys,
    { silent = false } = {},
  ): Promise<HostileMember> {
    const node = await MemoryNode.open(t, 'Mallory', network);
    const { id, signer } = node;
    const identity = { ...signer, id, box: () => null, unbox: () => null };
    const desk = new Desk(identity, new MemoryChatStore(), undefined, keys.id);
    return new Promise((resolve) => {
      node.network.on('session', (session) => {
        let hungUp = () => {};
        const ended = new Promise<void>((end) => {
          hungUp = end;
        });
        session.onEnd(() => hungUp());
        const room = session.open(
          roomChannel,
          { profile: () => {}, full: () => {} },
          { onReset: () => hungUp() },
        );
        let wanted = () => {};
        const asked = new Promise<void>((ask) => {
          wanted = ask;
        });
        const channel = session.open(chatChannel, { ...DEAF, want: () => wanted() });
        if (!silent) room.send('profile', { name: 'Mallory' });
        resolve(new HostileMember(node, desk, channel, ended, asked));
      });
      node.network.join(keys);
    });
  }

  send: SessionChannel<ChatMessages>['send'] = (name, value) => this.#channel.send(name, value);

  bulk: SessionChannel<ChatMessages>['sendBulk'] = (name, value) => this.#channel.sendBulk(name, value);

  /** Sends a message as if it had just been written, changed or not. */
  says(message: Message, change: Partial<WireMessage> = {}): void {
    this.send('message', { ...asWire(message), ...change });
  }
}

const DEAF = Object.fromEntries(
  Object.keys(chatChannel.messages).map((name) => [name, () => {}]),
) as unknown as Handlers<ChatMessages>;
