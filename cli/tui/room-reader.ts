import type { Client } from '../../src/daemon/client.js';
import type { TransferInfo } from '../../src/daemon/files-api.js';
import { listLine } from '../transfer-lines.js';
import { messagesOf } from './entries.js';
import { withRequests } from './message-entry.js';
import { withPeers, withTransfers } from './reduce-event.js';
import { isFull, withNewest, withOlder } from './reduce-history.js';
import type { View } from './view.js';

const NEWEST_PAGE = 100;
const OLDER_PAGE = 200;
/** How far each is to whom one gives something is told by no event. */
const RECEIVERS_MS = 1_000;

/**
 * What the full screen asks the node for: who is here, what is offered and in a call, and what was said. What cannot be asked is let
 * be: the node was lost, or the room was left just now, and an event tells it.
 */
export class RoomReader {
  readonly #client: Client;
  readonly #view: View;
  readonly #room: string;
  /** True while the newest page has to be read again: much of the history has changed. */
  #stale = false;
  #reading: Promise<void> | null = null;
  #receiversTimer: NodeJS.Timeout | null = null;

  constructor(client: Client, view: View) {
    this.#client = client;
    this.#view = view;
    this.#room = view.state.roomId;
    client.on('event', (event) => {
      if (event.type === 'peer-joined' || event.type === 'peer-path') void this.people();
      if (event.type.startsWith('call-')) void this.#calls();
      if (event.type === 'transfer-progress') this.#readReceivers(event.transfer);
      if (event.type === 'history-changed' && event.roomId === this.#room) this.#stale = true;
    });
  }

  /** Everything, for a window that has just been opened. */
  async all(): Promise<void> {
    const history = this.#requests().then(() => this.newest());
    await Promise.all([history, this.people(), this.#calls(), this.#transfers()]);
  }

  async people(): Promise<void> {
    if (!this.#view.state.joined) return;
    const peers = await this.#client.request('peers', { room: this.#room }).catch(() => null);
    if (!peers) return;
    this.#view.takeEvents();
    this.#view.setLater({ ...withPeers(this.#view.state, peers), linked: true });
  }

  close(): void {
    if (this.#receiversTimer) clearTimeout(this.#receiversTimer);
  }

  async newest(): Promise<void> {
    this.#stale = false;
    const page = await this.#client
      .request('history', { room: this.#room, limit: NEWEST_PAGE })
      .catch(() => null);
    if (!page) return;
    this.#view.takeEvents();
    this.#view.set(withNewest(this.#view.state, page));
  }

  /** Reads the newest page again where the history has changed, unless somebody reads further up just now. */
  refresh(): void {
    if (!this.#stale || this.#view.state.scroll || this.#reading) return;
    this.#reading = this.newest().finally(() => (this.#reading = null));
  }

  async older(): Promise<void> {
    const view = this.#view;
    const { older, entries } = view.state;
    const before = messagesOf(entries)[0]?.id;
    if (older === 'none')
      return view.hint({ text: 'This is the beginning of what is known here.', tone: 'dim' });
    if (older !== 'more' || before === undefined) return;
    if (isFull(view.state))
      return view.hint({ text: 'There is more: npx chatter history, or npx chatter export.', tone: 'dim' });
    view.set({ ...view.state, older: 'loading' });
    const page = await this.#client
      .request('history', { room: this.#room, before, limit: OLDER_PAGE })
      .catch(() => null);
    view.takeEvents();
    view.set(page ? withOlder(view.state, page) : { ...view.state, older: 'more' });
  }

  /** What was missed while the connection to the node was gone is not known: sees how things stand. */
  async again(): Promise<void> {
    const people = await this.#client.request('peers', { room: this.#room });
    this.#view.dropEvents();
    this.#view.set({ ...withPeers(this.#view.state, people), linked: true });
    await this.newest();
    this.#view.note(['Connected again.'], 'dim');
    await Promise.all([this.#calls(), this.#transfers()]);
  }

  async #calls(): Promise<void> {
    const calls = await this.#client.request('calls', { room: this.#room }).catch(() => []);
    const callers = calls.find(({ direct }) => direct === null)?.members.length ?? 0;
    this.#view.takeEvents();
    if (callers !== this.#view.state.callers) this.#view.setLater({ ...this.#view.state, callers });
  }

  #readReceivers(transfer: string): void {
    if (this.#receiversTimer || !this.#view.state.transfers.get(transfer)?.mine) return;
    this.#receiversTimer = setTimeout(() => {
      this.#receiversTimer = null;
      void this.#readTransfers();
    }, RECEIVERS_MS);
  }

  async #readTransfers(): Promise<readonly TransferInfo[]> {
    const transfers = await this.#client.request('transfers', { room: this.#room }).catch(() => null);
    if (!transfers) return [];
    this.#view.takeEvents();
    this.#view.setLater(withTransfers(this.#view.state, transfers));
    return transfers;
  }

  /** Those that wait for an answer are told of. */
  async #transfers(): Promise<void> {
    const transfers = await this.#readTransfers();
    const waiting = transfers.filter(({ state, mine }) => state === 'offered' && !mine);
    if (waiting.length > 0)
      this.#view.note(
        [
          ...waiting.flatMap((each) => listLine(each, { isInRoom: true }).split('\n')),
          'These wait for your answer: /accept ID, /decline ID',
        ],
        'strong',
      );
  }

  /** Whoever wants to write to one alone waits, however long ago they wrote. */
  async #requests(): Promise<void> {
    const waiting = await this.#client.request('requests', { room: this.#room }).catch(() => []);
    this.#view.takeEvents();
    const people = waiting.map(({ person }) => person);
    this.#view.set(withRequests(this.#view.state, people, this.#view.state.openedAt));
  }
}
