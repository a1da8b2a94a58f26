import { aboutMessage, type MessageVerb } from '../message-commands.js';
import { beginning } from '../message-lines.js';
import { messageTag } from '../message-tag.js';
import { withText } from './editor.js';
import { messagesOf } from './entries.js';
import type { State } from './state.js';

/**
 * The state after a verb about a message without the words for it: what is written next answers it, its own text is there
 * to be changed, or the tag of what would be deleted. Null where nothing is missing. Throws MESSAGE_UNKNOWN and USAGE.
 */
export function withTarget(state: State, verb: MessageVerb, argument: string): State | null {
  if (verb === 'react') return null;
  const { message, text, tagged } = aboutMessage(verb, argument, messagesOf(state.entries));
  if (verb === 'delete') {
    if (tagged || text !== '') return null;
    const editor = withText(state.editor, `/delete ${messageTag(message)}`);
    const hint = { text: `Enter deletes for everyone: ${beginning(message.text)}`, tone: 'risk' } as const;
    return { ...state, editor, hint };
  }
  if (text !== '') return null;
  return {
    ...state,
    target: { verb, message },
    editor: withText(state.editor, verb === 'edit' ? message.text : ''),
  };
}
