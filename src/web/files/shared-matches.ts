import type { SharedInfo } from '../../daemon/files-api.js';

/** One content that was found under a name, and all who have it. */
export interface Match {
  /** The first of them; it stands for the others. */
  entry: SharedInfo;
  owners: SharedInfo['owner'][];
  /** Another content of the same name was found too: its size and owners tell them apart. */
  differs: boolean;
}

/**
 * What was found, one row a content: entries are of one content if their hashes say so, and one that is not hashed yet
 * is only like itself. Contents that bear one name stand together. Pure.
 */
export function matchesOf(entries: readonly SharedInfo[]): Match[] {
  const contents = new Map<string, SharedInfo[]>();
  for (const entry of entries) {
    const kind = entry.folder ? 'folder' : 'file';
    const key = entry.hash
      ? `${kind} ${entry.name} ${entry.hash} ${entry.size}`
      : `${kind} ${entry.owner.id} ${entry.path}`;
    contents.set(key, [...(contents.get(key) ?? []), entry]);
  }
  const names = new Map<string, number>();
  for (const [first] of contents.values()) if (first) names.set(first.name, (names.get(first.name) ?? 0) + 1);
  return [...contents.values()]
    .flatMap((same): Match[] => {
      const [entry] = same;
      if (!entry) return [];
      const owners = new Map(same.map(({ owner }) => [owner.id, owner]));
      return [{ entry, owners: [...owners.values()], differs: (names.get(entry.name) ?? 0) > 1 }];
    })
    .sort((a, b) => a.entry.name.localeCompare(b.entry.name) || b.owners.length - a.owners.length);
}

/** What somebody typed as a pattern: plain words may stand anywhere in a name. */
export const patternOf = (typed: string): string => {
  const text = typed.trim().replace(/^\/+|\/+$/g, '');
  return /[*?/]/.test(text) ? text : `*${text}*`;
};
