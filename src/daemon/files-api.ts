import { z } from 'zod';

const person = z.object({ id: z.string(), name: z.string(), tag: z.string() });
const transfer = z.string().min(4).max(32);
const roomRef = z.string();

/** A transfer as it stands, sent or received. */
export const TransferInfo = z.object({
  /** 32 hex digits; commands take its first ones, four at least. */
  transfer: z.string(),
  room: z.string(),
  roomId: z.string(),
  from: person,
  /** The only one whom it is for; null is everybody in the room. */
  to: person.nullable(),
  mine: z.boolean(),
  state: z.enum([
    'offered',
    'serving',
    'active',
    'paused',
    'done',
    'declined',
    'cancelled',
    'withdrawn',
    'failed',
  ]),
  /** Why it failed or waits; null where it does neither. */
  code: z.string().nullable(),
  /** What was named when it was sent: files and folders side by side. */
  entries: z.array(z.object({ name: z.string(), size: z.number(), folder: z.boolean() })),
  files: z.number(),
  /** Names that a system may run or hide: the first ten, and how many there are. */
  risky: z.array(z.string()),
  riskyCount: z.number(),
  /** Bytes that are here, or of one's own that were given. */
  bytes: z.number(),
  total: z.number(),
  /** Of what is here, bytes that lay on this disk already and were not sent, as far as this run of the node knows. */
  reused: z.number(),
  ratePerSecond: z.number(),
  sources: z.number(),
  /** Bytes of one's own that were copied into Chatter so far; null where nothing has to be. */
  copied: z.number().nullable(),
  paths: z.array(z.string()),
  /** Asked for with `get`, of somebody's share: nobody offered it. */
  shared: z.boolean(),
  /** How many others are being given blocks of it from here just now; `withdraw` ends that. */
  handing: z.number(),
  /** ISO 8601, by its sender's clock. */
  offeredAt: z.string(),
  /** Of one's own: how it stands at each. */
  receivers: z.array(
    z.object({ peer: person, answer: z.string(), bytes: z.number(), code: z.string().nullable() }),
  ),
});

/** Something that one shares. */
export const ShareInfo = z.object({
  share: z.string(),
  room: z.string(),
  roomId: z.string(),
  name: z.string(),
  /** Where it lies here. */
  path: z.string(),
  folder: z.boolean(),
  files: z.number(),
  bytes: z.number(),
  /** So much has been hashed: what is not can be fetched too, but is not seen to be the same as somebody else's. */
  hashedBytes: z.number(),
  state: z.enum(['scanning', 'ready', 'gone']),
});

/** Something that somebody shares, oneself too. */
export const SharedInfo = z.object({
  /** With `/` between components; the first is the name of the share. */
  path: z.string(),
  name: z.string(),
  folder: z.boolean(),
  size: z.number(),
  files: z.number(),
  /** ISO 8601. */
  changedAt: z.string(),
  /** Hex digits that name the content; null while it is not hashed. */
  hash: z.string().nullable(),
  risky: z.boolean(),
  owner: person,
});

const skipped = z.array(z.object({ path: z.string(), why: z.string() }));
const IfExists = z.enum(['number', 'skip', 'fail']);
const one = { params: z.object({ transfer }), result: TransferInfo };

/** Requests about files; a part of `REQUESTS`. */
export const FILE_REQUESTS = {
  /** Offers files and folders by absolute paths. */
  send: {
    params: z.object({
      room: roomRef,
      paths: z.array(z.string().min(1)).min(1).max(1024),
      /** A name, `name#tag` or an id: nobody else is told of it. */
      to: z.string().optional(),
      /** Another name for a single path. */
      as: z.string().optional(),
      exclude: z.array(z.string().max(200)).max(64).optional(),
    }),
    result: TransferInfo.extend({ skipped }),
  },
  /**
   * Offers files whose bytes follow by `POST /api/upload/TRANSFER/OFFSET`: first those of 256 KiB or more, then the
   * smaller ones, each in the order given. Folders need not be named but to be empty.
   */
  upload: {
    params: z.object({
      room: roomRef,
      to: z.string().optional(),
      entries: z
        .array(
          z.object({
            path: z.string().min(1).max(4096),
            size: z.number().int().min(0),
            mtimeMs: z.number().min(0).max(8.64e15).optional(),
            folder: z.boolean().optional(),
          }),
        )
        .min(1)
        .max(100_000),
    }),
    result: TransferInfo,
  },
  /** A path of this API that gives one file of a transfer to whoever asks for it first, within a minute. */
  ticket: {
    params: z.object({ transfer, file: z.number().int().min(0) }),
    result: z.object({ url: z.string() }),
  },
  /** A bearer for file bodies alone; it is good while the WebSocket that asked is open. */
  pass: { params: z.object({}), result: z.object({ pass: z.string() }) },
  transfers: { params: z.object({ room: roomRef.optional() }), result: z.array(TransferInfo) },
  accept: {
    params: z.object({
      transfer,
      /** An absolute path; the downloads folder's `Chatter/ROOM` when left out. */
      out: z.string().optional(),
      ifExists: IfExists.optional(),
      /** Takes over permission bits, that of running a file among them. */
      modes: z.boolean().optional(),
      /** A rule takes it, no person has looked at it: files of the same names are not looked through for its blocks. */
      unasked: z.boolean().optional(),
    }),
    result: TransferInfo,
  },
  /** Shares files and folders by absolute paths until `unshare`, over restarts too; hidden names are left out. */
  share: {
    params: z.object({
      room: roomRef,
      paths: z.array(z.string().min(1)).min(1).max(64),
      exclude: z.array(z.string().max(200)).max(64).optional(),
    }),
    result: z.object({ shares: z.array(ShareInfo), skipped }),
  },
  /** Ends a share, by its name, its path here or its id. */
  unshare: { params: z.object({ room: roomRef, share: z.string().min(1) }), result: ShareInfo },
  /** What one shares oneself. */
  shares: { params: z.object({ room: roomRef.optional() }), result: z.array(ShareInfo) },
  /**
   * What everybody shares, as one tree: what lies directly under `path`, or with `pattern` everything of such a name.
   * Who has not answered within 2 s is in `silent`.
   */
  ls: {
    params: z.object({
      room: roomRef,
      path: z.string().max(4096).optional(),
      pattern: z.string().min(1).max(1024).optional(),
      /** Only this person's. */
      from: z.string().optional(),
    }),
    result: z.object({ entries: z.array(SharedInfo), more: z.boolean(), silent: z.array(person) }),
  },
  /** Fetches what a path, a name or a pattern means in everybody's shares, each content from all who have it. */
  get: {
    params: z.object({
      room: roomRef,
      name: z.string().min(1).max(1024),
      from: z.string().optional(),
      /** First digits of the hash, where several contents bear one name. */
      hash: z.string().min(4).max(64).optional(),
      out: z.string().optional(),
      ifExists: IfExists.optional(),
      modes: z.boolean().optional(),
    }),
    result: z.object({ transfers: z.array(TransferInfo) }),
  },
  /** The folders directly in one of this computer, its user's home if `path` is left out: to choose one by. */
  folders: {
    params: z.object({ path: z.string().max(4096).optional() }),
    result: z.object({
      path: z.string(),
      /** Null at the root of a disk. */
      parent: z.string().nullable(),
      folders: z.array(z.object({ name: z.string(), path: z.string() })),
      more: z.boolean(),
    }),
  },
  decline: one,
  pause: one,
  resume: one,
  cancel: one,
  withdraw: one,
} as const;

export type TransferInfo = z.output<typeof TransferInfo>;
export type ShareInfo = z.output<typeof ShareInfo>;
export type SharedInfo = z.output<typeof SharedInfo>;
type FilePerson = z.output<typeof person>;

/** What happens to files; a part of `EventBody`. */
export type FileEventBody =
  | ({ type: 'file-offered' } & TransferInfo)
  | {
      type: 'transfer-progress';
      room: string;
      roomId: string;
      transfer: string;
      bytes: number;
      total: number;
      reused: number;
      ratePerSecond: number;
      sources: number;
      copied: number | null;
      handing: number;
    }
  | {
      type: 'transfer-done';
      room: string;
      roomId: string;
      transfer: string;
      paths: string[];
      bytes: number;
      reused: number;
    }
  | { type: 'transfer-failed'; room: string; roomId: string; transfer: string; code: string; text: string }
  /** What this person shares has changed, oneself too. */
  | { type: 'shares-changed'; room: string; roomId: string; peer: FilePerson }
  | ({ type: 'transfer-changed' } & TransferInfo)
  | { type: 'file-refused'; room: string; roomId: string; from: FilePerson; code: string; text: string };
