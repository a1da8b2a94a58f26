import { homedir } from 'node:os';
import path from 'node:path';

/** A path as a person writes it, `~/notes.txt` too, as one that the node takes: absolute. */
export const fromHome = (place: string): string => path.resolve(place.replace(/^~(?=\/|$)/, homedir()));

/** A path as a person reads it: `~/Downloads` for what lies in their own folder. */
export function toHome(place: string): string {
  const home = homedir();
  return place === home || place.startsWith(home + path.sep) ? `~${place.slice(home.length)}` : place;
}
