// Breaks long lines of Python the way black does: at the last bracket, then one element a line with a trailing comma.
// Does not break operators: long expressions were given names before they come here.

const WIDTH = 100
const STEP = 4

/** One statement as lines of at most 100 columns, where brackets allow. */
export function layout(statement: string, indent: number): string[] {
  const margin = ' '.repeat(indent)
  if (indent + statement.length <= WIDTH) return [margin + statement]
  const open = lastBracket(statement)
  if (open === undefined) return [margin + statement]
  const close = matching(statement, open)
  const [head, body, tail] = [statement.slice(0, open + 1), statement.slice(open + 1, close), statement.slice(close)]
  if (body.trim() === '') return [margin + statement]
  const elements = split(body)
  const unbroken = indent + STEP + body.length <= WIDTH
  const inner = unbroken ? [' '.repeat(indent + STEP) + body] : elements.flatMap((element) => layout(`${element},`, indent + STEP))
  return [margin + head, ...inner, margin + tail]
}

/** Where the bracket opens that closes last, with nothing but punctuation behind it. */
function lastBracket(text: string): number | undefined {
  const close = /[)\]][:,]?$/.exec(text)?.index
  if (close === undefined) return undefined
  for (let at = close, depth = 0; at >= 0; at--) {
    if (')]'.includes(text[at] as string)) depth++
    else if ('(['.includes(text[at] as string) && --depth === 0) return at
  }
  return undefined
}

function matching(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if ('(['.includes(text[at] as string)) depth++
    else if (')]'.includes(text[at] as string) && --depth === 0) return at
  }
  return text.length - 1
}

/** At commas outside brackets. */
export function split(text: string): string[] {
  const parts: string[] = []
  let [depth, start] = [0, 0]
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char !== undefined && '(['.includes(char)) depth++
    else if (char !== undefined && ')]'.includes(char)) depth--
    else if (char === undefined || (char === ',' && depth === 0)) {
      parts.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  return parts.filter((part) => part !== '')
}
