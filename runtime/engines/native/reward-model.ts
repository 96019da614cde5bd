// Training of a reward model: both texts of each pair are scored, then one update.
// The loss is in the stage's programs; here are the head, the rows, their framing and the steps.

import { withScoreHead } from '../../../spec/plan/heads.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import { randomKey, threefry } from '../../random.js'
import { number, optionalNumber } from './attributes.js'
import { Course } from './course.js'
import { framePair } from './dpo.js'
import { textExamples } from './examples.js'
import { stepsOf } from './length.js'
import { trainingLoop } from './loop.js'
import { Model } from './model.js'
import type { PolicyWeights } from './policy.js'
import { graphsOf } from './programs.js'
import { meanOf } from './reward.js'
import type { StageKind, StageRun } from './stage.js'
import { Trainer } from './trainer.js'

export const rewardModel: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const from = await run.openPolicy(stage.inputs['policy'] ?? null)
  const at = withHead(run, from)
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const model = await Model.open(executor, at, graphsOf(plan, stage))
  const pairs = number(stage, 'batch')
  const steps = await stepsOf(run, pairs)
  const context = Number(at.model.config['max_position_embeddings'])
  const reader = { tokenizer: at.tokenizer, context }
  const longest = Math.min(context, optionalNumber(stage, 'context') ?? context)
  const layout = model.cutting(2 * pairs, at.tokenizer.pad)
  const trainer = new Trainer(model, stage, steps, { output: 'score', optimizer: 'optimizer' })
  let accuracy = 0

  const loss = await trainingLoop(run, trainer, course, {
    steps,
    outcome: 'loss',
    update: async () => {
      const drawn = course.take(pairs)
      const sequences = drawn.flatMap((each) => framePair(reader, each, longest))
      const examples = textExamples(sequences.map(({ tokens }) => tokens), layout)
      const { score } = await model.score(examples, [...sequences.keys()], 1)
      const by = Float32Array.from(drawn, ({ row }) => (typeof row['margin'] === 'number' ? row['margin'] : 0))
      const { entropy: _, ...metrics } = await trainer.update({ examples, levels: { N: pairs }, known: score ? { score } : {}, perSequence: { by }, temperature: 1 })
      const gaps = gapsOf(score?.values ?? [])
      accuracy = meanOf(gaps.map((gap) => Number(gap > 0)))
      return { ...metrics, accuracy, gap: meanOf(gaps), score: meanOf(score?.values ?? []), length: meanOf(sequences.map(({ tokens, prompt }) => tokens.length - prompt)) }
    },
  })
  const result = { metrics: { loss, accuracy }, policies: { model: { at, weights: await model.weights() } } }
  model.close()
  return result
}

/** Of each pair, the score of the chosen completion less that of the rejected one. */
export function gapsOf(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length / 2 }, (_, pair) => (scores[2 * pair] as number) - (scores[2 * pair + 1] as number))
}

/** The body of a policy, and a head drawn for the stage. */
function withHead({ stage }: StageRun, from: PolicyWeights): PolicyWeights {
  const model = withScoreHead(from.model)
  const body = new Map(from.weights.map((tensor) => [tensor.name, tensor]))
  // Of the stage, not of the seed alone: a model and its head often have the same seed.
  const [seed] = threefry(randomKey(stage.seed, stage.fingerprint, 'head'), 0, 0)
  const fresh = freshWeights({ ...model, weights: model.weights.filter(({ name }) => !body.has(name)) }, seed)
  return { ...from, model, weights: [...model.weights.flatMap(({ name }) => body.get(name) ?? []), ...fresh] }
}
