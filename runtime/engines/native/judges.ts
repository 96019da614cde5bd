// Classifiers that a reward asks: those that its signals name, opened once, each as a function from a vector to a probability.
// How a text becomes a vector is the signal's.

import { HostClassifier } from '../../host.js'
import type { Expr, RewardPlan, Value } from '../../../spec/plan/plan.js'
import { vectorExamples } from './examples.js'
import { Model } from './model.js'
import { graphsOf } from './programs.js'
import type { StageRun } from './stage.js'

/** By the address of the output that the plan names: `judge[0].model`. */
export type Judges = ReadonlyMap<string, HostClassifier>

type Output = { readonly stage: string; readonly output: string }

export const addressOf = ({ stage, output }: Output): string => `${stage}.${output}`

/** Opens every classifier that the signals of a reward name. */
export async function openJudges(run: Pick<StageRun, 'plan' | 'executor' | 'openModel'>, signals: RewardPlan['signals']): Promise<Judges> {
  const judges = new Map<string, HostClassifier>()
  for (const output of signals.flatMap(({ expr }) => outputsIn(expr))) {
    const address = addressOf(output)
    const trained = run.plan.stages.find((stage) => stage.address === output.stage)
    if (judges.has(address) || !trained) continue
    const at = await run.openModel(output)
    const model = await Model.open(run.executor, at, graphsOf(run.plan, trained))
    judges.set(
      address,
      new HostClassifier(address, Number(at.model.config['num_inputs']), async (features, label) => {
        const { logp } = await model.score(vectorExamples([{ features: Float32Array.from(features), label }], 1), [0], 1)
        return Math.exp(logp?.values[0] ?? -Infinity)
      }),
    )
  }
  return judges
}

function outputsIn(expr: Expr): Output[] {
  if ('const' in expr) return isOutput(expr.const) ? [expr.const] : []
  if ('field' in expr) return outputsIn(expr.of)
  if ('op' in expr) return expr.args.flatMap(outputsIn)
  if ('if' in expr) return [expr.if, expr.then, expr.else].flatMap(outputsIn)
  if ('call' in expr) return Object.values(expr.args).flatMap(outputsIn)
  return []
}

const isOutput = (value: Value): value is Output => typeof value === 'object' && value !== null && 'stage' in value
