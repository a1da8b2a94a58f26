import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { bytes, fixed, list, record, uint } from '../protocol/codec.js';
import { HEADER_BYTES, ID_BYTES, LOG_BYTES, SIGNATURE_BYTES } from './message.js';

/** A message as it is handed on. */
export interface WireMessage {
  header: Uint8Array;
  /** Zeros where it is not known to be right: a later message of its log shows it (PROTOCOL.md [H5]). */
  signature: Uint8Array;
  /** Empty where it is gone. */
  body: Uint8Array;
}

export interface WireSummary {
  log: Uint8Array;
  next: number;
  branches: number;
  tip: Uint8Array;
}

export interface WireWant {
  log: Uint8Array;
  from: number;
}

export interface WireReceipt {
  receipt: Uint8Array;
  signature: Uint8Array;
}

const count = uint(Number.MAX_SAFE_INTEGER);
const flag = uint(1);
const wireMessage = record<WireMessage>({
  header: bytes(HEADER_BYTES),
  signature: fixed(SIGNATURE_BYTES),
  body: bytes(LIMITS.chatBodyBytes),
});
const summary = record<WireSummary>({
  log: fixed(LOG_BYTES),
  next: count,
  branches: count,
  tip: fixed(ID_BYTES),
});
const want = record<WireWant>({ log: fixed(LOG_BYTES), from: count });

const MESSAGE_BYTES = HEADER_BYTES + SIGNATURE_BYTES + LIMITS.chatBodyBytes + 8;
const SUMMARY_BYTES = LOG_BYTES + ID_BYTES + 18;
const WANT_BYTES = LOG_BYTES + 9;
/** Summaries, wants and ids in one message. */
export const PAGE = 256;
/** Logs in one announcement. */
export const HEADS = 64;
/** What a receipt is signed over, at most: three lists of ids, and who. */
const RECEIPT_BYTES = 32 + 9 + 2 * (1 + LIMITS.chatParents * ID_BYTES);
const INSTANCE_BYTES = 8;
/** Receipts in one message. */
export const RECEIPTS = 64;
const wireReceipt = record<WireReceipt>({
  receipt: bytes(RECEIPT_BYTES),
  signature: fixed(SIGNATURE_BYTES),
});

/** `chatter/chat/1`: the history of a room, and what is said now. */
export const chatChannel = defineChannel('chatter/chat/1', {
  /** What one has, as a hash: messages, receipts. */
  digest: message(
    'urgent',
    64,
    record<{ history: Uint8Array; receipts: Uint8Array }>({ history: fixed(32), receipts: fixed(32) }),
  ),
  /** Everything that one has, log by log, in pages. */
  vector: message(
    'bulk',
    PAGE * SUMMARY_BYTES + 8,
    record<{ logs: WireSummary[]; last: number }>({ logs: list(summary, PAGE), last: flag }),
  ),
  /** Asks for what logs have from some place on, in pages that are one request. */
  want: message(
    'urgent',
    PAGE * WANT_BYTES + 16,
    record<{ request: number; logs: WireWant[]; last: number }>({
      request: count,
      logs: list(want, PAGE),
      last: flag,
    }),
  ),
  /** The answer: in such an order that nothing comes before what it builds on. */
  history: message(
    'bulk',
    LIMITS.chatBatchBytes + MESSAGE_BYTES + 16,
    record<{ request: number; messages: WireMessage[]; last: number }>({
      request: count,
      messages: list(wireMessage, LIMITS.chatBatchMessages),
      last: flag,
    }),
  ),
  /** One that was written just now by the one who sends it. */
  message: message('urgent', MESSAGE_BYTES, wireMessage),
  /** Logs that have grown. */
  heads: message(
    'urgent',
    HEADS * SUMMARY_BYTES + 8,
    record<{ logs: WireSummary[] }>({ logs: list(summary, HEADS) }),
  ),
  receipt: message('urgent', RECEIPT_BYTES + SIGNATURE_BYTES + 8, wireReceipt),
  /** The instances that one is connected to in this room: they hear from oneself. */
  sees: message(
    'urgent',
    LIMITS.peersPerRoom * INSTANCE_BYTES + 8,
    record<{ instances: Uint8Array[] }>({ instances: list(fixed(INSTANCE_BYTES), LIMITS.peersPerRoom) }),
  ),
  typing: message('urgent', 1, record<{ on: number }>({ on: flag })),
  /** Asks for bodies that whoever gave the messages did not have. */
  wantBodies: message(
    'urgent',
    PAGE * ID_BYTES + 8,
    record<{ ids: Uint8Array[] }>({ ids: list(fixed(ID_BYTES), PAGE) }),
  ),
  bodies: message(
    'bulk',
    LIMITS.chatBatchBytes + LIMITS.chatBodyBytes + 64,
    record<{ bodies: { id: Uint8Array; body: Uint8Array }[] }>({
      bodies: list(
        record<{ id: Uint8Array; body: Uint8Array }>({
          id: fixed(ID_BYTES),
          body: bytes(LIMITS.chatBodyBytes),
        }),
        PAGE,
      ),
    }),
  ),
  /** In the lobby: these have come. */
  got: message(
    'urgent',
    HEADS * ID_BYTES + 8,
    record<{ ids: Uint8Array[] }>({ ids: list(fixed(ID_BYTES), HEADS) }),
  ),
  /** Receipts of others that are handed on. */
  receipts: message(
    'bulk',
    RECEIPTS * (RECEIPT_BYTES + SIGNATURE_BYTES + 4) + 8,
    record<{ receipts: WireReceipt[] }>({ receipts: list(wireReceipt, RECEIPTS) }),
  ),
});

export type ChatMessages = typeof chatChannel.messages;
