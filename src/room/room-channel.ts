import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { record, text } from '../protocol/codec.js';

const PROFILE_BYTES = LIMITS.nameBytes + 8;

/** `chatter/room/1`: who a member is in this room. Closing it is leaving the room. */
export const roomChannel = defineChannel('chatter/room/1', {
  /** First message on the channel, and again after a change of name. */
  profile: message('urgent', PROFILE_BYTES, record<{ name: string }>({ name: text(LIMITS.nameBytes) })),
  /** No place is left; the channel closes. */
  full: message('urgent', 0, record<object>({})),
});
