// The recorded cases of other systems (`spec/test/parity/*.json`), and how a row of a table says what of ours equals them.
// Runs nothing: `run.ts` does. One table for each system: `verl.ts`, `trl.ts`.
//
// A row names the function of the original and gives, for a case of it, our counterpart: the levels, how rows of the case
// become elements of levels, and one expression of `.rlp` over the names of the feeds for each output:
//
//   { function: 'core_algos.compute_grpo_outcome_advantage',
//     counterpart: (c) => ({
//       ...groups(c, c.inputs['group'], c.inputs['response_mask']),        // layout: levels, sizes, place, masks
//       feeds: { scores: ['rollout', rowSums(c.inputs['token_level_rewards'])], response_mask: ['token', c.inputs['response_mask']] },
//       outputs: { advantages: ['token', `verl.grpo(scores, eps = ${real(c, 'epsilon')}) * response_mask`] },
//     }) }
//
// The expressions are checked and lowered like a user's. The gradient of the sum of the outputs in `gradientOf` (default: `loss`)
// is compared with every entry of the case's `gradients`: they are names of feeds (`gradientNames` maps those that differ).
// A row with `skip` says why there is no counterpart; `when` restricts a row to some cases, the first row that fits counts.
// A case that the original refuses passes when our checker refuses the expressions, or every output is NaN.

import type { Head } from './head.js'

export type { Head } from './head.js'

/** Numbers, nested as in the file; NaN and infinities as text. */
export type Nested = number | string | null | readonly Nested[]

export interface Block {
  readonly outputs: Readonly<Record<string, unknown>>
  readonly gradients: Readonly<Record<string, Nested>>
}

export interface Case extends Block {
  readonly name: string
  readonly system: string
  readonly function: string
  readonly options: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, Nested>>
  readonly float64: Block | null
  readonly note?: string
}

/** Level, and numbers in the order of the case's rows (levels inside a row: its columns; levels outside: in their own order). */
export type Feed = readonly [level: string, values: Nested]

export interface Layout {
  /** Innermost first. */
  readonly levels: readonly string[]
  /** Of the axes: G groups, N rollouts (pairs, samples) in each, T tokens, R objectives. */
  readonly sizes: Readonly<Record<string, number>>
  /** The level that a row of the case is an element of, and the place of each row among the elements. */
  readonly row: string
  readonly place: readonly number[]
  /** Which elements count, by level: 0 or 1, in the order of rows. Places without a row never count. */
  readonly masks: Readonly<Record<string, Nested>>
}

export interface Counterpart extends Layout {
  readonly feeds: Readonly<Record<string, Feed>>
  /** Logits of the case, by a prefix for the names of the token feeds that they give (`head.ts`): `''` gives `logp`, `ref_` gives `ref_logp`. */
  readonly heads?: Readonly<Record<string, Head>>
  /** Of the original's outputs, `metrics.name` for nested ones: level and expression. */
  readonly outputs: Readonly<Record<string, readonly [level: string, expression: string]>>
  /** Names of outputs whose sum the recorded gradients are of; `loss` by default. */
  readonly gradientOf?: readonly string[]
  /** Feeds by the names of the recorded gradients, where they differ. */
  readonly gradientNames?: Readonly<Record<string, string>>
  /** Outputs that the original computes in float32, whatever it is given. */
  readonly single?: readonly string[]
  /** Outputs of the original that have no counterpart, and why. */
  readonly omitted?: Readonly<Record<string, string>>
}

export type Row = { readonly function: string; readonly when?: (c: Case) => boolean } & (
  | { readonly counterpart: (c: Case) => Counterpart }
  /** Why there is no counterpart. */
  | { readonly skip: string }
)

export interface Table {
  /** As in `Case.system`. */
  readonly system: string
  /** Import lines for the expressions. */
  readonly imports: string
  readonly rows: readonly Row[]
  /** Functions of the system without recorded cases and without a counterpart, and why. */
  readonly absent?: Readonly<Record<string, string>>
}

/** The row for a case. */
export function rowOf(c: Case, tables: readonly Table[]): { readonly table: Table; readonly row: Row } | undefined {
  for (const table of tables) {
    const row = table.system === c.system ? table.rows.find((each) => each.function === c.function && (each.when?.(c) ?? true)) : undefined
    if (row) return { table, row }
  }
  return undefined
}

// Values of a case

export const number = (value: unknown): number => (value === null || value === undefined ? NaN : Number(value))
export const flat = (value: Nested): number[] => (Array.isArray(value) ? value.flatMap((each: Nested) => flat(each)) : [number(value)])
export const rowsOf = (value: Nested | undefined): readonly (readonly number[])[] => (Array.isArray(value) ? value.map((row: Nested) => flat(row)) : [])
export const rowSums = (value: Nested | undefined): number[] => rowsOf(value).map((row) => row.reduce((a, b) => a + b, 0))

/** A number as `.rlp` writes it. */
export function literal(value: unknown): string {
  const x = number(value)
  if (!Number.isFinite(x)) throw new Error(`${String(value)} has no literal`)
  return x < 0 ? `(-${-x})` : String(x)
}
/** An option as a literal. */
export const real = (c: Case, option: string, fallback?: number): string => literal(c.options[option] ?? fallback)
export const text = (c: Case, option: string): string => JSON.stringify(c.options[option])

// Layouts

/** Rows are rollouts of one group: where groups do not matter. */
export function rollouts(table: Nested | undefined, mask: Nested | undefined): Layout {
  return groups(rowsOf(table).map(() => 0), table, mask)
}

/** Rows are rollouts of groups of any size and order: padded to [G, N, T]. */
export function groups(group: Nested | undefined, table: Nested | undefined, mask: Nested | undefined): Layout {
  const ids = flat(group ?? [])
  const distinct = [...new Set(ids)].sort((a, b) => a - b)
  const counts = new Map<number, number>()
  const within = ids.map((id) => {
    const at = counts.get(id) ?? 0
    counts.set(id, at + 1)
    return at
  })
  const [G, N] = [distinct.length, Math.max(...counts.values())]
  return {
    levels: ['token', 'rollout', 'group', 'batch'],
    sizes: { G, N, T: rowsOf(table)[0]?.length ?? 1 },
    row: 'rollout',
    place: ids.map((id, i) => distinct.indexOf(id) * N + (within[i] as number)),
    masks: { ...(mask === undefined ? {} : { token: mask }), ...(ids.length < G * N ? { rollout: ids.map(() => 1) } : {}) },
  }
}

/** Rows are samples: `token ⊂ sample ⊂ batch`. */
export function samples(table: Nested | undefined, mask: Nested | undefined): Layout {
  const rows = rowsOf(table)
  return { levels: ['token', 'sample', 'batch'], sizes: { N: rows.length, T: rows[0]?.length ?? 1 }, row: 'sample', place: rows.map((_, i) => i), masks: mask === undefined ? {} : { token: mask } }
}

/** Rows are all chosen sides, then all rejected ones: `token ⊂ side ⊂ pair ⊂ batch`. */
export function pairs(table: Nested | undefined, mask: Nested | undefined): Layout {
  const rows = rowsOf(table)
  const half = rows.length / 2
  return { levels: ['token', 'side', 'pair', 'batch'], sizes: { N: half, T: rows[0]?.length ?? 1 }, row: 'side', place: rows.map((_, i) => 2 * (i % half) + (i < half ? 0 : 1)), masks: mask === undefined ? {} : { token: mask } }
}
