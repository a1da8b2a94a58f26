import Libsql from 'libsql';
import { Resource } from '../resource.js';
import { storageFailure } from './storage-failure.js';

/**
 * Keeps a data folder for this process until it is closed or the process dies, however it dies. The database is a lock
 * too, but it is moved away when it is mended: of several nodes that start at once, one mends.
 */
export class FolderLock extends Resource {
  readonly #file: string;

  /** Beside the database `file`. */
  constructor(file: string) {
    super();
    this.#file = `${file}.lock`;
  }

  /** Throws DATA_FOLDER_LOCKED if another process has it, and STORAGE_FAILED. */
  protected async _open(): Promise<void> {
    try {
      const db = new Libsql(this.#file);
      this.defer(() => release(db));
      // A database without a page: there is nothing in it that could be damaged.
      db.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (err) {
      throw storageFailure(this.#file, err);
    }
  }
}

/** Closing alone would keep the lock until every statement is collected (libsql 0.5.29). */
function release(db: Libsql.Database): void {
  try {
    db.exec('ROLLBACK; PRAGMA locking_mode = NORMAL; SELECT * FROM sqlite_master');
  } catch {
    // It never had the lock.
  }
  db.close();
}
