// How surprising completions are to a policy: one number for each row, written beside its fields.

import { optionalNumber } from './attributes.js'
import { SCORED } from './batching.js'
import { sequenceExamples } from './examples.js'
import { stopped } from './loop.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import { meanOf } from './reward.js'
import { frameSample } from './sft.js'
import type { StageKind } from './stage.js'
import { meanOver } from './trainer.js'

export const perplexity: StageKind = async (run) => {
  const { stage } = run
  const rows = await everyRow(run, 'data')
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const longest = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const layout = policy.layout(Math.min(rows.length, SCORED))
  const found: number[] = []
  let tokens = 0
  for (let at = 0; at < rows.length; at += SCORED) {
    if (run.stopping()) throw stopped(stage, at, rows.length)
    const sequences = rows.slice(at, at + SCORED).map((drawn) => frameSample(policy, drawn, longest))
    const examples = sequenceExamples(sequences, layout)
    const all = [...sequences.keys()]
    const { logp } = await policy.score(examples, all, 1)
    found.push(...all.map((sample) => Math.exp(-(meanOver(logp, examples.mask, [sample]) ?? 0))))
    tokens += examples.tokens(all)
    run.tick('rows', found.length, rows.length)
  }
  policy.close()
  const data = rows.map(({ row }, i) => ({ ...row, perplexity: found[i] as number }))
  const mean = meanOf(found)
  run.step(1, 1, { perplexity: mean, rows: rows.length, tokens })
  return { metrics: { perplexity: mean }, datasets: { data } }
}
