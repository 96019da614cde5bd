// The verifier of Knights and Knaves: does a text name the same knights and knaves as the answer?
// Strict on purpose: any other word makes it wrong, so that a policy cannot hedge.

/** `A1`, `A0`, `A knight`, `A: knave`, `A is a knave`. */
const CLAIM = /^([A-Z])(?:([01])| ?(?::|=|\bis\b)? ?(?:\ban?\b)? ?\b(knight|knave)\b)/i
const SEPARATOR = /^(?:[\s,;.]|and\b)+/i

/** Person → knight, or `null` when the text holds anything else, or names somebody twice. */
function namesIn(text: string): Map<string, boolean> | null {
  const found = new Map<string, boolean>()
  // Runs of white space are joined first: on thousands of them the expressions would backtrack.
  for (let rest = text.trim().replace(/\s+/g, ' '); rest !== ''; ) {
    const claim = CLAIM.exec(rest)
    if (!claim) return null
    const [all, name = '', digit, word] = claim
    if (found.has(name.toUpperCase())) return null
    found.set(name.toUpperCase(), digit === undefined ? word?.toLowerCase() === 'knight' : digit === '1')
    rest = rest.slice(all.length)
    const separator = SEPARATOR.exec(rest)
    if (rest !== '' && !separator) return null
    rest = rest.slice(separator?.[0].length ?? 0)
  }
  return found
}

/** The same people as knights and as knaves, in any order, nobody missing, nobody twice, and no other words. */
export function sameNames(text: string, answer: string): boolean {
  const given = namesIn(text)
  const wanted = namesIn(answer)
  return given !== null && wanted !== null && wanted.size > 0 && given.size === wanted.size && [...wanted].every(([name, knight]) => given.get(name) === knight)
}
