// Next-token training on a stream of documents.
// The loss is in the stage's programs; here are the rows of the stream and the steps.

import { number, optionalNumber, unit } from './attributes.js'
import { Course } from './course.js'
import { sequenceExamples } from './examples.js'
import { trainingLoop } from './loop.js'
import { endOf } from './length.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import type { StageKind } from './stage.js'
import { TokenStream } from './token-stream.js'
import { Trainer } from './trainer.js'

export const pretrain: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openPolicy(stage.inputs['policy'] ?? null)
  const policy = await Policy.open(executor, at, graphsOf(plan, stage))
  const batch = number(stage, 'batch')
  const context = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const stream = new TokenStream(await Course.open(run, stage.inputs['data'] ?? null), policy.tokenizer, context)
  const length = number(stage, 'length')
  const whole = unit(stage, 'length') === 'tokens' ? Math.ceil(length / (batch * context)) : length
  const layout = policy.layout(batch)
  const trainer = new Trainer(policy, stage, whole)

  const loss = await trainingLoop(run, trainer, stream, {
    steps: endOf(stage, whole),
    outcome: 'loss',
    update: () => trainer.update({ examples: sequenceExamples(stream.take(batch), layout), levels: { N: batch }, known: {}, perSequence: {}, temperature: 1 }).then((metrics) => ({ ...metrics })),
  })
  const result = { metrics: { loss }, policies: { policy: { at, weights: await policy.weights() } } }
  policy.close()
  return result
}
