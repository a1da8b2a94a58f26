/** What no shell reads as anything but itself. */
const PLAIN = /^[\w%+,./:=@-]+$/;

/**
 * One word of a command that a person is told to type: names that others chose must stay names where it is pasted into
 * a terminal.
 */
export const shellWord = (text: string): string =>
  PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
