// Algebra of sizes: integer polynomials over symbols in one canonical spelling, so that equal sizes are equal strings.
// Does not know what a symbol means; `bind.ts` gives it a number.

import type { Dim, Shape, TensorType } from './graph.js'

/** Monomial (`"B*T"`, sorted; `""` is the constant) → coefficient, never 0. */
type Polynomial = ReadonlyMap<string, number>

const SYMBOL = /^[A-Za-z_][A-Za-z0-9_]*$/
const parsed = new Map<string, Polynomial>()

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return constant(dim)
  const known = parsed.get(dim)
  if (known) return known
  const terms = new Map<string, number>()
  for (const term of dim.replace(/-/g, '+-').split('+')) {
    if (term === '' && dim.startsWith('-')) continue
    let coefficient = 1
    const symbols: string[] = []
    for (const factor of term.replace(/^-/, () => ((coefficient = -1), '')).split('*')) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor)
      else if (SYMBOL.test(factor)) symbols.push(factor)
      else throw new RangeError(`not a size: "${dim}"`)
    }
    accumulate(terms, symbols.sort().join('*'), coefficient)
  }
  parsed.set(dim, terms)
  return terms
}

function constant(value: number): Polynomial {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a size: ${value}`)
  return new Map(value === 0 ? [] : [['', value]])
}

function accumulate(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient
  if (sum === 0) terms.delete(monomial)
  else terms.set(monomial, sum)
}

const factors = (monomial: string): string[] => (monomial === '' ? [] : monomial.split('*'))

/** Higher degree first, then alphabetical; the constant comes last. */
const byDegree = (a: string, b: string): number => factors(b).length - factors(a).length || (a < b ? -1 : a > b ? 1 : 0)

function format(terms: Polynomial): Dim {
  const monomials = [...terms.keys()].sort(byDegree)
  if (monomials.every((monomial) => monomial === '')) return terms.get('') ?? 0
  return monomials
    .map((monomial, position) => {
      const coefficient = terms.get(monomial) as number
      const size = Math.abs(coefficient)
      const body = monomial === '' ? `${size}` : size === 1 ? monomial : `${size}*${monomial}`
      return `${coefficient < 0 ? '-' : position === 0 ? '' : '+'}${body}`
    })
    .join('')
}

/** The one spelling of a size: `"T*B*2"` → `"2*B*T"`, `"T-T+3"` → `3`. Throws RangeError on anything that is not a size. */
export const canonicalDim = (dim: Dim): Dim => format(parse(dim))

export function isCanonicalDim(dim: unknown): dim is Dim {
  if (typeof dim === 'number') return Number.isSafeInteger(dim) && dim >= 0
  if (typeof dim !== 'string') return false
  try {
    return canonicalDim(dim) === dim
  } catch {
    return false
  }
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  const terms = new Map(parse(a))
  for (const [monomial, coefficient] of parse(b)) accumulate(terms, monomial, coefficient)
  return format(terms)
}

export const subtractDims = (a: Dim, b: Dim): Dim => addDims(a, multiplyDims(-1, b))

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const terms = new Map<string, number>()
  for (const [left, x] of parse(a)) {
    for (const [right, y] of parse(b)) accumulate(terms, [...factors(left), ...factors(right)].sort().join('*'), x * y)
  }
  return format(terms)
}

/** The exact quotient, or undefined where `b` does not divide `a` for every value of the symbols. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const divisor = parse(b)
  const lead = [...divisor.keys()].sort(byDegree)[0]
  if (lead === undefined) return undefined
  let quotient: Dim = 0
  let rest = canonicalDim(a)
  while (rest !== 0) {
    const terms = parse(rest)
    const top = [...terms.keys()].sort(byDegree)[0] as string
    const symbols = without(factors(top), factors(lead))
    const coefficient = (terms.get(top) as number) / (divisor.get(lead) as number)
    if (symbols === undefined || !Number.isInteger(coefficient)) return undefined
    const term = multiplyDims(coefficient, format(new Map([[symbols.join('*'), 1]])))
    quotient = addDims(quotient, term)
    rest = subtractDims(rest, multiplyDims(term, b))
  }
  return quotient
}

function without(symbols: string[], removed: string[]): string[] | undefined {
  const rest = [...symbols]
  for (const symbol of removed) {
    const position = rest.indexOf(symbol)
    if (position < 0) return undefined
    rest.splice(position, 1)
  }
  return rest
}

/** The number a size stands for. Throws RangeError where a symbol has no binding or the result is negative. */
export function evaluateDim(dim: Dim, bindings: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim
  let sum = 0
  for (const [monomial, coefficient] of parse(dim)) {
    let product = coefficient
    for (const symbol of factors(monomial)) {
      const value = bindings[symbol]
      if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw new RangeError(`size "${dim}": no value for "${symbol}"`)
      product *= value
    }
    sum += product
  }
  if (sum < 0) throw new RangeError(`size "${dim}" is ${sum} with ${JSON.stringify(bindings)}`)
  return sum
}

/** The symbols of a size, sorted. */
export const symbolsOf = (dim: Dim): string[] => [...new Set([...parse(dim).keys()].flatMap(factors))].sort()

/** Number of elements. */
export const sizeOf = (shape: Shape): Dim => shape.reduce(multiplyDims, 1)

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, axis) => dim === b[axis])

export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape)

/** `f32[G, N]`; a scalar is `f32[]`. */
export const typeText = (type: TensorType): string => `${type.dtype}[${type.shape.join(', ')}]`
