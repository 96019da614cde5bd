// All Knights and Knaves puzzles of a kind, by enumeration: nothing is sampled, so the counts are facts.
// With three people and `= # & |` there are 8,168; two or more of `> ~` among all six: 5,530.

import type { Dataset } from '../data/dataset.js'
import { listed } from '../data/draws.js'
import { answerOf, canonicalOf, claimsOf, fits, promptOf, worlds, type Claim, type Claims, type Operator } from './knights.js'
import { hashOf, splitOf, type Split } from './split.js'

export interface PuzzleOptions {
  readonly operators: readonly Operator[]
  /** At least `atLeast` of the claims use one of `among`. */
  readonly among: readonly Operator[]
  readonly atLeast: number
  readonly people: number
  readonly split: Split
}

/**
 * Rows `{ prompt, answer }`: every puzzle with exactly one solution. Split by the hash of the canonical form;
 * in the order of a hash of the prompt, so that the first rows are a fair sample.
 */
export function puzzles({ operators, among, atLeast, people, split }: PuzzleOptions): Dataset {
  const rows: { readonly order: number; readonly row: { readonly prompt: string; readonly answer: string } }[] = []
  const all = worlds(people)
  for (const { claims, solution } of solvable([...new Set(operators)], people)) {
    if (claims.filter((claim) => among.includes(claim.operator)).length < atLeast) continue
    if (splitOf(canonicalOf(claims)) !== split) continue
    const prompt = promptOf(claims)
    rows.push({ order: hashOf(prompt), row: { prompt, answer: answerOf(all[solution] as boolean[]) } })
  }
  rows.sort((a, b) => a.order - b.order || (a.row.prompt < b.row.prompt ? -1 : 1))
  return listed(rows.map(({ row }) => row))
}

/** Worlds are bits of a mask: a claim allows some, and a puzzle those that all its claims allow. */
function* solvable(operators: readonly Operator[], people: number): Generator<{ claims: Claims; solution: number }> {
  const all = worlds(people)
  const choices = Array.from({ length: people }, (_, speaker) =>
    claimsOf(speaker, people, operators).map((claim) => ({ claim, mask: all.reduce((mask, world, i) => (fits(speaker, claim, world) ? mask | (1 << i) : mask), 0) })),
  )
  function* extend(claims: readonly Claim[], mask: number): Generator<{ claims: Claims; solution: number }> {
    if (claims.length === people) {
      if ((mask & (mask - 1)) === 0) yield { claims, solution: 31 - Math.clz32(mask) }
      return
    }
    for (const choice of choices[claims.length] ?? []) {
      if ((mask & choice.mask) !== 0) yield* extend([...claims, choice.claim], mask & choice.mask)
    }
  }
  yield* extend([], 2 ** all.length - 1)
}
