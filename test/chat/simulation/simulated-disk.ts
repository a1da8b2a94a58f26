import type { Change, ChatStore, RoomSettings } from '../../../src/chat/chat-store.js';
import { MemoryChatStore } from '../../../src/chat/memory-chat-store.js';
import type { MessageId } from '../../../src/chat/message.js';
import { ChatterError } from '../../../src/errors.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { VirtualTime } from './virtual-time.js';

type Write =
  | { readonly change: Change }
  | { readonly settings: RoomSettings }
  | { readonly key: string; readonly value: string };

/** A disk as one process uses it: nothing is read or written after the process is dead. */
export interface Mounted {
  readonly store: ChatStore;
  readonly settings: {
    get(key: string): Promise<string | null>;
    set(key: string, value: string): Promise<void>;
  };
  unmount(): void;
}

const never = () => new Promise<never>(() => {});

/** The data folder of a member. What was written is there for the next process; an older state of it can be had. */
export class SimulatedDisk {
  /** Nothing more can be written just now. */
  full = false;
  readonly #writes: Write[] = [];
  readonly #store = new MemoryChatStore();
  readonly #values = new Map<string, string>();
  readonly #ids = new Set<MessageId>();

  /** How many writes there were. */
  get state(): number {
    return this.#writes.length;
  }

  has(id: MessageId): boolean {
    return this.#ids.has(id);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** All of them, in one string. */
  get ids(): string {
    return [...this.#ids].sort().join();
  }

  /** The last message that was written. */
  get last(): MessageId {
    return [...this.#ids].at(-1) as MessageId;
  }

  /** A disk with what was on this one after so many writes. */
  async copy(state = this.state): Promise<SimulatedDisk> {
    const copy = new SimulatedDisk();
    for (const write of this.#writes.slice(0, state)) await copy.#write(write);
    return copy;
  }

  /** Some operations take a while, as `random` says; each is done as a whole or not at all. */
  mount(time: VirtualTime, random: SeededRandom): Mounted {
    let isMounted = true;
    const used = async <T>(writes: boolean, fn: () => Promise<T>): Promise<T> => {
      if (random.chance(0.3)) await time.sleep(random.between(0, 8));
      if (!isMounted) return never();
      if (writes && this.full) throw new ChatterError('STORAGE_FAILED');
      return fn();
    };
    const written = (write: Write) => used(true, () => this.#write(write));
    const store = new Proxy(this.#store as ChatStore, {
      get: (target, key) => {
        if (key === 'apply') return (change: Change) => written({ change });
        if (key === 'configure') return (settings: RoomSettings) => written({ settings });
        const read = target[key as keyof ChatStore] as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => used(false, () => read.apply(target, args));
      },
    });
    return {
      store,
      settings: {
        get: async (key) => this.#values.get(key) ?? null,
        set: (key, value) => written({ key, value }),
      },
      unmount: () => {
        isMounted = false;
      },
    };
  }

  async #write(write: Write): Promise<void> {
    if ('change' in write) {
      for (const { id } of write.change.messages ?? []) {
        if (this.#ids.has(id)) console.log('TWICE', id);
        if (this.#ids.has(id)) throw new Error(`${id} was stored twice`); // SQLite has a unique index
        this.#ids.add(id);
      }
      await this.#store.apply(write.change);
    } else if ('settings' in write) await this.#store.configure(write.settings);
    else this.#values.set(write.key, write.value);
    this.#writes.push(write);
  }
}
