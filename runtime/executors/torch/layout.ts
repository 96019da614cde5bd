// Breaks long lines of Python the way black does: at the last bracket, then one element a line with a trailing comma.
// Breaks operators only at sums: long expressions were given names before they come here.

const WIDTH = 100
const STEP = 4

/** One statement as lines of at most 100 columns, where brackets allow. */
export function layout(statement: string, indent: number): string[] {
  const margin = ' '.repeat(indent)
  if (indent + statement.length <= WIDTH) return [margin + statement]
  const [open, close] = lastBracket(statement) ?? []
  const [, target, value] = /^(\w+ = |return )(.*)$/.exec(statement) ?? []
  // An operator outside brackets: the whole value stands in parentheses.
  if (target !== undefined && value !== undefined && (open === undefined || !/^[\w.]*$/.test(statement.slice(target.length, open)))) {
    const terms = indent + STEP + value.length <= WIDTH ? [value] : splitAt(value, (at) => / [-+] $/.test(value.slice(at - 1, at + 2)))
    return [`${margin}${target}(`, ...terms.flatMap((term) => layout(term, indent + STEP)), `${margin})`]
  }
  if (open === undefined) return [margin + statement]
  const [head, body, tail] = [statement.slice(0, open + 1), statement.slice(open + 1, close), statement.slice(close)]
  // Black keeps arguments on one line where they fit, but never the elements of a tuple or list.
  const unbroken = indent + STEP + body.length <= WIDTH && /\w[([]$/.test(head)
  const elements = splitAt(body, (at) => body[at] === ',')
  const inner = unbroken || elements.length === 1 ? layout(body, indent + STEP) : elements.flatMap((element) => layout(`${element.replace(/^, /, '')},`, indent + STEP))
  return [margin + head, ...inner, margin + tail]
}

/** Where the last bracket opens and closes, with nothing but punctuation behind it. */
function lastBracket(text: string): [open: number, close: number] | undefined {
  const close = /[)\]][:,]?$/.exec(text)?.index
  if (close === undefined) return undefined
  for (let at = close, depth = 0; at >= 0; at--) {
    if (')]'.includes(text[at] as string)) depth++
    else if ('(['.includes(text[at] as string) && --depth === 0) return [at, close]
  }
  return undefined
}

/** Before the places outside brackets where `isSeparator` holds; the separator begins the part behind it. */
function splitAt(text: string, isSeparator: (at: number) => boolean): string[] {
  const parts: string[] = []
  let [depth, start] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    if ('(['.includes(text[at] as string)) depth++
    else if (')]'.includes(text[at] as string)) depth--
    else if (depth === 0 && isSeparator(at)) {
      parts.push(text.slice(start, at).trimEnd())
      start = at
    }
  }
  return [...parts, text.slice(start)].filter((part) => part !== '' && part !== ',')
}
