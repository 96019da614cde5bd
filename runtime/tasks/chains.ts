// Chains of arithmetic modulo 10: a start digit, then operations with one digit each, worked from left to right.
// The split is by a hash of the problem; lessons show every partial result, or the answer alone.

import { failure } from '../codes.js'
import type { Dataset, Row } from '../data/dataset.js'
import { generated, mapped } from '../data/draws.js'
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
  readonly split: Split
}

/**
 * Rows `{ prompt: "<bos> 7 +3 -4 ?", answer: "6", operations: 2 }` without end. The number of operations is uniform in
 * shortest..longest, digits and operations are uniform; a problem of the other split is drawn again with the same length.
 */
export function chains({ shortest, longest, operations, split }: ChainOptions): Dataset {
  if (longest < shortest) throw failure('RLP8105', `\`longest\` (${longest}) is below \`shortest\` (${shortest})`)
  if (operations.length === 0) throw failure('RLP8105', '`operations` is empty')
  return generated((seed) => {
    const key = randomKey(seed, 'chains')
    return (i) => {
      const count = shortest + below(key, longest - shortest + 1, i)
      // Draw number 0 is the length; each attempt uses the next 1 + 2·count numbers.
      for (let attempt = 0; attempt < 1000; attempt++) {
        let next = 1 + attempt * (1 + 2 * count)
        const start = below(key, 10, i, next++)
        const steps = Array.from({ length: count }, () => `${operations[below(key, operations.length, i, next++)]}${below(key, 10, i, next++)}`)
        const problem = [start, ...steps].join(' ')
        if (splitOf(problem) === split) return { prompt: `<bos> ${problem} ?`, answer: String(work(problem.split(' ')).at(-1)), operations: count }
      }
      throw failure('RLP8103', `no chain of ${count} operations (${operations.join(' ')}) is in the ${split} split`)
    }
  })
}

/** `<think> 7 +3 0 -4 6 </think> <answer> 6 </answer> <eos>` */
export const worked = (of: Dataset): Dataset =>
  mapped(of, (row) => {
    const problem = problemIn(row)
    const results = work(problem)
    const thought = [problem[0], ...problem.slice(1).flatMap((step, i) => [step, String(results[i + 1])])].join(' ')
    return { ...row, completion: `<think> ${thought} </think> <answer> ${results.at(-1)} </answer> <eos>` }
  })

/** `<answer> 6 </answer> <eos>` */
export const answered = (of: Dataset): Dataset => mapped(of, (row) => ({ ...row, completion: `<answer> ${work(problemIn(row)).at(-1)} </answer> <eos>` }))

/** The start digit and the value after each step. */
function work([start, ...steps]: readonly string[]): number[] {
  const values = [Number(start)]
  for (const step of steps) values.push(APPLY[step[0] as Operation](values.at(-1) as number, Number(step[1])))
  return values
}

function problemIn(row: Row): string[] {
  const match = typeof row['prompt'] === 'string' ? /^\s*(?:<bos>\s+)?(\d(?:\s+[-+*=]\d)*)\s+\?\s*$/.exec(row['prompt']) : null
  if (!match) throw failure('RLP8009', `\`${String(row['prompt'])}\` is not a chain of operations`, 'give it rows of `chains.chains`')
  return (match[1] as string).split(/\s+/)
}
