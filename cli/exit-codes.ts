import type { ErrorCode } from '../src/errors.js';

/** What a command ends with; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  nobodyThere: 4,
  declined: 5,
  unverified: 6,
  disk: 7,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  USAGE: EXIT.usage,
  ROOM_NAME_INVALID: EXIT.usage,
  PASSPHRASE_INVALID: EXIT.usage,
  PASSPHRASE_NEEDED: EXIT.usage,
  INVITE_INVALID: EXIT.usage,
  NAME_INVALID: EXIT.usage,
  ADDRESS_INVALID: EXIT.usage,
  MESSAGE_INVALID: EXIT.usage,
  ROOM_AMBIGUOUS: EXIT.usage,
  ROOM_NAME_TAKEN: EXIT.usage,
  REACH_NEEDED: EXIT.usage,
  NODE_OPTIONS_DIFFER: EXIT.usage,
  SETTING_UNKNOWN: EXIT.usage,
  SETTING_INVALID: EXIT.usage,
  PEER_AMBIGUOUS: EXIT.usage,
  PEER_SELF: EXIT.usage,
  ROOM_UNKNOWN: EXIT.notFound,
  FILE_NOT_FOUND: EXIT.notFound,
  TRANSFER_UNKNOWN: EXIT.notFound,
  SHARE_UNKNOWN: EXIT.notFound,
  FILE_AMBIGUOUS: EXIT.usage,
  SHARE_REFUSED: EXIT.usage,
  NODE_NOT_RUNNING: EXIT.notFound,
  PEER_UNKNOWN: EXIT.notFound,
  TRANSFER_DECLINED: EXIT.declined,
  FILE_UNVERIFIED: EXIT.unverified,
  FILE_CHANGED: EXIT.unverified,
  DISK_FULL: EXIT.disk,
  DISK_FAILED: EXIT.disk,
  NOT_VERIFIED: EXIT.unverified,
  BACKUP_WRONG: EXIT.unverified,
  NOBODY_THERE: EXIT.nobodyThere,
  DATA_FOLDER_UNUSABLE: EXIT.disk,
  STORAGE_FAILED: EXIT.disk,
  OUTPUT_FAILED: EXIT.disk,
};

export const exitCode = (code: ErrorCode): number => BY_CODE[code] ?? EXIT.failed;
