/** Every cause that this program can name, with the sentence that a person reads. `src/PROTOCOL.md` lists the same. */
export const ERRORS = {
  USAGE: 'The command was not understood.',
  ROOM_NAME_INVALID: 'A room name has 1 to 64 bytes of letters, digits, marks or spaces.',
  PASSPHRASE_INVALID: 'A passphrase has 10 to 128 bytes and no control characters.',
  PASSPHRASE_WRONG: 'Somebody is here under this name, but with another passphrase.',
  PASSPHRASE_NEEDED: 'This room needs its passphrase.',
  INVITE_INVALID: 'This is not a complete invite link.',
  NAME_INVALID: 'A name has 1 to 32 characters that can be seen, and at most 64 bytes.',
  ADDRESS_INVALID: 'An address is written host:port.',
  MESSAGE_INVALID: 'A message has 1 to 8192 bytes.',
  MESSAGE_UNKNOWN: 'No such message here.',
  MESSAGE_DELETED: 'This message was deleted.',
  DM_NOT_HERE: 'This person is not here, and nothing of this room is kept.',
  NOT_YOURS: 'Only who wrote a message can change it.',
  HISTORY_FULL: 'The history of this room is full.',
  FORKED: 'Somebody has written two histories: both are kept, and may contradict each other.',
  HISTORY_DAMAGED: 'The disk has damaged what was kept here: what others have of it comes back from them.',
  FOLDER_MENDED:
    'The disk has damaged a file of the data folder; your key, rooms and settings are kept twice, and are whole.',
  WRITER_RENEWED:
    'This data folder is a copy or an older one of another; it goes on under a mark of its own.',
  ROOM_LIVE: 'Nothing of this room is kept.',
  ROOM_UNKNOWN: 'No such room here.',
  ROOM_AMBIGUOUS: 'Several rooms bear this name.',
  ROOM_NAME_TAKEN: 'A protected room of this name is known here.',
  REACH_NEEDED: 'Say whether this open room is for this network alone or for the Internet too.',
  PEER_UNKNOWN: 'Nobody of this name, tag or id is known here.',
  PEER_AMBIGUOUS: 'Several people bear this name.',
  PEER_SELF: 'This is you.',
  NOT_VERIFIED: 'This person was not marked as verified.',
  SETTING_UNKNOWN: 'There is no such setting.',
  SETTING_INVALID: 'This setting cannot be that.',
  ROOM_LIMIT: 'This node is in as many rooms as it can hold.',
  ROOM_GUESSED: 'Somebody keeps trying wrong passphrases at this room.',
  ROOM_FULL: 'The room is full.',
  NOBODY_THERE: 'Nobody was there in time.',
  OUTPUT_FAILED: 'The output cannot be written.',
  PORT_TAKEN: 'The port is taken by another program.',
  DATA_FOLDER_LOCKED: 'Another node holds this data folder.',
  DATA_FOLDER_UNUSABLE: 'The data folder cannot be used.',
  IDENTITY_DAMAGED: 'The identity file is damaged.',
  IDENTITY_EXISTS: 'Somebody lives in this data folder already; name a new one.',
  BACKUP_WRONG: 'This is not a whole backup, or its passphrase is another one.',
  STORAGE_FAILED: 'The database cannot be read or written.',
  NODE_START_FAILED: 'The node did not start.',
  NODE_NOT_RUNNING: 'No node is running on this data folder.',
  NODE_LOST: 'The node ended.',
  NODE_OPTIONS_DIFFER: 'A node is running with other options.',
  API_UNAUTHORIZED: 'The key for this node is missing or wrong.',
  API_FORBIDDEN: 'This origin may not talk to the node.',
  API_NOT_FOUND: 'The node knows no such request.',
  API_BAD_REQUEST: 'The request is malformed.',
  API_TOO_LARGE: 'The request is too large.',
  FILE_NOT_FOUND: "File doesn't exist.",
  FILE_NAME_UNSAFE: 'A file name is not safe.',
  FILE_UNREADABLE: 'A file cannot be read.',
  FILE_CHANGED: 'A file was changed while it was being sent.',
  FILE_EXISTS: 'A file of this name is there already.',
  FILE_UNVERIFIED: 'What arrived is not what was offered.',
  FILES_LIMIT: 'These are more or larger files than one transfer takes.',
  DISK_FULL: 'There is not enough room on the disk.',
  DISK_FAILED: 'The disk cannot be written.',
  UPLOAD_OFFSET: 'The copy goes on at another byte.',
  UPLOAD_LOST: 'What held the file was closed before all of it was copied.',
  TRANSFER_UNKNOWN: 'No such transfer here.',
  TRANSFER_DECLINED: 'It was declined.',
  TRANSFER_CANCELLED: 'It was cancelled.',
  TRANSFER_WITHDRAWN: 'It was withdrawn.',
  GUEST_NONE: 'No guest page is open in this room.',
  CALL_UNKNOWN: 'There is no such call.',
  CALL_ELSEWHERE: 'The call is in another window.',
  TRACK_UNKNOWN: 'There is no such camera, microphone or screen in the call.',
  TRACKS_LIMIT: 'These are as many tracks as one person can show.',
  PATH_COSTLY: 'The rest would come over the Internet; resume it if it may.',
  FILE_AMBIGUOUS: 'Several files that differ bear this name.',
  SHARE_REFUSED: 'This folder is not to be shared.',
  SHARE_UNKNOWN: 'Nothing of this name is shared here.',
  PROOF_FAILED: 'The peer did not prove that it belongs to the room.',
  PROOF_TIMEOUT: 'The peer did not prove itself in time.',
  PROTOCOL_VIOLATED: 'The peer broke the protocol.',
  CLOSED: 'This is closed already.',
  INTERNAL: 'Something failed inside Chatter.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface ChatterErrorOptions {
  /** A sentence for this case; the code's own sentence when left out. Never text that a peer chose. */
  message?: string;
  cause?: unknown;
}

/** The one error class that leaves a module. Callers test `code`, never the text. */
export class ChatterError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, { message, cause }: ChatterErrorOptions = {}) {
    super(message ?? ERRORS[code], { cause });
    this.name = 'ChatterError';
    this.code = code;
  }

  /** `err` itself if it is a ChatterError already, otherwise it wrapped with `code`. */
  static from(err: unknown, code: ErrorCode = 'INTERNAL'): ChatterError {
    return err instanceof ChatterError ? err : new ChatterError(code, { cause: err });
  }
}

/** How a peer broke the protocol: named in the log line `MISBEHAVE`, never told to the peer. */
export type Violation =
  | 'FRAME_TOO_LARGE'
  | 'FRAME_MALFORMED'
  | 'BATCH_NESTED'
  | 'BATCH_TOO_LONG'
  | 'CHANNEL_LIMIT'
  | 'CONTROL_FLOOD'
  | 'MESSAGE_TOO_LARGE'
  | 'MESSAGE_MALFORMED'
  | 'MESSAGE_FLOOD'
  | 'SIGNATURE_WRONG'
  | 'MESSAGE_UNEXPECTED'
  | 'IDENTITY_MISMATCH'
  | 'PROOF_MALFORMED'
  | 'PROOF_WRONG'
  | 'HANDLER_FAILED';

/** A peer's input that must end its stream. It is data about the peer, so it carries a violation and no peer text. */
export class ProtocolError extends Error {
  readonly violation: Violation;

  constructor(violation: Violation, options: { cause?: unknown } = {}) {
    super(violation, options);
    this.name = 'ProtocolError';
    this.violation = violation;
  }
}
