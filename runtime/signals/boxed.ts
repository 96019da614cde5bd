// The answer that a solution puts into a box, as mathematicians mark it in TeX: `\boxed{…}`.

/** What the last `\boxed{…}` whose braces close holds, trimmed; `null` when there is none. `\{` and `\}` are no braces. */
export function boxed(text: string): string | null {
  const boxes = [...text.matchAll(/\\(?:boxed|fbox)\s*\{/g)]
  for (const box of boxes.toReversed()) {
    const start = box.index + box[0].length
    let depth = 1
    for (let at = start; at < text.length; at++) {
      if (text[at] === '\\') at++
      else if (text[at] === '{') depth++
      else if (text[at] === '}' && --depth === 0) return text.slice(start, at).trim()
    }
  }
  return null
}
