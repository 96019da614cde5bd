// The exam of a reward model: every pair once.

import { framePair } from './dpo.js'
import { wilsonMargin } from './pass-at-k.js'
import { graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import { meanOf } from './reward.js'
import { gapsOf } from './reward-model.js'
import { Scorer } from './scorer.js'
import type { StageKind } from './stage.js'

export const evaluateRewardModel: StageKind = async (run) => {
  const { plan, stage, executor } = run
  const rows = await everyRow(run, 'data')
  const scorer = await Scorer.open(executor, await run.openPolicy(stage.inputs['model'] ?? null), graphsOf(plan, stage))
  const gaps = gapsOf(await scorer.scores(rows.flatMap((drawn) => framePair(scorer.reader, drawn, scorer.reader.context).map(({ tokens }) => tokens))))
  scorer.close()
  const accuracy = meanOf(gaps.map((gap) => Number(gap > 0)))
  const metrics = { accuracy, margin: wilsonMargin(accuracy, rows.length), gap: meanOf(gaps) }
  run.step(1, 1, { ...metrics, rows: rows.length })
  return { metrics }
}
