import b4a from 'b4a';

/** What both ends of a stream know alike. */
export interface StreamFacts {
  carrier: 'tcp' | 'udx';
  /** 32 bytes: the transport key of the end that dialled. */
  initiatorKey: Uint8Array;
}

/**
 * Whether a newly proven stream replaces the one in use, by facts that both ends hold alike, so that both decide
 * the same without a word (PROTOCOL.md [K2]): TCP before UDX, then the stream whose initiator has the greater key.
 * Between equals the newer one wins: its initiator would not have dialled again had the old one not been dead.
 */
export function replaces(newer: StreamFacts, older: StreamFacts): boolean {
  if (newer.carrier !== older.carrier) return newer.carrier === 'tcp';
  return b4a.compare(newer.initiatorKey, older.initiatorKey) >= 0;
}
