/** The word that somebody most likely meant. */

/** Of the words that differ by few letters the one that differs by the fewest; undefined where none is near, and for what is no word. */
export function nearest(word: unknown, words: readonly string[]): string | undefined {
  if (typeof word !== 'string') return undefined;
  const most = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let least = most + 1;
  for (const other of words) {
    const distance = lettersApart(word.toLowerCase(), other.toLowerCase(), least);
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

/** `did you mean X?`, or all that there are. */
export function didYouMean(word: unknown, words: readonly string[], none = 'there are none'): string {
  const near = nearest(word, words);
  if (near !== undefined) return `did you mean ${near}?`;
  return words.length === 0 ? none : `there are ${words.join(', ')}`;
}

/** Letters to add, leave out, change, or swap with the next; `least` where they are that many or more. */
function lettersApart(a: string, b: string, least: number): number {
  if (Math.abs(a.length - b.length) >= least) return least;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
    }
    [before, row] = [row, next];
  }
  return Math.min(at(row, b.length), least);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
