import type { SharedInfo } from '../../daemon/files-api.js';

export type Owner = SharedInfo['owner'];

/** A place in the tree: an owner, or something of theirs. The key names it in the maps below. */
export type Row =
  | { type: 'owner'; key: string; level: 1; owner: Owner; size: number; open: boolean }
  | { type: 'entry'; key: string; level: number; entry: SharedInfo; open: boolean }
  /** What is told in the place of what lies in an open folder: it is asked for, or there is nothing. */
  | { type: 'note'; key: string; level: number; text: string };

export interface Shared {
  /** What lies directly under a place, by its key; one that is not there was not answered yet. */
  answers: ReadonlyMap<string, readonly SharedInfo[]>;
  /** Who shares something, or was asked in vain. */
  owners: readonly Owner[];
  /** Keys of the places that are open. */
  open: ReadonlySet<string>;
}

export const placeKey = (owner: string, path: string): string => `${owner} ${path}`;

/** So many of one folder are drawn; a search finds the others. */
const SHOWN_OF_A_FOLDER = 500;

/** The tree as rows from top to bottom. Pure. */
export function rowsOf({ answers, owners, open }: Shared): Row[] {
  const rows: Row[] = [];
  const walk = (owner: string, path: string, level: number): void => {
    const key = placeKey(owner, path);
    const inside = answers.get(key);
    if (!inside) rows.push({ type: 'note', key: `${key} ?`, level, text: 'Asking…' });
    else if (inside.length === 0) rows.push({ type: 'note', key: `${key} ?`, level, text: 'Nothing in it' });
    else {
      for (const entry of inside.slice(0, SHOWN_OF_A_FOLDER)) {
        const at = placeKey(owner, entry.path);
        const isOpen = entry.folder && open.has(at);
        rows.push({ type: 'entry', key: at, level, entry, open: isOpen });
        if (isOpen) walk(owner, entry.path, level + 1);
      }
      const more = inside.length - SHOWN_OF_A_FOLDER;
      if (more > 0)
        rows.push({ type: 'note', key: `${key} ?`, level, text: `${more} more: search for a name` });
    }
  };
  for (const owner of owners) {
    const key = placeKey(owner.id, '');
    const size = (answers.get(key) ?? []).reduce((sum, each) => sum + each.size, 0);
    rows.push({ type: 'owner', key, level: 1, owner, size, open: open.has(key) });
    if (open.has(key)) walk(owner.id, '', 2);
  }
  return rows;
}

/** What a key does to the tree: another row to stand on, or a place to open or close. Null: the key is not the tree's. */
export type Step = { type: 'go'; key: string } | { type: 'open' | 'close'; key: string } | null;

/** The keys of a tree (WAI-ARIA Authoring Practices, "Tree View"). Pure. */
export function treeStep(rows: readonly Row[], at: string, pressed: string): Step {
  const stops = rows.filter(({ type }) => type !== 'note');
  const index = stops.findIndex(({ key }) => key === at);
  const row = stops[index];
  const go = (to: Row | undefined): Step => (to ? { type: 'go', key: to.key } : null);
  if (!row || row.type === 'note') return go(stops[0]);
  const opens = row.type === 'owner' || row.entry.folder;
  switch (pressed) {
    case 'ArrowDown':
      return go(stops[index + 1]);
    case 'ArrowUp':
      return go(stops[index - 1]);
    case 'Home':
      return go(stops[0]);
    case 'End':
      return go(stops.at(-1));
    case 'ArrowRight':
      if (!opens) return null;
      if (!row.open) return { type: 'open', key: at };
      return go(stops[index + 1]?.level === row.level + 1 ? stops[index + 1] : undefined);
    case 'ArrowLeft':
      if (opens && row.open) return { type: 'close', key: at };
      return go(stops.slice(0, index).findLast(({ level }) => level < row.level));
    default:
      return null;
  }
}
