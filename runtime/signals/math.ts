// Whether two answers written in LaTeX are the same after the normalisation of the MATH benchmark (arXiv 2103.03874): `is_equiv` of its authors,
// which the lm-evaluation-harness and verl 0.9.1 (`math_reward`) use too. Texts are rewritten, nothing is computed: `0.25` is not `\frac{1}{4}`.

/** As `is_equiv`: equal after normalisation; where a text cannot be normalised, equal as written. */
export function sameMath(a: string, b: string): boolean {
  const [left, right] = [normalised(a), normalised(b)]
  return left === undefined || right === undefined ? a === b : left === right
}

/** What is replaced by what, in this order, before anything else is looked at. */
const PLAIN: readonly (readonly [string, string])[] = [
  ['\n', ''],
  ['\\!', ''],
  ['\\\\', '\\'],
  ['tfrac', 'frac'],
  ['dfrac', 'frac'],
  ['\\left', ''],
  ['\\right', ''],
  ['^{\\circ}', ''],
  ['^\\circ', ''],
  ['\\$', ''],
]

/** Undefined for a text in which a command lacks its argument, or with two units. */
function normalised(text: string): string | undefined {
  let s = PLAIN.reduce((all, [from, to]) => all.replaceAll(from, to), text)
  // `\text{ ` begins a unit, at the right end.
  const [value, unit, ...more] = s.split('\\text{ ') as [string, ...string[]]
  if (more.length > 0) return undefined
  if (unit !== undefined) s = value
  s = s.replaceAll('\\\\%', '').replaceAll('\\%', '').replaceAll(' .', ' 0.').replaceAll('{.', '{0.')
  if (s === '') return s
  if (s.startsWith('.')) s = `0${s}`
  const sides = s.split('=')
  if (sides.length === 2 && [...(sides[0] as string)].length <= 2) s = sides[1] as string
  const rooted = withBracedRoots(s)
  const braced = rooted === undefined ? undefined : withBracedFractions(rooted.replaceAll(' ', ''))
  if (braced === undefined) return undefined
  const halved = braced === '0.5' ? '\\frac{1}{2}' : braced
  return halved.replace(/^(0|-?[1-9]\d*)\/(0|-?[1-9]\d*)$/, '\\frac{$1}{$2}')
}

/** `\sqrt3` as `\sqrt{3}`; undefined for a root of nothing. */
function withBracedRoots(text: string): string | undefined {
  const [first, ...others] = text.split('\\sqrt') as [string, ...string[]]
  if (others.includes('')) return undefined
  return first + others.map((other) => (other.startsWith('{') ? `\\sqrt${other}` : `\\sqrt{${headOf(other)}}${other.slice(headOf(other).length)}`)).join('')
}

/** `\frac12` as `\frac{1}{2}`, `\frac1{72}` as `\frac{1}{72}`; the text as it is when one ends too early, undefined for a fraction of nothing. */
function withBracedFractions(text: string): string | undefined {
  const [first, ...others] = text.split('\\frac') as [string, ...string[]]
  let all = first
  for (const other of others) {
    if (other === '') return undefined
    if (other.startsWith('{')) {
      all += `\\frac${other}`
      continue
    }
    const a = headOf(other)
    const b = headOf(other.slice(a.length))
    if (b === '') return text
    const rest = other.slice(a.length + b.length)
    all += b === '{' ? `\\frac{${a}}{${rest}` : `\\frac{${a}}{${b}}${rest}`
  }
  return all
}

/** The first character, of one or two units of UTF-16. */
const headOf = (text: string): string => [...text.slice(0, 2)][0] ?? ''
