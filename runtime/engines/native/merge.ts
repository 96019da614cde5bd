// Merging policies that grew from one base: what each adds is the stage's program `combine`; here task vectors are taken, and the sum put back.

import { isList } from '../../../spec/plan/plan.js'
import { randomKey, uniform } from '../../random.js'
import { failure } from '../../codes.js'
import type { ModelWeights } from './model.js'
import { graphsOf, Programs } from './programs.js'
import type { StageKind } from './stage.js'

export const merge: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const base = await run.openModel(stage.inputs['policy'] ?? null)
  const given = stage.inputs['policies'] ?? null
  const policies: ModelWeights[] = []
  for (const value of isList(given) ? given : []) policies.push(await run.openModel(value))
  if (policies.length === 0) throw failure('RLP8001', `${stage.address} has no policies to merge`, 'name at least one in `policies`')

  const start = flat(base)
  const size = start.length
  const delta = new Float32Array(policies.length * size)
  policies.forEach((policy, p) => {
    const weights = flat(policy)
    for (let i = 0; i < size; i++) delta[p * size + i] = (weights[i] as number) - (start[i] as number)
  })
  const key = randomKey(stage.seed, stage.fingerprint, 'noise')
  const noise = Float32Array.from(delta, (_, i) => uniform(key, i))

  const session = await executor.open()
  const programs = new Programs(session, graphsOf(plan, stage))
  const { value } = await programs.run('combine', { POLICY: policies.length, WEIGHT: size }, { delta, noise, mask: new Float32Array(delta.length).fill(1) })
  session.close()
  if (!value) throw new RangeError('the program `combine` fetches nothing')

  const merged = Float32Array.from(start)
  for (let at = 0; at < value.length; at++) merged[at % size] = (merged[at % size] as number) + (value[at] as number)
  let [offset, moved] = [0, 0]
  const weights = base.weights.map(({ name, shape }) => {
    const part = merged.slice(offset, (offset += count(shape)))
    return { name, shape, data: part }
  })
  for (let i = 0; i < size; i++) moved += ((merged[i] as number) - (start[i] as number)) ** 2
  const lengths = Object.fromEntries(policies.map((_, p) => [`moved_${p + 1}`, norm(delta.subarray(p * size, (p + 1) * size))]))
  run.step(1, 1, { moved: Math.sqrt(moved), ...lengths })
  return { metrics: {}, policies: { policy: { at: base, weights } } }
}

/** All weights one after the other. */
function flat({ weights }: ModelWeights): Float32Array {
  const all = new Float32Array(weights.reduce((sum, { shape }) => sum + count(shape), 0))
  let at = 0
  for (const { data } of weights) {
    all.set(data, at)
    at += data.length
  }
  return all
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function norm(values: Float32Array): number {
  let sum = 0
  for (const x of values) sum += x * x
  return Math.sqrt(sum)
}
