// "Did you mean": the candidate that a misspelt or foreign name most likely stands for.
// The caller passes only what is legal in that place, and the aliases that people bring from other tools.

/**
 * First match of: equality without case; alias; Damerau-Levenshtein distance of at most max(1, length / 3);
 * prefix; misspelt alias. `aliases` maps foreign names to legal ones.
 */
export function suggest(name: string, candidates: Iterable<string>, aliases: ReadonlyMap<string, string> = new Map()): string | undefined {
  const legal = [...candidates]
  const wanted = name.toLowerCase()
  return (
    legal.find((each) => each.toLowerCase() === wanted) ??
    aliases.get(name) ??
    aliases.get(wanted) ??
    nearest(name, legal) ??
    completion(wanted, legal) ??
    aliases.get(nearest(name, [...aliases.keys()]) ?? '')
  )
}

/** Case counts only between candidates that are equally near without it. */
function nearest(written: string, candidates: readonly string[]): string | undefined {
  const name = written.toLowerCase()
  const threshold = Math.max(1, Math.floor(name.length / 3))
  let best: string | undefined
  let least = Math.min(threshold, name.length - 1) // a name without a letter in common is no misspelling
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > least) continue
    const distance = editDistance(name, candidate.toLowerCase())
    if (distance < least || (distance === least && (best === undefined || editDistance(written, candidate) < editDistance(written, best)))) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** The shortest candidate that begins with the name: `temp` → `temperature`. */
function completion(name: string, candidates: readonly string[]): string | undefined {
  if (name.length < 2) return undefined
  const longer = candidates.filter((each) => each.toLowerCase().startsWith(name))
  return longer.toSorted((a, b) => a.length - b.length)[0]
}

/** Fewest insertions, deletions, substitutions and swaps of neighbours (restricted Damerau-Levenshtein). */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let least = Math.min((previous[j] as number) + 1, (row[j - 1] as number) + 1, (previous[j - 1] as number) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] as number) + 1)
      row.push(least)
    }
    before = previous
    previous = row
  }
  return previous[b.length] as number
}
