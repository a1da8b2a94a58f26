/** What a line that somebody typed in a room is. */
export type InputLine = { type: 'quit' } | { type: 'command'; text: string } | { type: 'say'; text: string };

/** Tells commands from what is to be said: `//` at the beginning says one `/`. */
export function inputLine(line: string): InputLine {
  if (line === '{quit}' || /^\/quit\s*$/.test(line)) return { type: 'quit' };
  if (line.startsWith('//')) return { type: 'say', text: line.slice(1) };
  return line.startsWith('/') ? { type: 'command', text: line } : { type: 'say', text: line };
}
