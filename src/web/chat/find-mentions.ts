/** Who can be mentioned in a room, by what is written after the `@`. */
export interface Mentionable {
  /** Names and `#tag`s of others, lower case. */
  readonly others: readonly string[];
  /** Those of oneself, lower case. */
  readonly self: readonly string[];
}

export interface Piece {
  readonly text: string;
  readonly mentions: 'nobody' | 'somebody' | 'me';
}

/** Cuts text where people are mentioned: by whole names, the longest that fits, as the node counts it. */
export function findMentions(text: string, { others, self }: Mentionable): Piece[] {
  const pieces: Piece[] = [];
  const lower = text.toLowerCase();
  // Some letters have another length in lower case: then places in one are not places in the other.
  if (lower.length !== text.length) return [{ text, mentions: 'nobody' }];
  let from = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const named = (names: readonly string[]) => longest(lower, at + 1, names);
    const [me, somebody] = [named(self), named(others)];
    const end = Math.max(me, somebody);
    if (end === 0) continue;
    if (at > from) pieces.push({ text: text.slice(from, at), mentions: 'nobody' });
    pieces.push({ text: text.slice(at, end), mentions: me >= somebody ? 'me' : 'somebody' });
    from = end;
    at = end - 1;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), mentions: 'nobody' });
  return pieces;
}

/** Where the longest of the names that stand at `at` ends; 0 if none does. */
function longest(lower: string, at: number, names: readonly string[]): number {
  let end = 0;
  for (const name of names) {
    if (!lower.startsWith(name, at) || at + name.length <= end) continue;
    if (!/^[\p{L}\p{N}_]/u.test(lower.slice(at + name.length, at + name.length + 2))) end = at + name.length;
  }
  return end;
}
