/** Digits of a message's id that are shown; as wide as a time of day, `#` included. */
const TAG_DIGITS = 4;

interface Tagged {
  readonly id: string;
}

/** What a message is called where somebody has to name it: the same on every machine, as its id is. */
export const messageTag = ({ id }: Tagged): string => `#${id.slice(0, TAG_DIGITS)}`;
