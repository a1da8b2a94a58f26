import { ChatterError } from '../errors.js';
import { localPath } from '../files/manifest.js';
import { isHere, readFile } from '../files/read-file.js';
import type { Transfer } from '../files/transfer.js';
import type { Room } from '../room/room.js';
import type { FileBodySource, OpenFile, Receiver } from './file-bodies.js';

/** Bodies of the files of a node's transfers. */
export class TransferBodies implements FileBodySource {
  readonly #find: (ref: string) => { room: Room; transfer: Transfer };
  readonly #info: (room: Room, transfer: Transfer) => unknown;

  constructor(
    find: (ref: string) => { room: Room; transfer: Transfer },
    info: (room: Room, transfer: Transfer) => unknown,
  ) {
    this.#find = find;
    this.#info = info;
  }

  open(ref: string, file: number): OpenFile {
    const { transfer } = this.#find(ref);
    const entry = transfer.manifest.files[file];
    if (!entry || !isHere(transfer, file)) throw new ChatterError('FILE_NOT_FOUND');
    return {
      transfer: transfer.id,
      file,
      name: localPath(entry.path).at(-1) ?? '_',
      size: entry.size,
      mtimeMs: entry.mtimeMs,
      read: (start, end) => readFile(transfer, file, start, end),
    };
  }

  async receive(ref: string, offset: number): Promise<Receiver> {
    const { room, transfer } = this.#find(ref);
    const { upload } = transfer;
    if (!upload || transfer.state === 'withdrawn' || transfer.state === 'failed')
      throw new ChatterError('TRANSFER_UNKNOWN');
    const writer = await upload.begin(offset);
    return {
      left: transfer.layout.totalBytes - offset,
      write: (bytes) => room.files.uploaded(transfer, writer, bytes),
      end: () => upload.end(writer),
      describe: () => this.#info(room, transfer),
    };
  }
}
