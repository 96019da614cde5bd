// Models that a reward asks: classifiers and reward models that its signals name, opened once, each as a function that the host calls.
// How a text becomes a vector is the signal's.

import { HostClassifier, HostScorer, type Completion } from '../../host.js'
import { VALUE_HEAD } from '../../../spec/plan/heads.js'
import type { Graph } from '../../../spec/graph/graph.js'
import type { Expr, RewardPlan, Value } from '../../../spec/plan/plan.js'
import { vectorExamples } from './examples.js'
import { Model, type ModelWeights } from './model.js'
import { graphsOf } from './programs.js'
import { Scorer } from './scorer.js'
import type { StageRun } from './stage.js'

/** By the address of the output that the plan names: `judge[0].model`. */
export type Judges = ReadonlyMap<string, HostClassifier | HostScorer>

type Output = { readonly stage: string; readonly output: string }
type Run = Pick<StageRun, 'plan' | 'executor' | 'openModel' | 'openPolicy'>
type Graphs = Readonly<Record<string, Graph>>

export const addressOf = ({ stage, output }: Output): string => `${stage}.${output}`

/** Opens every model that the signals of a reward name. */
export async function openJudges(run: Run, signals: RewardPlan['signals']): Promise<Judges> {
  const judges = new Map<string, HostClassifier | HostScorer>()
  for (const output of signals.flatMap(({ expr }) => outputsIn(expr))) {
    const address = addressOf(output)
    const trained = run.plan.stages.find((stage) => stage.address === output.stage)
    if (judges.has(address) || !trained) continue
    const [at, graphs] = [await run.openModel(output), graphsOf(run.plan, trained)]
    const scores = at.model.weights.some(({ name }) => name === VALUE_HEAD)
    judges.set(address, scores ? await rewardModel(run, output, graphs) : await classifier(run, address, at, graphs))
  }
  return judges
}

async function classifier({ executor }: Run, address: string, at: ModelWeights, graphs: Graphs): Promise<HostClassifier> {
  const model = await Model.open(executor, at, graphs)
  return new HostClassifier(address, Number(at.model.config['num_inputs']), async (features, label) => {
    const { logp } = await model.score(vectorExamples([{ features: Float32Array.from(features), label }], 1), [0], 1)
    return Math.exp(logp?.values[0] ?? -Infinity)
  })
}

async function rewardModel(run: Run, output: Output, graphs: Graphs): Promise<HostScorer> {
  const scorer = await Scorer.open(run.executor, await run.openPolicy(output), graphs)
  const score = gathered((texts: readonly Int32Array[]) => scorer.scores(texts))
  return new HostScorer(addressOf(output), async (prompt: string, completion: Pick<Completion, 'text' | 'finished'>) => score(scorer.framed(prompt, completion)))
}

/** Questions that are asked in one go, answered in one: all completions of a batch go through the model together. */
function gathered<Q, A>(answer: (questions: readonly Q[]) => Promise<readonly A[]>): (question: Q) => Promise<A> {
  let waiting: { readonly questions: Q[]; readonly answers: Promise<readonly A[]> } | undefined
  return async (question) => {
    if (!waiting) {
      const questions: Q[] = []
      const answers = Promise.resolve().then(() => {
        waiting = undefined
        return answer(questions)
      })
      waiting = { questions, answers }
    }
    const { questions, answers } = waiting
    const place = questions.push(question) - 1
    return (await answers)[place] as A
  }
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
