// Reads the attributes of a stage by path: `number(stage, 'rollout.max_new')`.
// The compiler has checked and filled them in, so a missing one is a damaged plan, not a user's mistake.

import type { StagePlan, Value } from '../../../spec/plan/plan.js'

/** The value at a path through sections. Errors: `RangeError` when the plan lacks it. */
export function attribute(stage: StagePlan, path: string): Value {
  let value: Value = { record: stage.attributes }
  for (const key of path.split('.')) {
    const fields: Readonly<Record<string, Value>> = typeof value === 'object' && value !== null && 'record' in value ? value.record : {}
    const next = fields[key]
    if (next === undefined) throw new RangeError(`the plan of ${stage.address} has no attribute ${path}`)
    value = next
  }
  return value
}

/** A number, or the number of a quantity in its canonical unit; undefined for `none`. */
export function optionalNumber(stage: StagePlan, path: string): number | undefined {
  const value = attribute(stage, path)
  if (value === null) return undefined
  if (typeof value === 'number') return value
  if (typeof value === 'object' && 'unit' in value) return value.value
  throw new RangeError(`attribute ${path} of ${stage.address} is not a number`)
}

export function number(stage: StagePlan, path: string): number {
  const value = optionalNumber(stage, path)
  if (value === undefined) throw new RangeError(`attribute ${path} of ${stage.address} is none`)
  return value
}

/** The unit of a quantity, e.g. `epochs`; undefined for a pure number. */
export function unit(stage: StagePlan, path: string): string | undefined {
  const value = attribute(stage, path)
  return typeof value === 'object' && value !== null && 'unit' in value ? value.unit : undefined
}

export function flag(stage: StagePlan, path: string): boolean {
  return attribute(stage, path) === true
}

/** A value of the plan as a reader would write it, for messages: `K["train"]`, `warm[0].policy`. */
export function written(value: Value | undefined): string {
  if (typeof value === 'object' && value !== null) {
    if ('dataset' in value) return value.dataset
    if ('model' in value) return value.model
    if ('curriculum' in value) return value.curriculum
    if ('reward' in value) return value.term === undefined ? value.reward : `${value.reward}.${value.term}`
    if ('stage' in value) return `${value.stage}.${value.output}`
    if ('call' in value) return `${value.call.replace(/^.*\./, '')}(…)`
  }
  return JSON.stringify(value)
}
