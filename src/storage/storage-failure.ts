import { ChatterError } from '../errors.js';

interface SqliteError {
  code?: string;
  /** SQLite's own result code; its low byte is the kind of failure (https://sqlite.org/rescode.html). */
  rawCode?: number;
  message: string;
}

const BUSY = 5;
const CANTOPEN = 14;
const CORRUPT = 11;
const NOTADB = 26;

const CAUSES: Record<number, string> = {
  8: 'it is read-only',
  10: 'the disk failed',
  [CORRUPT]: 'it is damaged; it is mended when the node starts again',
  13: 'the disk is full',
  [CANTOPEN]: 'it cannot be opened',
  [NOTADB]: 'it is damaged; it is mended when the node starts again',
};

/** What SQLite refused for `file`, as an error that says why. */
export function storageFailure(file: string, err: unknown): ChatterError {
  if (err instanceof ChatterError) return err;
  const kind = kindOf(err as SqliteError);
  if (kind === BUSY) return new ChatterError('DATA_FOLDER_LOCKED', { cause: err });
  const why = CAUSES[kind] ?? 'it cannot be read or written';
  return new ChatterError('STORAGE_FAILED', { message: `${file}: ${why}.`, cause: err });
}

/** Whether SQLite found that a file is not what was written. */
export const isDamage = (err: unknown): boolean => [CORRUPT, NOTADB].includes(kindOf(err as SqliteError));

/** A failure to connect comes with it in its text alone, and a code of our own has none (libsql 0.5.29). */
function kindOf({ code, rawCode, message }: SqliteError): number {
  if (rawCode !== undefined) return rawCode & 0xff;
  if (code === 'SQLITE_CORRUPT') return CORRUPT;
  return message.includes('Unable to open connection') ? CANTOPEN : 0;
}
