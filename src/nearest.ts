/** The word most like `word` among `words`, if a slip of the fingers could have made it of that one; null otherwise. */
export function nearest(word: string, words: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.min(3, Math.floor(word.length / 2) + 1);
  for (const other of words) {
    const distance = slips(word.toLowerCase(), other.toLowerCase());
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

/** Letters to add, drop, change or swap with their neighbour (Damerau-Levenshtein, optimal string alignment). */
function slips(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1] as number[];
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, at(rows[i - 2] as number[], j - 2) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return at(rows[a.length] as number[], b.length);
}

const at = (row: readonly number[], i: number) => row[i] as number;
