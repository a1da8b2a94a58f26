import b4a from 'b4a';
import sodium from 'sodium-native';
import type { Head, StoredLog } from './chat-store.js';
import { idBytes, type LogId, logBytes } from './message.js';

/** What one end has of a log: enough to see whether the other has something else. */
export interface LogSummary {
  readonly log: LogId;
  /** Place of the next message, of its longest branch. */
  readonly next: number;
  /** Branches. */
  readonly branches: number;
  /** 32 bytes: the id of its last message; of several branches the hash of these ids in order. */
  readonly tip: Uint8Array;
}

export function summarize({ id, heads }: StoredLog): LogSummary {
  const [first] = heads as [Head];
  const tip =
    heads.length === 1
      ? idBytes(first.id)
      : hash(
          heads
            .map((head) => head.id)
            .toSorted()
            .map(idBytes),
        );
  return { log: id, next: Math.max(...heads.map(({ next }) => next)), branches: heads.length, tip };
}

/** 32 bytes that are the same for the same logs, given in the order of their ids. */
export const digestOf = (summaries: readonly LogSummary[]): Uint8Array =>
  hash(summaries.flatMap(({ log, tip }) => [logBytes(log), tip]));

function hash(parts: Uint8Array[]): Uint8Array {
  const digest = b4a.alloc(32);
  sodium.crypto_generichash_batch(digest, parts.length > 0 ? parts : [b4a.alloc(0)]);
  return digest;
}
