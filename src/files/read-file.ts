import { ChatterError } from '../errors.js';
import type { Content } from './file-content.js';
import { BLOCK_BYTES, type Layout } from './layout.js';
import type { Manifest } from './manifest.js';
import type { Transfer } from './transfer.js';

/** What blocks are read from, and how they lie in it. */
export interface ReadableFiles {
  layout: Layout;
  content: Content;
  manifest: Manifest;
}

/**
 * One file of a transfer from `start` up to and without `end`, block by block; each piece is the reader's to keep.
 * Throws FILE_NOT_FOUND where not all of it is here, and what the content throws.
 */
export function readFile(transfer: Transfer, file: number, start: number, end: number): Iterable<Uint8Array> {
  const { content } = transfer;
  if (!content || !isHere(transfer, file)) throw new ChatterError('FILE_NOT_FOUND');
  return fileBytes({ ...transferParts(transfer), content }, file, start, end);
}

/** The same of files that are known to be there. */
export function* fileBytes(
  files: ReadableFiles,
  file: number,
  start: number,
  end: number,
): Iterable<Uint8Array> {
  const { layout, content } = files;
  for (let block = firstOf(files, file, start), at = start; at < end; block++) {
    const extent = layout.extents(block).find((each) => each.file === file);
    if (!extent) throw new ChatterError('INTERNAL');
    const bytes = readBlock(content, block);
    const from = extent.at + (at - extent.offset);
    const piece = bytes.subarray(from, Math.min(extent.at + extent.length, from + end - at));
    yield piece;
    at += piece.byteLength;
  }
}

const transferParts = ({ layout, manifest }: Transfer) => ({ layout, manifest });

/** Whether every byte of a file can be read. */
export function isHere({ layout, have, content, manifest, upload, state }: Transfer, file: number): boolean {
  const size = manifest.files[file]?.size;
  if (size === undefined || !content) return false;
  // One's own is read where it lies, whether or not it has been hashed yet.
  if (state === 'serving' || state === 'done') return upload === null || upload.files !== null;
  const first = layout.firstBlock(file);
  if (first === null) return true;
  const count = size < BLOCK_BYTES ? 1 : Math.ceil(size / BLOCK_BYTES);
  for (let block = first; block < first + count; block++) if (!have.has(block)) return false;
  return true;
}

function firstOf({ layout, manifest }: ReadableFiles, file: number, start: number): number {
  const first = layout.firstBlock(file) ?? 0;
  const isBig = (manifest.files[file]?.size ?? 0) >= BLOCK_BYTES;
  return isBig ? first + Math.floor(start / BLOCK_BYTES) : first;
}

function readBlock(content: Content, block: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  content.read(block, buffer);
  return buffer;
}
