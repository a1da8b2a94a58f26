import b4a from 'b4a';
import { RoomChat } from '../../../src/chat/room-chat.js';
import { Writers } from '../../../src/chat/writers.js';
import { ChatterError } from '../../../src/errors.js';
import { NO_MARKS } from '../../../src/identity/trust.js';
import type { OpenChannel } from '../../../src/protocol/session-channel.js';
import type { SeededIdentity } from '../../support/seeded-identity.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { Mounted, SimulatedDisk } from './simulated-disk.js';
import { MachineClock, type VirtualTime } from './virtual-time.js';

const RETRY_MS = 1_000;
const ROOM_ID = '07'.repeat(32);

export interface SimulatedMemberOptions {
  name: string;
  time: VirtualTime;
  random: SeededRandom;
  identity: SeededIdentity;
  disk: SimulatedDisk;
  /** Where its data folder lies: a copy that was moved there knows by this that it is one. */
  place: string;
  /** How wrong its computer's time is. */
  wrongMs: number;
}

/** A member with the real `RoomChat`: it is started, killed and started again, and its disk stays. */
export class SimulatedMember {
  readonly name: string;
  readonly identity: SeededIdentity;
  readonly place: string;
  disk: SimulatedDisk;
  chat: RoomChat | null = null;
  instance = '';
  /** How often its disk went back to an older state: after that it knows nothing of what it did before. */
  restores = 0;
  readonly notices = new Set<string>();
  readonly #options: SimulatedMemberOptions;
  #mounted: Mounted | null = null;
  #clock: MachineClock | null = null;

  constructor(options: SimulatedMemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.identity = options.identity;
    this.disk = options.disk;
    this.place = options.place;
  }

  get running(): boolean {
    return this.chat !== null;
  }

  /** Starts it, unless it runs; on a disk that is full it is tried again until it is not. */
  async start(): Promise<void> {
    if (this.#mounted) return;
    const { time, random, place, wrongMs, name } = this.#options;
    const mounted = this.disk.mount(time, random);
    const clock = new MachineClock(time, wrongMs);
    [this.#mounted, this.#clock] = [mounted, clock];
    this.instance = b4a.toString(random.bytes(8), 'hex');
    try {
      const chat = new RoomChat({
        roomId: ROOM_ID,
        self: this.identity,
        store: mounted.store,
        writers: await Writers.load(mounted.settings, place),
        clock,
        names: () => [name],
        trust: { marks: () => NO_MARKS },
      });
      chat.on('notice', ({ code }) => void this.notices.add(code));
      await chat.open();
      if (this.#mounted === mounted) this.chat = chat; // it was not killed meanwhile
    } catch (err) {
      if (!(err instanceof ChatterError) || err.code !== 'STORAGE_FAILED') throw err;
      this.kill();
      time.after(RETRY_MS, () => void this.start());
    }
  }

  /** Meets another over one end of a link; the function given back ends it. */
  meet(other: SimulatedMember, open: OpenChannel): () => void {
    const { id } = other.identity;
    return this.chat?.add({ id, instance: other.instance, open, isPresent: () => true }) ?? (() => {});
  }

  /** The process dies, in the middle of whatever it does. */
  kill(): void {
    this.#mounted?.unmount();
    this.#mounted = null;
    this.#clock?.stop();
    this.chat = null;
  }

  /** The process ends as it should. */
  async stop(): Promise<void> {
    const { chat } = this;
    this.chat = null;
    await chat?.close();
    this.kill();
  }
}
