import { homedir } from 'node:os';
import path from 'node:path';
import { ChatterError } from '../errors.js';

/** Folders of keys, wherever they lie. */
const SECRET = new Set(['.ssh', '.gnupg', '.aws', '.kube', '.password-store']);

const holds = (outer: string, inner: string): boolean => {
  const relative = path.relative(outer, inner);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
};

/**
 * Throws SHARE_REFUSED for what nobody means to give to a room: the whole disk, the home folder or what holds it, the
 * data folder of this program, folders of keys. `place` is a real path, without links.
 */
export function guardShare(place: string, dataFolder: string): void {
  const refuse = (why: string) =>
    new ChatterError('SHARE_REFUSED', { message: `${place} is not shared: ${why}.` });
  if (holds(place, homedir())) throw refuse('your whole home folder lies in it');
  if (path.dirname(place) === place) throw refuse('it is the whole disk');
  if (holds(place, dataFolder) || holds(dataFolder, place)) throw refuse("Chatter's own data lies there");
  if (place.split(path.sep).some((component) => SECRET.has(component))) throw refuse('keys lie there');
}
