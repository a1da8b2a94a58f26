import b4a from 'b4a';
import { FileContent } from './file-content.js';
import { rootOf } from './hash-ahead.js';
import { type PlaceOptions, place, placedFiles, placedPaths } from './place.js';
import { Staging } from './staging.js';
import type { Transfer } from './transfer.js';
import type { Acceptance } from './transfer-store.js';
import type { TransferTable } from './transfer-table.js';

/** Every block is here, and its author has said that there is no more to come. */
export const isComplete = ({ have, layout, seal }: Transfer): boolean =>
  have.full && (layout.blockCount === 0 || seal !== null);

/** The blocks are together what the author sealed. */
export const isWhatWasSealed = (transfer: Transfer): boolean =>
  transfer.seal === null || b4a.equals(rootOf(transfer), transfer.seal.root);

export interface ArriveOptions extends Pick<PlaceOptions, 'umask'> {
  table: TransferTable;
  /** The node is ending: what comes next is done at its next start. */
  stopped: () => boolean;
}

/**
 * Puts a transfer of which every block is here into its place; from then on that is its content. False if it was
 * stopped. It can be cut short anywhere and begun again: nothing is put twice.
 */
export async function arrive(
  transfer: Transfer,
  acceptance: Acceptance,
  staging: Staging,
  { table, umask, stopped }: ArriveOptions,
): Promise<boolean> {
  const { manifest, layout } = transfer;
  const placed = await place(manifest, layout, staging, { ...acceptance, umask });
  if (stopped()) return false;
  const arrived = { ...acceptance, placed };
  await table.put(transfer, { acceptance: arrived }); // before staging goes, which is what tells otherwise
  if (stopped()) return false;
  await leaveStaging(transfer, arrived, staging, table);
  return true;
}

/** The rest of it, where it was cut short after everything was in its place. */
export const arrived = (transfer: Transfer, acceptance: Acceptance, table: TransferTable): Promise<void> =>
  leaveStaging(transfer, acceptance, new Staging(acceptance.staging, transfer.layout), table);

async function leaveStaging(
  transfer: Transfer,
  { out, placed = {} }: Acceptance,
  staging: Staging,
  table: TransferTable,
): Promise<void> {
  staging.remove();
  const files = placedFiles(transfer.manifest, out, placed); // a link less makes a file another one
  transfer.paths = placedPaths(out, placed);
  transfer.content = files && new FileContent(transfer.layout, files);
  transfer.state = 'done';
  await table.put(transfer, { files: files ?? undefined });
}
