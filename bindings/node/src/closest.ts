/** "Did you mean": the same answers as Python's difflib gives, so that one mistake has one message. */

const CUTOFF = 0.6;

/** The candidate most like a word, undefined where none is like it. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = Array.from(word);
  let [best, bestScore]: [string | undefined, number] = [undefined, 0];
  for (const candidate of candidates) {
    const letters = Array.from(candidate);
    const length = letters.length + wanted.length;
    if ((2 * Math.min(letters.length, wanted.length)) / length < CUTOFF) continue;
    const score = (2 * matches(letters, wanted)) / length;
    const better = score > bestScore || (score === bestScore && best !== undefined && candidate > best);
    if (score >= CUTOFF && better) [best, bestScore] = [candidate, score];
  }
  return best;
}

/** Letters in the longest common run, and in those to its left and right. */
function matches(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return 0;
  let [start, otherStart, size] = [0, 0, 0];
  let ending: readonly number[] = []; // of runs that end at each place of `other`, and at the place of `one` before
  for (let i = 0; i < one.length; i++) {
    const next: number[] = other.map(() => 0);
    for (let j = 0; j < other.length; j++) {
      if (one[i] !== other[j]) continue;
      const run = (ending[j - 1] ?? 0) + 1;
      next[j] = run;
      if (run > size) [start, otherStart, size] = [i - run + 1, j - run + 1, run];
    }
    ending = next;
  }
  if (size === 0) return 0;
  const before = matches(one.slice(0, start), other.slice(0, otherStart));
  return size + before + matches(one.slice(start + size), other.slice(otherStart + size));
}
