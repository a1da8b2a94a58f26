import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { restore as restoreTo } from '../../src/daemon/backup.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { askHidden, canAsk } from '../prompt.js';
import { readSecretFile, readWholeFile } from '../read-secret.js';

/** Writes who one is, one's rooms and whom one trusts to a new file that a passphrase opens. */
export async function backUp(context: Context, file: string): Promise<number> {
  const passphrase = await choosePassphrase(context, true);
  const client = await context.connect();
  try {
    const { sealed } = await client.request('backup', { passphrase });
    writeNew(file, sealed);
    if (context.out.json) context.out.object({ file });
    else
      context.out.note(
        `${file} holds your key, your rooms and whom you trust, not your messages. ` +
          'Without the passphrase it is worth nothing, to you neither.',
      );
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** Makes the person of a backup live in this data folder, where nobody lives yet. */
export async function restore(context: Context, file: string): Promise<number> {
  const sealed = readWholeFile(file);
  const identity = await restoreTo(context.folder, sealed, await choosePassphrase(context, false));
  if (context.out.json) context.out.object({ id: identity.id, dataFolder: context.folder.path });
  else context.out.note('Restored. npx chatter rooms lists your rooms; none is joined yet.');
  return EXIT.done;
}

async function choosePassphrase({ options }: Context, twice: boolean): Promise<string> {
  if (options.passphraseFile !== undefined) return readSecretFile(options.passphraseFile);
  if (!canAsk()) throw new ChatterError('PASSPHRASE_NEEDED', { message: 'Give --passphrase-file FILE.' });
  const passphrase = await askHidden('Passphrase of the backup: ');
  const again = twice ? await askHidden('Once more: ') : passphrase;
  if (passphrase === null || again === null)
    throw new ChatterError('PASSPHRASE_NEEDED', { message: 'No passphrase was given.' });
  if (passphrase !== again) throw new ChatterError('USAGE', { message: 'The two passphrases differ.' });
  return passphrase;
}

/** Writes a file that does not exist yet, for its owner alone. Throws USAGE if it does, and OUTPUT_FAILED. */
function writeNew(file: string, content: string): void {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw taken
      ? new ChatterError('USAGE', { message: `${file} exists already.` })
      : new ChatterError('OUTPUT_FAILED', { message: `${file} cannot be written.`, cause });
  }
  try {
    for (let rest = Buffer.from(content); rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
    fsyncSync(fd);
  } catch (cause) {
    rmSync(file, { force: true }); // half a backup is none
    throw new ChatterError('OUTPUT_FAILED', { message: `${file} cannot be written.`, cause });
  } finally {
    closeSync(fd);
  }
}
