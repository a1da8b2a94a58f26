import { defineChannel, message } from '../protocol/channel-definition.js';
import { bytes, list, record, text, uint } from '../protocol/codec.js';

/** Why a stream ends on purpose (PROTOCOL.md [K3]). Unknown numbers are taken as `leaving`. */
export const GOODBYE = { leaving: 0, replaced: 1, full: 2 } as const;
export type Goodbye = keyof typeof GOODBYE;

export const goodbyeOf = (reason: number): Goodbye =>
  (Object.keys(GOODBYE) as Goodbye[]).find((name) => GOODBYE[name] === reason) ?? 'leaving';

const counter = uint(2 ** 32 - 1);

const bulkTotal = record<{ total: number }>({ total: uint(Number.MAX_SAFE_INTEGER) });

/** An IPv6 address with its scope: 39 characters, `%`, and the name of an interface, at most 15 bytes on Linux. */
const HOST_BYTES = 64;
const HOSTS = 8;

/** What came of dialling an address, by its number on the wire ([K6]). */
export const REACHED = ['opened', 'refused', 'silent', 'unreachable', 'taken'] as const;
export type Reached = (typeof REACHED)[number];

/** This node's port, and addresses that it believes to be its own. */
export interface TryMe {
  port: number;
  hosts: string[];
}

export interface Tried {
  host: string;
  reached: number;
}

/** The largest frame of a proof is IDENTITY with four signatures: 5 + 32 + 1 + 4 * 64 bytes. */
const PROOF_FRAME_BYTES = 512;

/** `chatter/link/1`: one on every proven stream, for what concerns the stream and no room. */
export const linkChannel = defineChannel('chatter/link/1', {
  ping: message('urgent', 8, record<{ n: number }>({ n: counter })),
  pong: message('urgent', 8, record<{ n: number }>({ n: counter })),
  /** A frame of the proof of a further room, as on the raw stream. */
  proof: message('urgent', PROOF_FRAME_BYTES, bytes(PROOF_FRAME_BYTES)),
  goodbye: message('urgent', 4, record<{ reason: number }>({ reason: uint(255) })),
  /** Bytes of bulk that this end has dealt with since the stream began. */
  bulkAck: message('urgent', 9, bulkTotal),
  /** Bytes of bulk that this end has sent since the stream began, said when a channel with bulk has closed. */
  bulkSent: message('urgent', 9, bulkTotal),
  /** Asks the other end to dial this node, as `chatter doctor` does. */
  tryMe: message(
    'urgent',
    4 + HOSTS * (HOST_BYTES + 1),
    record<TryMe>({ port: uint(65_535), hosts: list(text(HOST_BYTES), HOSTS) }),
  ),
  /** What came of it, by address. */
  tried: message(
    'urgent',
    1 + HOSTS * (HOST_BYTES + 2),
    list(record<Tried>({ host: text(HOST_BYTES), reached: uint(255) }), HOSTS),
  ),
});
