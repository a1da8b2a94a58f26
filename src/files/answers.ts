import type { Answer } from './files-channel.js';
import type { PeerLink } from './peer-link.js';
import type { TransferId } from './signed.js';
import type { Transfer } from './transfer.js';
import type { TransferTable } from './transfer-table.js';

/**
 * What others are told of what is received here: its author, on whatever machines, how it stands, and everybody who has
 * a part in it that it is wanted.
 */
export class Answers {
  readonly #table: TransferTable;
  readonly #links: ReadonlyMap<string, PeerLink>;

  constructor(table: TransferTable, links: ReadonlyMap<string, PeerLink>) {
    this.#table = table;
    this.#links = links;
  }

  tell(transfer: Transfer, answer: Answer): void {
    for (const peer of this.#links.values()) if (peer.id === transfer.author) send(peer, transfer, answer);
  }

  /** Says again how it stands, and what is wanted, to a peer that is new or on another stream. */
  greet(peer: PeerLink): void {
    for (const transfer of this.#table.all) {
      if (transfer.mine) continue;
      const answer = transfer.state === 'active' ? 'accepted' : TOLD.find((each) => each === transfer.state);
      if (answer && transfer.author === peer.id) send(peer, transfer, answer);
      this.showInterest(peer, transfer);
    }
  }

  showInterest(peer: PeerLink, transfer: Transfer): void {
    if (transfer.mine || transfer.state !== 'active' || !this.#table.isFor(transfer, peer.id)) return;
    peer.showInterest(transfer.id);
  }

  showInterestToAll(transfer: Transfer): void {
    for (const peer of this.#links.values()) this.showInterest(peer, transfer);
  }

  loseInterest(ids: Iterable<TransferId>): void {
    for (const id of ids) for (const peer of this.#links.values()) peer.loseInterest(id);
  }
}

/** Of what nobody has decided about nothing is said. */
const TOLD = ['done', 'declined', 'cancelled', 'failed', 'paused'] as const;

const send = (peer: PeerLink, { id, bytes, code }: Transfer, answer: Answer): void =>
  peer.answer({ id, answer, bytes, code: code ?? '' });
