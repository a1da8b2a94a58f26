import type { RoomChat } from '../chat/room-chat.js';
import type { Clock } from '../clock.js';
import type { RoomFiles } from '../files/room-files.js';
import { callEntry, fileEntry } from './entries.js';
import type { RoomCall } from './room-call.js';

export interface EntryDependencies {
  chat: RoomChat;
  files: RoomFiles;
  call: RoomCall;
  clock: Clock;
}

/**
 * Writes what this person offers to the room and which calls they begin and end into its history, so that who comes
 * later finds it. The last one to leave a call writes its end; of a call with one person nothing is written.
 */
export function keepEntries({ chat, files, call, clock }: EntryDependencies): void {
  files.on('given', (transfer) => chat.enter('file', fileEntry(transfer)));
  call.on('change', (change) => {
    if (change.type !== 'started' && change.type !== 'ended') return;
    const { id, direct, joined, startedMs } = change.call;
    if (direct !== null || !joined) return;
    const seconds = change.type === 'ended' ? (clock.wall() - startedMs) / 1000 : 0;
    chat.enter('call', callEntry({ call: id, what: change.type, seconds }));
  });
}
