// Signals on the layout of a completion: tags around its parts. Tags are plain text, not XML: no attributes,
// no entities, and a tag that is not asked for is text like any other.

/**
 * Whether the tags appear in the given order, each opened and closed exactly once and not inside each other,
 * with nothing but white space outside them.
 */
export function wellFormed(text: string, tags: readonly string[]): boolean {
  let at = 0
  // As every tag appears once, none of them can also stand inside another part.
  for (const tag of tags) {
    const [open, close] = [`<${tag}>`, `</${tag}>`]
    if (count(text, open) !== 1 || count(text, close) !== 1) return false
    at = skipSpace(text, at)
    if (!text.startsWith(open, at)) return false
    const end = text.indexOf(close, at)
    if (end < 0) return false
    at = end + close.length
  }
  return skipSpace(text, at) === text.length
}

/** The text between `<tag>` and `</tag>`, trimmed; `null` unless both appear exactly once, in this order. */
export function tagged(text: string, tag: string): string | null {
  const [open, close] = [`<${tag}>`, `</${tag}>`]
  if (count(text, open) !== 1 || count(text, close) !== 1) return null
  const start = text.indexOf(open) + open.length
  const end = text.indexOf(close)
  return end < start ? null : text.slice(start, end).trim()
}

const count = (text: string, part: string): number => text.split(part).length - 1

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at] as string)) at++
  return at
}
