interface Piece {
  readonly text: string;
  readonly isMarked: boolean;
  /** Where it begins. */
  readonly at: number;
}

/** Cuts a text where marks begin and end. Marks are in order and do not overlap; what does not fit is left out. */
export function markedPieces({
  text,
  marks,
}: {
  text: string;
  marks: readonly (readonly [number, number])[];
}): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const add = (end: number, isMarked: boolean) => {
    if (end > at) pieces.push({ text: text.slice(at, end), isMarked, at });
    at = Math.max(at, end);
  };
  for (const [start, end] of marks) {
    if (start < at || end > text.length || end <= start) continue;
    add(start, false);
    add(end, true);
  }
  add(text.length, false);
  return pieces;
}
