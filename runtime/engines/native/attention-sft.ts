// Supervised fine-tuning with an objective on attention beside that on tokens (AVAR, arXiv 2603.03825): the two losses are added.
// Which function of attention it is lies in the program `attend`; where the model looks is found by a pass before each update.

import type { StagePlan } from '../../../spec/plan/plan.js'
import { attribute, number, optionalNumber } from './attributes.js'
import { Course } from './course.js'
import { trainingLoop } from './loop.js'
import { LookedAt, RoleFinder, tagsOf, takeRows } from './looking.js'
import { Policy, type Reader } from './policy.js'
import { graphsOf } from './programs.js'
import { meanOf } from './reward.js'
import { frameSample } from './sft.js'
import { stepsOf } from './length.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

export const attentionSft: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openPolicy(stage.inputs['policy'] ?? null)
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const policy = await Policy.open(executor, at, graphsOf(plan, stage))
  const roles = rolesOf(stage, policy)
  const batch = number(stage, 'batch')
  const steps = await stepsOf(run, batch)
  const longest = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const trainer = new Trainer(policy, stage, steps)

  const loss = await trainingLoop(run, trainer, course, {
    steps,
    outcome: 'loss',
    update: async () => {
      const drawn = course.take(batch)
      const sequences = drawn.map((one) => frameSample(policy, one, longest))
      const looked = new LookedAt(policy, sequences, drawn.map(({ place }) => place), roles)
      const { image, system, ratio } = await looked.looks()
      const slopes = await policy.programs.run('attend', { N: batch, HEAD: image.width }, { image: image.values, system: system.values })
      const [attention] = slopes['attention'] as unknown as [number]
      const weights = { dimage: { ...image, values: Float32Array.from(slopes['dimage'] ?? []) }, dsystem: { ...system, values: Float32Array.from(slopes['dsystem'] ?? []) } }
      const metrics = await trainer.update({
        examples: looked.examples, levels: { N: batch }, known: {}, perSequence: {}, temperature: 1,
        beside: { loss: attention, feeds: (micro) => ({ ...looked.feeds(micro), dimage: takeRows(weights.dimage, micro), dsystem: takeRows(weights.dsystem, micro) }) },
      })
      return { ...metrics, attention, looks: meanOf(ratio.values), length: meanOf(sequences.map(({ tokens, prompt }) => tokens.length - prompt)) }
    },
  })
  const result = { metrics: { loss }, policies: { policy: { at, weights: await policy.weights() } } }
  policy.close()
  return result
}

/** The tokens of the stage's roles. Errors: RLP8005, RLP8114. */
export const rolesOf = (stage: StagePlan, reader: Reader): RoleFinder => new RoleFinder(reader, tagsOf({ image: attribute(stage, 'roles.image'), system: attribute(stage, 'roles.system') }, stage.address), stage.address)
