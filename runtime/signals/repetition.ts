// How much of a text says again what it has said: a signal against degenerate, repetitive completions.
// Counts tokens or words; what they are is the caller's.

/**
 * Share of n-grams that occurred before, 1 − distinct / all (arXiv 2502.03373, appendix C.2); 0 for fewer than `n` items.
 */
export function repeatedShare(items: ArrayLike<number | string>, n: number): number {
  const all = items.length - n + 1
  if (all < 1) return 0
  const distinct = new Set(Array.from({ length: all }, (_, start) => Array.from({ length: n }, (_, k) => items[start + k]).join('\u0000')))
  return 1 - distinct.size / all
}
