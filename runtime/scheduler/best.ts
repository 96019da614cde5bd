// Which states of a training stage are kept, and the output `best`: the policy at the planned save where a metric of the stage
// was highest or lowest. Saves made because time had passed do not take part: they would make the result depend on the clock.

import { join } from 'node:path'
import { trainedWeights } from '../../spec/plan/adapters.js'
import type { StagePlan, Value } from '../../spec/plan/plan.js'
import type { StoredTensor } from '../checkpoint/safetensors.js'
import { failure } from '../codes.js'
import type { Metrics, StageResult } from '../engines/native/stage.js'
import type { Keep, Work } from '../store/work.js'
import type { Artefacts } from './artefacts.js'

/** The choice that is the default: the output `best` is the last policy. The others are `lowest` or `highest` and a metric. */
const LAST = 'last'

/** What the section `save` of a stage says. */
export interface Saving {
  readonly keep: Keep
  /** Steps between planned saves; undefined: none are planned. */
  readonly every: number | undefined
  /** Name of the metric behind `best`; undefined: the stage's `best` is its last policy. */
  readonly metric: string | undefined
}

/** Undefined for kinds that have no section `save`. */
export function savingOf({ attributes }: StagePlan): Saving | undefined {
  const save = attributes['save']
  if (typeof save !== 'object' || save === null || !('record' in save)) return undefined
  const { every, keep, best } = save.record
  const [direction, metric] = typeof best === 'string' && best !== LAST ? best.split(' ') : []
  return { every: plain(every), metric, keep: { last: plain(keep) ?? 1, best: direction as Keep['best'] } }
}

/** Mean of a metric over the steps of one planned save. */
export class Score {
  private readonly values: number[] = []

  constructor(private readonly saving: Saving | undefined) {}

  /** A step is done, in this run or in the one that is continued. */
  add(metrics: Readonly<Record<string, unknown>> | Metrics): void {
    const { metric, every } = this.saving ?? {}
    if (metric === undefined || every === undefined) return
    this.values.push(Number(metrics[metric] ?? NaN))
    if (this.values.length > every) this.values.shift()
  }

  /** Null when there is nothing to compare. */
  get value(): number | null {
    const mean = this.values.reduce((sum, value) => sum + value, 0) / this.values.length
    return Number.isFinite(mean) ? mean : null
  }
}

/**
 * Write the output `best` of a finished stage into `folder`, unless it is the last policy: then that is named twice.
 * The last steps compete with the planned saves. Errors: RLP8201, RLP8202, RLP8207 when the best state is damaged.
 */
export function writeBest(folder: string, stage: StagePlan, artefacts: Artefacts, { policies = {} }: StageResult, { keep: { best: direction } }: Saving, work: Work, last: number | null): Record<string, string> {
  // A training stage hands over one model.
  const [name, policy] = Object.entries(policies)[0] ?? []
  if (name === undefined || !policy) return {}
  const best = direction && work.best(direction, last)
  if (best === undefined) return { best: name }
  if (best === 'damaged') throw failure('RLP8207', `the best checkpoint of ${stage.address} is missing or not what was written`, 'run again: the stage begins anew')
  const weights = trainedWeights(policy.at.model).map(({ name }): StoredTensor => {
    const tensor = best.tensors.get(`w/${name}`) as StoredTensor
    return { ...tensor, name, data: Float32Array.from(tensor.data) }
  })
  artefacts.write(join(folder, 'best'), stage, policy.at, weights)
  return { best: 'best' }
}

function plain(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'object' && value !== null && 'unit' in value ? value.value : undefined
}
