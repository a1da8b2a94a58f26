import type { TransferInfo } from '../../daemon/files-api.js';
import type { PageStore } from '../state/page-store.js';

/** What lets this tab at bodies of files (`src/daemon/README.md`, "Bodies of files"). */
export async function bearer(store: PageStore): Promise<{ Authorization: string }> {
  const { pass } = await store.request('pass', {});
  return { Authorization: `Bearer ${pass}` };
}

/** The bytes of one file of a transfer. Rejects where they cannot be had. */
export async function readBody(
  store: PageStore,
  transfer: string,
  file: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(`/api/content/${transfer}/${file}`, { headers: await bearer(store) });
  if (!answer.ok) throw new Error('The file cannot be read.');
  return new Uint8Array(await answer.arrayBuffer());
}

/** Lets the browser save the only file of a transfer wherever it saves files. */
export async function saveAs(store: PageStore, { transfer }: TransferInfo): Promise<void> {
  const { url } = await store.request('ticket', { transfer, file: 0 });
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
