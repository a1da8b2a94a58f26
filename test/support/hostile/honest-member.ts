import path from 'node:path';
import type { Test } from 'tap';
import { ChatterNode } from '../../../src/node/node.js';
import type { Room } from '../../../src/room/room.js';
import { temporaryFolder } from './besieged.js';

/** A real node that joins a besieged one by its address, and talks with it all the while. */
export class HonestMember {
  /** From the join to the first sight of the other. */
  readonly joinMs: number;
  /** From each line to its acknowledgement. */
  readonly delaysMs: number[] = [];
  readonly #room: Room;
  #talking = true;
  readonly #talk: Promise<void>;

  private constructor(room: Room, joinMs: number) {
    this.#room = room;
    this.joinMs = joinMs;
    this.#talk = this.#talkOn();
  }

  static async join(
    t: Pick<Test, 'teardown'>,
    request: { room: string; port: number; name: string; passphrase?: string },
  ): Promise<HonestMember> {
    const folder = temporaryFolder(t);
    const node = new ChatterNode(
      { identity: path.join(folder, 'identity'), database: path.join(folder, 'chatter.db') },
      { lan: false, internet: false },
    );
    await node.open();
    t.teardown(() => node.close());
    const { room: ref, name, passphrase, port } = request;
    const room = await node.join({
      room: ref,
      name,
      ...(passphrase ? { passphrase } : { open: true }),
    });
    const startedAt = performance.now();
    const met = new Promise<void>((resolve) => void room.on('member-joined', () => resolve()));
    await node.join({ room: room.keys.id, peers: [`127.0.0.1:${port}`] });
    await met;
    return new HonestMember(room, performance.now() - startedAt);
  }

  /** The delay that 95 of 100 lines stay under, in milliseconds; ends the talk. Infinite if nothing was heard. */
  async p95(): Promise<number> {
    this.#talking = false;
    await this.#talk;
    const sorted = [...this.delaysMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.95)] ?? Number.POSITIVE_INFINITY;
  }

  async #talkOn(): Promise<void> {
    while (this.#talking) {
      const startedAt = performance.now();
      const delivered = new Promise<void>((resolve) => this.#room.once('delivered', () => resolve()));
      await this.#room.say('still here');
      await delivered;
      this.delaysMs.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
