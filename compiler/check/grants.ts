// The names that a place grants without a declaration: `row`, `completion`, `metrics`, `clock`. One row for each place.

import { artefact, quantity, REAL, record, type Type } from './types.js'

/** Where each name exists, in words. */
export const PLACES: Readonly<Record<string, string>> = {
  row: '`where` and `balance` of a dataset, `select` of a phase, `keep` of a filter, and rewards',
  completion: 'rewards',
  metrics: '`advance` of a phase, and `until` of an `AsyncGrpo`',
  clock: '`advance` of a phase, `until` of an `AsyncGrpo`, and rewards',
}

/** Qualified kind → attribute (`*` = all) → names that its value sees. */
export const GRANTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'std/prelude.Dataset': { where: ['row'], balance: ['row'] },
  'std/prelude.Phase': { select: ['row'], advance: ['metrics', 'clock'] },
  'std/prelude.Reward': { total: ['row', 'completion', 'clock'] },
  'std/stages.Filter': { keep: ['row'] },
  'std/asynchronous.AsyncGrpo': { until: ['metrics', 'clock'] },
}

export const COMPLETION: Type = artefact('Completion')
/** Numbers of the running stage, by name: `metrics.reward`. */
export const METRICS: Type = { type: 'map', item: REAL }
export const CLOCK: Type = record({ steps: quantity('Steps'), tokens: quantity('Tokens'), samples: quantity('Samples'), wall: quantity('Duration') })

/** A reward sees the updates that were made before the rollouts it scores; 0 where nothing is trained. */
const REWARD_CLOCK: Type = record({ steps: quantity('Steps') })

/** The granted names of an attribute with their types. */
export function granted(kind: string, attribute: string, row: Type): readonly (readonly [string, Type])[] {
  const types: Readonly<Record<string, Type>> = { row, completion: COMPLETION, metrics: METRICS, clock: kind === 'std/prelude.Reward' ? REWARD_CLOCK : CLOCK }
  return (GRANTS[kind]?.[attribute] ?? []).map((name) => [name, types[name] as Type] as const)
}
