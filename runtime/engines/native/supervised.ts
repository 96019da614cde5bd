// Supervised training of a classifier, for a length or until it knows its rows.
// The loss is in the stage's programs; here are the rows, the steps and the look at all rows after each epoch.

import { number, optionalNumber } from './attributes.js'
import { classify } from './classify.js'
import { Course } from './course.js'
import { vectorExamples } from './examples.js'
import { stepsOf } from './length.js'
import { trainingLoop } from './loop.js'
import { Model } from './model.js'
import { graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'
import { vectorOf } from './vectors.js'

export const supervised: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const at = await run.openModel(stage.inputs['model'] ?? null)
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const all = (await everyRow(run, 'data')).map((drawn) => vectorOf(at.model, drawn))
  const model = await Model.open(executor, at, graphsOf(plan, stage))
  const batch = number(stage, 'batch')
  const steps = await stepsOf(run, batch)
  const stopAt = optionalNumber(stage, 'stop_at')
  const epoch = Math.ceil(all.length / batch)
  const trainer = new Trainer(model, stage, steps)

  const loss = await trainingLoop(run, trainer, course, {
    steps,
    outcome: 'loss',
    update: async (step) => {
      const vectors = course.take(batch).map((drawn) => vectorOf(at.model, drawn))
      const { tokens: _, skipped: __, ...metrics } = await trainer.update({ examples: vectorExamples(vectors, batch), levels: { N: batch }, known: {}, perSequence: {}, temperature: 1 })
      const look = stopAt !== undefined && (step + 1) % epoch === 0
      return look ? { ...metrics, train_accuracy: (await classify(model, all)).accuracy } : metrics
    },
    enough: ({ train_accuracy: known }) => stopAt !== undefined && typeof known === 'number' && known >= stopAt,
  })
  const { accuracy } = await classify(model, all)
  const result = { metrics: { loss, accuracy, steps: trainer.updates, epochs: (trainer.updates * batch) / all.length }, policies: { model: { at, weights: await model.weights() } } }
  model.close()
  return result
}
