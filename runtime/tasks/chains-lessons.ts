// What a teacher of chains writes: every step in a wording of the caller's, or the answer alone; on purpose with mistakes,
// or with facts left out. A trace is a text with places to fill in, so that no layout of a paper is built in.

import { failure } from '../codes.js'
import type { Dataset, Segment } from '../data/dataset.js'
import { mapped, redrawn, type Draws } from '../data/draws.js'
import { answerTo, apply, problemIn, type Problem } from './chains.js'
import { hashOf } from './split.js'

/** One way to word a step, and how often it is taken. */
export interface Way {
  readonly share: number
  readonly text: string
}

/** How a thought is worded: `start` once, then one of `steps` for each operation. */
export interface Wording {
  readonly start: string
  readonly steps: readonly Way[]
}

/** What may stand in a wording: `{number}` counts steps from 1, `{value}` is before and `{result}` after the operation. */
export interface Filling {
  readonly start: number | string
  readonly number?: number
  readonly letter?: string
  readonly operation?: string
  readonly value?: number | string
  readonly result?: number | string
}

/** A wording with its places filled in. Errors: RLP8105 for a place that there is not. */
export function fill(wording: string, filling: Filling): string {
  return wording.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(filling, name) ? filling[name as keyof Filling] : undefined
    if (value === undefined) throw failure('RLP8105', `a wording has the place \`${place}\`, which is not filled`, 'places are `{start}`, and in steps `{number}`, `{letter}`, `{operation}`, `{value}`, `{result}`')
    return String(value)
  })
}

/** `<think> 7 +3 0 -4 6 </think> <answer> 6 </answer> <eos>`; each result is wrong with probability `wrong`, and the chain goes on from it. */
export const worked = (of: Dataset, wording: Wording, wrong: number): Dataset =>
  redrawn(of, 'worked', (row, draws) => {
    const problem = problemIn(row)
    const { thought, last } = think(problem, wording, draws, (right, at) => ({ result: draws.uniform(4 * at) < wrong ? (right + 1 + draws.below(9, 4 * at + 1)) % 10 : right }))
    return { ...row, completion: `<think> ${thought.map(({ text }) => text).join('')}</think> <answer> ${last} </answer> <eos>` }
  })

/**
 * Thoughts without an ending, as notes to learn the arithmetic from: `<think> 7 +3 0 -4 6`. Of the facts (value and operation) a share of
 * `known` is known; of the others the result is a random digit that is not learned, from which the chain goes on.
 */
export const drafts = (of: Dataset, wording: Wording, known: number): Dataset =>
  redrawn(of, 'drafts', (row, draws) => {
    const { thought } = think(problemIn(row), wording, draws, (right, at, fact) => (hashOf(fact) / 2 ** 32 < known ? { result: right } : { result: draws.below(10, 4 * at + 1), untaught: true }))
    // The empty end says that <eos> is not learned: a draft does not know where a thought ends.
    return { ...row, completion: [{ text: '<think> ', train: true }, ...thought, { text: '', train: false }] }
  })

/** `<answer> 6 </answer> <eos>` */
export const answered = (of: Dataset): Dataset => mapped(of, (row) => ({ ...row, completion: `<answer> ${answerTo(problemIn(row))} </answer> <eos>` }))

type Result = { readonly result: number; readonly untaught?: boolean }

/** Works a problem step by step; `resultOf` says what the teacher writes where `right` would be. Segments end with a space. */
function think({ start, steps }: Problem, wording: Wording, draws: Draws, resultOf: (right: number, at: number, fact: string) => Result): { thought: Segment[]; last: number } {
  const opening = fill(wording.start, { start })
  const thought: Segment[] = opening === '' ? [] : [{ text: `${opening} `, train: true }]
  let value = start
  steps.forEach(({ operation, letter }, at) => {
    const { result, untaught } = resultOf(apply(value, operation), at, `${value} ${operation}`)
    const text = wayOf(wording.steps, draws.uniform(4 * at + 2))
    const filling = { start, number: at + 1, letter, operation, value }
    if (!untaught) thought.push({ text: `${fill(text, { ...filling, result })} `, train: true })
    else {
      const parts = text.split('{result}').map((part) => fill(part, filling))
      parts.forEach((part, i) => {
        if (part.trim() !== '') thought.push({ text: `${part.trim()} `, train: true })
        if (i < parts.length - 1) thought.push({ text: `${result} `, train: false })
      })
    }
    value = result
  })
  return { thought, last: value }
}

function wayOf(steps: readonly Way[], u: number): string {
  let bound = 0
  for (const { share, text } of steps) if (u < (bound += share)) return text
  return steps.at(-1)?.text ?? ''
}
