// Chains of arithmetic modulo 10: a start digit, then operations with one digit each, worked from left to right.
// The problems and their arithmetic; the split is by a hash of the problem. What a teacher writes is in `chains-lessons.ts`.

import { failure } from '../codes.js'
import type { Dataset, Row } from '../data/dataset.js'
import { generated } from '../data/draws.js'
import { below, randomKey } from '../random.js'
import { splitOf, type Split } from './split.js'

export type Operation = '+' | '-' | '*' | '='

const APPLY: Readonly<Record<Operation, (value: number, operand: number) => number>> = {
  '+': (value, operand) => (value + operand) % 10,
  '-': (value, operand) => (value - operand + 10) % 10,
  '*': (value, operand) => (value * operand) % 10,
  '=': (_, operand) => operand,
}

export interface ChainOptions {
  readonly shortest: number
  readonly longest: number
  readonly operations: readonly Operation[]
  /** What the last operation is drawn from; empty: from `operations` as well. */
  readonly last?: readonly Operation[]
  /** The smallest and the largest operand. */
  readonly operands?: readonly [number, number]
  /** Name the steps: a letter before each operation, consecutive from a random one of a … j. */
  readonly lettered?: boolean
  /** Fill shorter problems with `_` up to so many operations. */
  readonly padded?: number
  readonly split: Split
}

/**
 * Rows `{ prompt: "<bos> 7 +3 -4 ?", answer: "6", operations: 2 }` without end. The number of operations is uniform in
 * shortest..longest, digits and operations are uniform; a problem of the other split is drawn again with the same length.
 */
export function chains({ shortest, longest, operations, last = [], operands: [low, high] = [0, 9], lettered = false, padded = 0, split }: ChainOptions): Dataset {
  if (longest < shortest) throw failure('RLP8105', `\`longest\` (${longest}) is below \`shortest\` (${shortest})`)
  if (operations.length === 0) throw failure('RLP8105', '`operations` is empty')
  if (!(0 <= low && low <= high && high <= 9)) throw failure('RLP8105', `\`operands\` are ${low}..${high}`, 'they are digits: give a range within `0..9`')
  return generated((seed) => {
    const key = randomKey(seed, 'chains')
    return (i) => {
      const count = shortest + below(key, longest - shortest + 1, i)
      // Draw number 0 is the length; each attempt uses the next 2 + 2·count numbers.
      for (let attempt = 0; attempt < 1000; attempt++) {
        let next = 1 + attempt * (2 + 2 * count)
        const draw = (n: number): number => below(key, n, i, next++)
        const start = draw(10)
        const steps = Array.from({ length: count }, (_, at) => {
          const among = at === count - 1 && last.length > 0 ? last : operations
          return `${among[draw(among.length)]}${low + draw(high - low + 1)}`
        })
        const problem = [start, ...steps].join(' ')
        if (splitOf(problem) !== split) continue
        const letter = draw(LETTERS.length)
        const shown = steps.map((step, at) => (lettered ? `${LETTERS[(letter + at) % LETTERS.length]} ${step}` : step))
        const filled = Array.from({ length: Math.max(0, padded - count) }, () => '_')
        return { prompt: ['<bos>', start, ...shown, ...filled, '?'].join(' '), answer: String(resultsOf(start, steps).at(-1)), operations: count }
      }
      throw failure('RLP8103', `no chain of ${count} operations (${operations.join(' ')}) is in the ${split} split`)
    }
  })
}

const LETTERS = [...'abcdefghij']

/** The value after one step, e.g. `apply(7, '+3')` = 0. */
export const apply = (value: number, step: string): number => APPLY[step[0] as Operation](value, Number(step[1]))

/** The value after each step. */
function resultsOf(start: number, steps: readonly string[]): number[] {
  const values: number[] = []
  for (const step of steps) values.push(apply(values.at(-1) ?? start, step))
  return values
}

export interface Problem {
  readonly start: number
  readonly steps: readonly { readonly operation: string; readonly letter: string }[]
}

/** The problem that a prompt states. Errors: RLP8009 when it states none. */
export function problemOf(prompt: unknown): Problem {
  const match = typeof prompt === 'string' ? /^\s*(?:<bos>\s+)?(\d)((?:\s+(?:[a-j]\s+)?[-+*=]\d)*)(?:\s+_)*\s+\?\s*$/.exec(prompt) : null
  if (!match) throw failure('RLP8009', `\`${String(prompt)}\` is not a chain of operations`, 'give it rows of `chains.chains`')
  const steps = [...(match[2] as string).matchAll(/(?:([a-j])\s+)?([-+*=]\d)/g)]
  return { start: Number(match[1]), steps: steps.map(([, letter = '', operation]) => ({ operation: operation as string, letter })) }
}

/** The answer to a problem. */
export const answerTo = ({ start, steps }: Problem): number => steps.reduce((value, { operation }) => apply(value, operation), start)

export const problemIn = (row: Row): Problem => problemOf(row['prompt'])
