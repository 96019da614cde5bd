// Learning from preferences: pairs of completions, scored by the policy and by a frozen reference, then one update.
// The loss is in the stage's programs; here are the rows, their framing and the order of scoring.

import { failure } from '../../codes.js'
import type { Row } from '../../data/dataset.js'
import { frameExample, type Sequence } from '../../tokenizer/framing.js'
import { closePolicies, openPolicies } from './actors.js'
import { number, optionalNumber } from './attributes.js'
import { maskGrid, type Grid } from './batching.js'
import { Course, type Drawn } from './course.js'
import { sequenceExamples } from './examples.js'
import { endOf, stepsOf } from './length.js'
import { trainingLoop } from './loop.js'
import type { Reader } from './policy.js'
import { graphsOf } from './programs.js'
import { meanOf } from './reward.js'
import type { StageKind } from './stage.js'
import { Trainer } from './trainer.js'

export const dpo: StageKind = async (run) => {
  const { plan, stage } = run
  const graphs = graphsOf(plan, stage)
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const policies = await openPolicies(run, graphs)
  const { policy, frozen } = policies
  const pairs = number(stage, 'batch')
  const steps = await stepsOf(run, pairs)
  const longest = Math.min(policy.context, optionalNumber(stage, 'context') ?? policy.context)
  const layout = policy.layout(2 * pairs)
  const trainer = new Trainer(policy, stage, steps)
  let accuracy = 0

  const loss = await trainingLoop(run, trainer, course, {
    steps: endOf(stage, steps),
    outcome: 'loss',
    update: async () => {
      const sequences = course.take(pairs).flatMap((drawn) => framePair(policy, drawn, longest))
      const examples = sequenceExamples(sequences, layout)
      const all = [...sequences.keys()]
      const scores = await policy.score(examples, all, 1)
      const reference = frozen && (await frozen.score(examples, all, 1)).logp
      const metrics = await trainer.update({
        examples,
        levels: { N: pairs },
        known: { ...scores, ...(reference ? { ref_logp: reference } : {}) },
        perSequence: {},
        temperature: 1,
      })
      const margins = marginsOf(sequences, scores.logp, reference)
      accuracy = meanOf(margins.map((margin) => Number(margin > 0)))
      return { ...metrics, margin: meanOf(margins), accuracy, length: meanOf(sequences.map(({ tokens, prompt }) => tokens.length - prompt)) }
    },
  })
  const result = { metrics: { loss, accuracy }, policies: { policy: { at: policy.at, weights: await policy.weights() } } }
  closePolicies(policies)
  return result
}

/** The chosen and the rejected completion of a row as training sequences. Errors: RLP8004, RLP8005, RLP8009. */
export function framePair(policy: Reader, drawn: Drawn, longest: number): Sequence[] {
  return [frame(policy, drawn, 'chosen', longest), frame(policy, drawn, 'rejected', longest)]
}

function frame(policy: Reader, { row, place }: Drawn, side: 'chosen' | 'rejected', longest: number): Sequence {
  if (typeof row[side] !== 'string') throw failure('RLP8009', `${place} has no text in the field \`${side}\``, 'every row of preferences has `prompt`, `chosen` and `rejected`')
  const example: Row = { prompt: row['prompt'] ?? null, completion: row[side] }
  const sequence = frameExample(policy.tokenizer, example, place)
  if (sequence.tokens.length > longest) {
    throw failure('RLP8004', `${place} has ${sequence.tokens.length} tokens with its ${side} completion, the stage takes ${longest}`, 'raise `context`, or leave long rows out with `where`')
  }
  return sequence
}

/** For each pair, log π / π_ref of the chosen completion minus that of the rejected one; without a reference, of log π. */
function marginsOf(sequences: readonly Sequence[], logp: Grid, reference: Grid | undefined): number[] {
  const mask = maskGrid(sequences, logp.width)
  const sums = sequences.map((_, i) => {
    let sum = 0
    for (let at = i * logp.width; at < (i + 1) * logp.width; at++) if (mask.values[at] === 1) sum += (logp.values[at] as number) - (reference?.values[at] ?? 0)
    return sum
  })
  return Array.from({ length: sums.length / 2 }, (_, pair) => (sums[2 * pair] as number) - (sums[2 * pair + 1] as number))
}
