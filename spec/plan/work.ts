// How much a stage does at most, as far as a plan can say without its data: prompts, completions, tokens, operations.
// Numbers for people and for guessing times; they decide nothing.

import type { Plan, StagePlan, Value } from './plan.js'

export interface Work {
  readonly steps?: number
  readonly prompts?: number
  readonly completions?: number
  /** Tokens that are learned from or written. */
  readonly tokens?: number
  /** Floating-point operations of matrix products. */
  readonly flops?: number
}

/** Of a stage, once it was asked for: estimates of memory and time and both tables of a plan ask. */
const known = new WeakMap<StagePlan, Work>()

/** Absent numbers are not known before the data is read. */
export function workOf(plan: Plan, stage: StagePlan): Work {
  const found = known.get(stage) ?? reckon(plan, stage)
  known.set(stage, found)
  return found
}

function reckon(plan: Plan, stage: StagePlan): Work {
  const { estimate } = stage
  const number = (path: string) => numberAt(stage, path)
  const [perStep, samples, most] = [number('rollout.per_step'), number('samples'), number('max_new')]
  // With a critic every prompt has one rollout.
  const group = number('group_size') ?? (perStep === undefined ? undefined : 1)
  const { steps } = estimate
  if (group !== undefined && perStep !== undefined && steps !== undefined) {
    const prompts = (steps * perStep) / ((number('update.passes') ?? 1) * (number('update.splits') ?? 1))
    return { ...estimateOf(estimate), prompts, completions: prompts * group }
  }
  if (samples === undefined || most === undefined) return estimateOf(estimate)
  const prompts = rowsOf(plan, stage.inputs['data'] ?? stage.inputs['prompts'] ?? null)
  return prompts === undefined ? {} : { prompts, completions: prompts * samples, tokens: prompts * samples * most }
}

/** How many rows a dataset has, where its declaration bounds them: `take`, `subset`. */
export function rowsOf({ datasets }: Plan, value: Value): number | undefined {
  if (Array.isArray(value)) return value.length
  if (typeof value !== 'object' || value === null) return undefined
  if ('dataset' in value) return datasets[value.dataset]?.take ?? rowsOfSource(datasets[value.dataset]?.source ?? null)
  return rowsOfSource(value)
}

function rowsOfSource(value: Value): number | undefined {
  if (typeof value !== 'object' || value === null || !('call' in value) || value.call !== 'std/prelude.subset') return undefined
  return plain(value.args['take'])
}

function estimateOf({ steps, tokens, flops }: StagePlan['estimate']): Work {
  return { ...(steps === undefined ? {} : { steps }), ...(tokens === undefined ? {} : { tokens }), ...(flops === undefined ? {} : { flops }) }
}

/** A number or quantity at `rollout.per_step`. */
function numberAt({ attributes }: StagePlan, path: string): number | undefined {
  const [head, inner] = path.split('.') as [string, string | undefined]
  const value = attributes[head]
  if (inner === undefined) return plain(value)
  return typeof value === 'object' && value !== null && 'record' in value ? plain(value.record[inner]) : undefined
}

function plain(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'object' && value !== null && 'unit' in value ? value.value : undefined
}
