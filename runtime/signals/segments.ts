// Signals on completions that change between hidden and visible parts, `<think> … </think> <plan> … </plan> <think> … </think> <answer> … </answer>`.

/**
 * Whether the text is: a hidden part, the first visible part, a hidden part, the second visible part, …, with nothing but white space between them and every
 * visible part in the order of `visible`. Hidden and visible parts hold no tags of these names.
 */
export function interleaved(text: string, visible: readonly string[], hidden: string): boolean {
  let rest = text.trim()
  for (const tag of visible.flatMap((each) => [hidden, each])) {
    const [open, close] = [`<${tag}>`, `</${tag}>`]
    const end = rest.indexOf(close)
    if (!rest.startsWith(open) || end < 0) return false
    const body = rest.slice(open.length, end)
    if ([hidden, ...visible].some((each) => body.includes(`<${each}>`) || body.includes(`</${each}>`))) return false
    rest = rest.slice(end + close.length).trimStart()
  }
  return rest === ''
}

/**
 * Tokens before the first of the tags opens; all of them when none does. Counted in words and scaled to tokens: exact where a word is a token.
 */
export function tokensBefore(text: string, tags: readonly string[], tokens: number): number {
  const starts = tags.map((tag) => text.indexOf(`<${tag}>`)).filter((at) => at >= 0)
  const all = words(text)
  if (starts.length === 0 || all === 0) return tokens
  return Math.round((tokens * words(text.slice(0, Math.min(...starts)))) / all)
}

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length
