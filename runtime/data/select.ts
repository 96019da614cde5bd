// What a `dataset` declaration does with its source: `where`, `skip`, `take`, `balance`, in this order.
// Rows are evaluated here, never changed; a generator stays one unless `take` ends it.

import type { Expr } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import type { HostValue } from '../host.js'
import { randomKey, threefry } from '../random.js'
import type { Dataset, Row } from './dataset.js'
import { draws, epochs, listed } from './draws.js'
import { evaluate, type Scope } from './expr.js'

/** How many rows of a generator may fail a filter one after the other. */
const PATIENCE = 100_000

export interface Selection {
  readonly where?: Expr
  readonly balance?: Expr
  readonly skip?: number
  readonly take?: number
}

/** What a dataset is called in messages, and its attribute that chooses rows. */
export interface Called {
  readonly name: string
  readonly condition: 'where' | 'select'
}

/** @throws HostError RLP8103 when no row is left. */
export function select(data: Dataset, { where, balance, skip = 0, take }: Selection, scope: Omit<Scope, 'names'>, { name, condition }: Called = { name: 'the dataset', condition: 'where' }): Dataset {
  let result = data
  if (where) result = filtered(result, (row) => evaluate(where, { ...scope, names: { row: row as HostValue } }) === true)
  if (skip > 0 || take !== undefined) result = sliced(result, skip, take)
  if (result.size === 0) throw failure('RLP8103', data.size === 0 || (!where && skip === 0) ? `${name} has no rows` : `no row of ${name} is left: ${[...(where ? [`\`${condition}\` holds for none`] : []), ...(skip > 0 ? ['`skip` is past the end'] : [])].join(', or ')}`)
  if (balance) result = balanced(result, (row) => evaluate(balance, { ...scope, names: { row: row as HostValue } }))
  return result
}

/** Rows for which `keep` holds. Those of a generator are searched for while it is read. */
export function filtered(data: Dataset, keep: (row: Row) => boolean): Dataset {
  if (data.size === Infinity) {
    const found: number[] = []
    let next = 0
    return {
      size: Infinity,
      row: (i) => {
        while (found.length <= i) {
          if (next - (found.at(-1) ?? -1) > PATIENCE) throw failure('RLP8103', `\`where\` held for none of ${PATIENCE} rows in a row of a generated dataset`)
          if (keep(data.row(next))) found.push(next)
          next++
        }
        return data.row(found[i] as number)
      },
      draws: (seed) => filtered(draws(data, seed), keep),
      ...(data.parts ? { parts: data.parts.map((part) => filtered(part, keep)) } : {}),
    }
  }
  const kept: number[] = []
  for (let i = 0; i < data.size; i++) if (keep(data.row(i))) kept.push(i)
  return { size: kept.length, row: (i) => data.row(kept[i] as number) }
}

function sliced(data: Dataset, skip: number, take: number | undefined): Dataset {
  const size = Math.max(0, Math.min(data.size - skip, take ?? Infinity))
  if (data.size === Infinity && size < Infinity) return listed(Array.from({ length: size }, (_, i) => data.row(skip + i)))
  return {
    size,
    row: (i) => data.row(skip + i),
    ...(size === Infinity ? { draws: (seed: number) => sliced(draws(data, seed), skip, undefined) } : {}),
  }
}

/**
 * The same rows, but training draws every value of `classOf` equally often: in each round of as many draws as there are
 * classes, each class once, in random order; within a class, every row once before any twice.
 */
export function balanced(data: Dataset, classOf: (row: Row) => HostValue): Dataset {
  if (data.size === Infinity) throw failure('RLP8105', '`balance` needs a dataset with an end', 'cut it with `take`')
  const classes = new Map<string, number[]>()
  for (let i = 0; i < data.size; i++) {
    const name = JSON.stringify(classOf(data.row(i)) ?? null)
    const members = classes.get(name)
    if (members) members.push(i)
    else classes.set(name, [i])
  }
  const members = [...classes.keys()].sort().map((name) => classes.get(name) as number[])
  const drawn = (seed: number): Dataset => {
    const which = epochs(members.length, seed, 'balance')
    const within = members.map((rows, n) => epochs(rows.length, threefry(randomKey(seed, 'balance', 'class'), n, 0)[0], 'epoch'))
    return {
      size: Infinity,
      row: (i) => {
        const n = which(i)
        const index = (within[n] as (draw: number) => number)(Math.floor(i / members.length))
        return data.row((members[n] as number[])[index] as number)
      },
      draws: drawn,
    }
  }
  return { size: data.size, row: (i) => data.row(i), draws: drawn }
}
