import { LIMITS } from '../limits.js';
import { defineChannel, message } from '../protocol/channel-definition.js';
import { record, text, uint } from '../protocol/codec.js';

const sequence = uint(Number.MAX_SAFE_INTEGER);

/** `chatter/line/1`: lines said to those who are here now. */
export const lineChannel = defineChannel('chatter/line/1', {
  /** `seq` grows by one with each line that the sender says in this room while its node runs. */
  line: message(
    'urgent',
    LIMITS.lineBytes + 16,
    record<{ seq: number; text: string }>({ seq: sequence, text: text(LIMITS.lineBytes) }),
  ),
  /** Everything up to `seq` has been taken in. */
  ack: message('urgent', 16, record<{ seq: number }>({ seq: sequence })),
});
