/** Every key that the page has, but for those of the call's stage; what the list says, the page does. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['Ctrl K', 'go to a room, a person or a setting'],
  ['Ctrl F', 'search in this room'],
  ['Alt ↑ ↓', 'the room before, the next room'],
  ['F6', 'rooms, timeline, message, panel; with Shift backwards'],
  ['↑', 'in an empty message: edit your last one'],
  ['E R C Delete', 'on a message: react, reply, copy, delete'],
  ['Ctrl U', 'offer files'],
  ['Esc', 'close what is open, then back to the message'],
];
