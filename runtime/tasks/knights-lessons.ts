// What a teacher of Knights and Knaves writes: whole traces, bare answers, pieces of truth tables, single checks.
// Rows are `{ prompt, completion }`; parts of a completion that are not learned are segments with `train: false`.

import { failure } from '../codes.js'
import type { Dataset, Row, Segment } from '../data/dataset.js'
import { draws, generated, mapped } from '../data/draws.js'
import { below, randomKey } from '../random.js'
import { answerOf, check, claimsOf, readPrompt, solve, worlds, type Claims, type Operator, type World } from './knights.js'

/** The train of thought: assignments from all knights down, each statement checked until one fails, and the answer. */
export const traces = (of: Dataset): Dataset =>
  mapped(of, (row) => {
    const claims = puzzleIn(row)
    const solution = solutionOf(row, claims)
    const tried = worlds(claims.length)
    const last = tried.findIndex((world) => answerOf(world) === answerOf(solution))
    const thought = tried.slice(0, last + 1).flatMap((world) => tableRow(claims, world).map((segment) => segment.text)).join('')
    return { ...row, completion: `<think>${thought} </think> <answer> ${answerOf(solution)} </answer> <eos>` }
  })

/** The answer without a thought. */
export const answers = (of: Dataset): Dataset => mapped(of, (row) => ({ ...row, completion: `<answer> ${answerOf(solutionOf(row, puzzleIn(row)))} </answer> <eos>` }))

/**
 * At most `rows` consecutive rows of a puzzle's truth table from a random start; the prompt ends in `!` instead of `?`.
 * Whether more rows follow is not learned: no loss on the last `<eos>` and on a `try` after a row that fits.
 */
export const tables = (of: Dataset, rows: number): Dataset =>
  generated((seed) => {
    const puzzles = draws(of, seed)
    const key = randomKey(seed, 'knights.tables')
    return (i) => {
      const row = puzzles.row(i)
      const claims = puzzleIn(row)
      const all = worlds(claims.length)
      const start = below(key, all.length, i)
      const segments: Segment[] = []
      for (const world of all.slice(start, start + rows)) {
        const [first, ...rest] = tableRow(claims, world) as [Segment, ...Segment[]]
        segments.push({ ...first, train: !segments.at(-1)?.text.endsWith('o') }, ...rest)
      }
      segments.push({ text: ' <eos>', train: false })
      return { prompt: (row['prompt'] as string).replace(/\?\s*$/, '!'), completion: joined(segments) }
    }
  })

/** `checks` random statements of three people checked in random worlds, without a puzzle; only the results are learned. */
export const facts = (operators: readonly Operator[], checks: number): Dataset => {
  const people = 3
  const claims = Array.from({ length: people }, (_, speaker) => claimsOf(speaker, people, operators))
  const all = worlds(people)
  return generated((seed) => {
    const key = randomKey(seed, 'knights.facts')
    return (i) => {
      const completion = Array.from({ length: checks }, (_, n): Segment[] => {
        const speaker = below(key, people, i, 3 * n)
        const choices = claims[speaker] ?? []
        const claim = choices[below(key, choices.length, i, 3 * n + 1)]
        if (!claim) throw failure('RLP8105', 'facts need at least one operator')
        const { given, found } = check(speaker, claim, all[below(key, all.length, i, 3 * n + 2)] as World)
        return [{ text: ` ${given}`, train: false }, { text: ` ${found}`, train: true }]
      })
      return { prompt: '<bos>', completion: joined([...completion.flat(), { text: ' <eos>', train: false }]) }
    }
  })
}

/** `try A1 B1 C0`, then checks up to and with the first that fails. */
function tableRow(claims: Claims, world: World): Segment[] {
  const segments: Segment[] = [{ text: ' try', train: true }, { text: ` ${answerOf(world)}`, train: true }]
  for (const [speaker, claim] of claims.entries()) {
    const { given, found, fits } = check(speaker, claim, world)
    segments.push({ text: ` ${given} ${found}`, train: true })
    if (!fits) break
  }
  return segments
}

/** Neighbours with the same flag become one segment; the first loses its leading space. */
function joined(segments: readonly Segment[]): Segment[] {
  const result: Segment[] = []
  for (const segment of segments) {
    const last = result.at(-1)
    if (last && last.train === segment.train) result[result.length - 1] = { text: last.text + segment.text, train: last.train }
    else result.push(segment)
  }
  return result.map((segment, i) => (i === 0 ? { ...segment, text: segment.text.trimStart() } : segment))
}

function puzzleIn(row: Row): Claims {
  const claims = typeof row['prompt'] === 'string' ? readPrompt(row['prompt']) : undefined
  if (!claims) throw failure('RLP8009', `\`${String(row['prompt'])}\` is not a puzzle of Knights and Knaves`, 'give it rows of `knights.puzzles`')
  return claims
}

function solutionOf(row: Row, claims: Claims): World {
  const [solution, other] = solve(claims)
  if (!solution || other) throw failure('RLP8009', `the puzzle \`${String(row['prompt'])}\` has ${solution ? 'more than one solution' : 'no solution'}`)
  return solution
}
