// Evaluation: complete every prompt, see which completions pass one term of a reward.

import { number } from './attributes.js'
import { completeEveryRow } from './completions.js'
import { passAtK, wilsonMargin } from './pass-at-k.js'
import { meanOf, problemsOf, Rewarder, rewardName, sampleOf, termMeans, termValues } from './reward.js'
import type { StageKind } from './stage.js'

/** Completions kept for people to read. */
const SAMPLES = 32

export const evaluation: StageKind = async (run) => {
  const { stage } = run
  const score = stage.inputs['score'] ?? null
  const rewarder = await Rewarder.open(run, rewardName(score))
  const [samples, k] = [number(stage, 'samples'), number(stage, 'k')]
  const completed = await completeEveryRow(run, 'data')
  const scored = await rewarder.score(completed)
  const values = termValues(scored, score)

  const prompts = completed.length / samples
  const passes = Array.from({ length: prompts }, (_, prompt) => values.subarray(prompt * samples, (prompt + 1) * samples).reduce((sum, value) => sum + Number(value >= 1), 0))
  const accuracy = meanOf(passes.map((count) => count / samples))
  const metrics = {
    accuracy,
    pass_at_k: meanOf(passes.map((count) => passAtK(samples, count, k))),
    // Completions of one prompt are not independent: the interval counts prompts.
    margin: wilsonMargin(accuracy, prompts),
    tokens: meanOf(completed.map(({ completion }) => completion.tokens)),
  }
  const terms = termMeans(scored)
  completed.slice(0, SAMPLES).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  const finished = meanOf(completed.map(({ completion }) => Number(completion.finished)))
  run.step(1, 1, { ...metrics, prompts, finished, terms, ...problemsOf(scored) })
  // Claims read `exam.terms.skipped`.
  return { metrics: { ...metrics, ...Object.fromEntries(Object.entries(terms).map(([name, mean]) => [`terms.${name}`, mean])) } }
}
