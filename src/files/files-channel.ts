import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { bytes, type Codec, fixed, list, record, text, uint } from '../protocol/codec.js';
import { DIGEST_BYTES } from './blake3.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import { OFFER_BYTES, SIGNATURE_BYTES, TRANSFER_ID_BYTES } from './signed.js';

/** Bytes that are put where they are wanted when they are written: a file is read straight into what is encrypted. */
export interface LateBytes {
  readonly byteLength: number;
  /** Fills `target`, which has this length. What it throws ends the message unwritten. */
  readInto(target: Uint8Array): void;
}

/** Most blocks of a transfer: of 1 TiB, and what packs leave free. */
const MAX_BLOCKS = LIMITS.fileBytes / BLOCK_BYTES + LIMITS.fileEntries;
const BITS_BYTES = 640 * 1024;
export const MANIFEST_PART_BYTES = 64 * 1024;
/** What a receiver says of its transfer. */
export const ANSWERS = ['accepted', 'progress', 'done', 'declined', 'cancelled', 'failed', 'paused'] as const;
export type Answer = (typeof ANSWERS)[number];
/** Why somebody serves nothing of a transfer: not known, or not to be had by who asks; changed; unreadable; paused. */
export const REFUSALS = ['unknown', 'changed', 'unreadable', 'paused', 'withdrawn'] as const;
export type Refusal = (typeof REFUSALS)[number];

const transfer = fixed(TRANSFER_ID_BYTES);
const signature = fixed(SIGNATURE_BYTES);
const block = uint(MAX_BLOCKS);
const page = uint(Math.ceil(MAX_BLOCKS / BLOCKS_A_PAGE));
const raw = bytes(BLOCK_BYTES);

const lateBytes: Codec<Uint8Array | LateBytes> = {
  preencode: (state, value) => raw.preencode(state, value as Uint8Array), // its length alone is looked at
  encode(state, value) {
    if (value instanceof Uint8Array) return raw.encode(state, value);
    uint(BLOCK_BYTES).encode(state, value.byteLength);
    value.readInto((state.buffer as Uint8Array).subarray(state.start, state.start + value.byteLength));
    state.start += value.byteLength;
  },
  decode: (state) => raw.decode(state),
};

/** `chatter/files/1`: offers, who has what, and blocks. */
export const filesChannel = defineChannel('chatter/files/1', {
  offer: message(
    'urgent',
    OFFER_BYTES + SIGNATURE_BYTES + 8,
    record<{ offer: Uint8Array; signature: Uint8Array }>({ offer: bytes(OFFER_BYTES), signature }),
  ),
  withdraw: message(
    'urgent',
    96,
    record<{ transfer: Uint8Array; signature: Uint8Array }>({ transfer, signature }),
  ),
  /** A receiver to everybody who may serve it: how it stands, with the bytes that it has. */
  answer: message(
    'urgent',
    128,
    record<{ transfer: Uint8Array; answer: number; bytes: number; code: string }>({
      transfer,
      answer: uint(ANSWERS.length - 1),
      bytes: uint(LIMITS.fileBytes),
      code: text(64),
    }),
  ),
  /** From now on tell what you have of this and what comes to it; `on` 0 is the end of it. */
  interest: message('urgent', 32, record<{ transfer: Uint8Array; on: number }>({ transfer, on: uint(1) })),
  /** `bits` as in `Bitfield`; empty stands for everything. */
  have: message(
    'bulk',
    BITS_BYTES + 64,
    record<{ transfer: Uint8Array; bits: Uint8Array }>({ transfer, bits: bytes(BITS_BYTES) }),
  ),
  got: message(
    'urgent',
    8192,
    record<{ transfer: Uint8Array; blocks: number[] }>({ transfer, blocks: list(block, 1024) }),
  ),
  wantManifest: message(
    'urgent',
    32,
    record<{ transfer: Uint8Array; offset: number }>({ transfer, offset: uint(LIMITS.manifestBytes) }),
  ),
  manifest: message(
    'bulk',
    MANIFEST_PART_BYTES + 64,
    record<{ transfer: Uint8Array; offset: number; bytes: Uint8Array }>({
      transfer,
      offset: uint(LIMITS.manifestBytes),
      bytes: bytes(MANIFEST_PART_BYTES),
    }),
  ),
  wantPage: message('urgent', 32, record<{ transfer: Uint8Array; page: number }>({ transfer, page })),
  page: message(
    'bulk',
    BLOCKS_A_PAGE * DIGEST_BYTES + 128,
    record<{ transfer: Uint8Array; page: number; hashes: Uint8Array; signature: Uint8Array }>({
      transfer,
      page,
      hashes: bytes(BLOCKS_A_PAGE * DIGEST_BYTES),
      signature,
    }),
  ),
  sealed: message(
    'urgent',
    128,
    record<{ transfer: Uint8Array; root: Uint8Array; signature: Uint8Array }>({
      transfer,
      root: fixed(DIGEST_BYTES),
      signature,
    }),
  ),
  request: message(
    'urgent',
    512,
    record<{ transfer: Uint8Array; blocks: number[] }>({
      transfer,
      blocks: list(block, LIMITS.requestedBlocks),
    }),
  ),
  /** Requests taken back. */
  release: message(
    'urgent',
    512,
    record<{ transfer: Uint8Array; blocks: number[] }>({
      transfer,
      blocks: list(block, LIMITS.requestedBlocks),
    }),
  ),
  /** Part of a block, from `offset` on; parts of one block come in order. */
  block: message(
    'bulk',
    BLOCK_BYTES + 64,
    record<{ transfer: Uint8Array; block: number; offset: number; bytes: Uint8Array | LateBytes }>({
      transfer,
      block,
      offset: uint(BLOCK_BYTES),
      bytes: lateBytes,
    }),
  ),
  refuse: message(
    'urgent',
    32,
    record<{ transfer: Uint8Array; reason: number }>({ transfer, reason: uint(REFUSALS.length - 1) }),
  ),
});
