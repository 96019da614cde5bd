// Supervised fine-tuning: maximise the likelihood of completions.
// The loss is in the stage's programs; here are the rows, their framing and the steps.

import { failure } from '../../codes.js'
import { frameExample, type Sequence } from '../../tokenizer/framing.js'
import { flag, number, optionalNumber } from './attributes.js'
import { Course, type Drawn } from './course.js'
import { sequenceExamples } from './examples.js'
import { trainingLoop } from './loop.js'
import { Policy, type Reader } from './policy.js'
import { graphsOf } from './programs.js'
import { meanOf } from './reward.js'
import { endOf, stepsOf } from './length.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

export const sft: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openPolicy(stage.inputs['policy'] ?? null)
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const policy = await Policy.open(executor, at, graphsOf(plan, stage))
  const batch = number(stage, 'batch')
  const steps = await stepsOf(run, batch)
  const longest = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const layout = policy.layout(batch, flag(stage, 'packing') ? longest : undefined)
  const trainer = new Trainer(policy, stage, steps)

  const loss = await trainingLoop(run, trainer, course, {
    steps: endOf(stage, steps),
    outcome: 'loss',
    update: async () => {
      const sequences = course.take(batch).map((drawn) => frameSample(policy, drawn, longest))
      const metrics = await trainer.update({ examples: sequenceExamples(sequences, layout), levels: { N: batch }, known: {}, perSequence: {}, temperature: 1 })
      const learned = sequences.reduce((sum, sequence) => sum + sequence.learned.reduce((a, b) => a + b, 0), 0)
      return { ...metrics, learned, length: meanOf(sequences.map(({ tokens, prompt }) => tokens.length - prompt)) }
    },
  })
  const result = { metrics: { loss }, policies: { policy: { at, weights: await policy.weights() } } }
  policy.close()
  return result
}

/** A row as a training sequence. Errors: RLP8004, RLP8005, RLP8009. */
export function frameSample(policy: Reader, { row, place }: Drawn, longest: number): Sequence {
  const sequence = frameExample(policy.tokenizer, row, place)
  if (sequence.tokens.length > longest) {
    throw failure('RLP8004', `${place} has ${sequence.tokens.length} tokens, the stage takes ${longest}`, 'raise `context`, or leave long rows out with `where`')
  }
  return sequence
}
