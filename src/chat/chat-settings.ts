import { type ChatStore, type Retention, ROOM_SETTINGS, type RoomSettings } from './chat-store.js';

/** What this person has set for a room. */
export class ChatSettings {
  readonly #store: ChatStore;
  readonly #keep: Retention;
  #set: RoomSettings = ROOM_SETTINGS;

  /** `keep`: how long texts are kept where nothing is set. */
  constructor(store: ChatStore, keep: Retention) {
    this.#store = store;
    this.#keep = keep;
  }

  load({ settings }: { settings: RoomSettings }): void {
    this.#set = settings;
  }

  get all(): RoomSettings & { keep: Retention } {
    return { ...this.#set, keep: this.#set.keep ?? this.#keep };
  }

  /** Others are told what was read here. */
  get reads(): boolean {
    return this.#set.reads;
  }

  /** Whose direct messages are wanted, or not. */
  get direct(): RoomSettings['direct'] {
    return this.#set.direct;
  }

  async change(change: Partial<RoomSettings>): Promise<void> {
    const settings = { ...this.#set, ...change };
    await this.#store.configure(settings);
    this.#set = settings;
  }
}
