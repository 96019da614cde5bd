// Next-token loss on documents that have an end: every one once.

import { optionalNumber } from './attributes.js'
import { sequenceExamples } from './examples.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow } from './prompts.js'
import type { StageKind } from './stage.js'
import { streamedOnce } from './token-stream.js'
import { meanOver } from './trainer.js'

export const evaluateLoss: StageKind = async (run) => {
  const { stage } = run
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const context = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const sequences = streamedOnce(await everyRow(run, 'data'), policy.tokenizer, context)
  const examples = sequenceExamples(sequences, policy.layout(sequences.length))
  const all = [...sequences.keys()]
  const { logp } = await policy.score(examples, all, 1)
  policy.close()
  const loss = -(meanOver(logp, examples.mask, all) ?? NaN)
  const metrics = { loss, perplexity: Math.exp(loss) }
  run.step(1, 1, { ...metrics, tokens: examples.tokens(all) })
  return { metrics }
}
