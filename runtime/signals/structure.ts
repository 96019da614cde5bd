// Signals on structured parts of a completion: spans of time, records of named fields, bags of words.

/** Intersection over union of two spans; the ends of each in either order. Two equal points overlap wholly. */
function overlap([a, b]: readonly [number, number], [c, d]: readonly [number, number]): number {
  const [low, high, start, end] = [Math.min(a, b), Math.max(a, b), Math.min(c, d), Math.max(c, d)]
  const union = Math.max(high, end) - Math.min(low, start)
  const inside = Math.min(high, end) - Math.max(low, start)
  return union === 0 ? 1 : Math.max(0, inside) / union
}

/** How far the span that the text states (its first two numbers) is the span from `start` to `end`; 0 without two numbers. */
export function spanOverlap(text: string, start: number, end: number): number {
  const [first, second] = [...text.matchAll(/\d+(?:\.\d+)?/g)].map(([digits]) => Number(digits))
  return first === undefined || second === undefined ? 0 : overlap([first, second], [start, end])
}

/** Share of the lines that have exactly `fields`, in order: `name: value | name: value`. */
export function recordShare(text: string, fields: readonly string[]): number {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) return 0
  const right = lines.filter((line) => {
    const parts = line.split('|').map((part) => /^\s*([^:]+?)\s*:\s*\S/.exec(part)?.[1])
    return parts.length === fields.length && parts.every((name, i) => name === fields[i])
  })
  return right.length / lines.length
}

/** F1 of two bags of words. */
export function wordF1(text: string, reference: string): number {
  const [found, wanted] = [text, reference].map((each) => each.split(/\s+/).filter((word) => word !== '')) as [string[], string[]]
  const left = new Map<string, number>()
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1)
  const shared = found.filter((word) => {
    const count = left.get(word) ?? 0
    left.set(word, count - 1)
    return count > 0
  }).length
  return shared === 0 ? 0 : (2 * shared) / (found.length + wanted.length)
}
