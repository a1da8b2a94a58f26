import { isPattern } from './wildcard.js';

/** An entry of somebody's share, as far as choosing looks at it. */
export interface Candidate {
  readonly path: string;
  readonly folder: boolean;
  readonly size: number;
  /** Names the content; null is not known yet. */
  readonly hash: string | null;
  readonly owner: string;
}

export interface Choice<C extends Candidate> {
  /** What to fetch: each is one content, and all who have it. Empty if nobody has any. */
  readonly contents: readonly (readonly C[])[];
  /** True if a single name was meant and there are several contents under it. */
  readonly ambiguous: boolean;
}

/**
 * Which of what was found is meant by `wanted`: everything that fits a pattern, or the one content under a name. A name
 * that is somebody's whole path goes before others that only end in it. Entries are of one content if their hashes say
 * so; one that was not hashed yet is only like itself.
 */
export function chooseContent<C extends Candidate>(wanted: string, found: readonly C[]): Choice<C> {
  const groups = new Map<string, C[]>();
  for (const each of meant(wanted, found)) {
    const kind = each.folder ? 'folder' : 'file';
    const key = each.hash ? `${kind} ${each.hash} ${each.size}` : `${kind} ${each.owner} ${each.path}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const contents = [...groups.values()];
  return { contents, ambiguous: !isPattern(wanted) && contents.length > 1 };
}

function meant<C extends Candidate>(wanted: string, found: readonly C[]): readonly C[] {
  if (!isPattern(wanted)) {
    const exact = found.filter(({ path }) => path === wanted);
    if (exact.length === 0) return found;
    const hashes = new Set(exact.flatMap(({ hash }) => hash ?? []));
    const others = found.filter((each) => !exact.includes(each) && each.hash && hashes.has(each.hash));
    return [...exact, ...others]; // the same content elsewhere is one more holder of it
  }
  // What lies in a folder that fits comes with the folder.
  const folders = found.filter(({ folder }) => folder);
  return found.filter(
    ({ path, owner }) => !folders.some((each) => each.owner === owner && path.startsWith(`${each.path}/`)),
  );
}
