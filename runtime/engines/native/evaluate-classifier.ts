// The exam of a classifier: every row once.

import { classify } from './classify.js'
import { Model } from './model.js'
import { wilsonMargin } from './pass-at-k.js'
import { graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'
import { vectorOf } from './vectors.js'

export const evaluateClassifier: StageKind = async (run) => {
  const at = await run.openModel(run.stage.inputs['model'] ?? null)
  const vectors = (await everyRow(run, 'data')).map((drawn) => vectorOf(at.model, drawn))
  const model = await Model.open(run.executor, at, graphsOf(run.plan, run.stage))
  const { accuracy, loss } = await classify(model, vectors)
  model.close()
  const metrics = { accuracy, loss, margin: wilsonMargin(accuracy, vectors.length) }
  run.step(1, 1, { ...metrics, rows: vectors.length })
  return { metrics }
}
