// Generation: completions of every prompt as a dataset, with the terms of a reward when one is given.

import { completeEveryRow } from './completions.js'
import { meanOf, problemsOf, Rewarder, rewardName, termMeans, termsOf } from './reward.js'
import type { StageKind } from './stage.js'

/** Rows keep the fields of the prompt's row; `completion`, `tokens`, `finished` and with a reward `reward` and `terms` are added. */
export const generate: StageKind = async (run) => {
  const completed = await completeEveryRow(run, 'prompts')
  const reward = run.stage.inputs['reward'] ?? null
  const scored = reward === null ? undefined : await (await Rewarder.open(run.plan, rewardName(reward), run.root)).score(completed)
  const rollouts = completed.map(({ row, completion }, i) => ({
    ...row,
    completion: completion.text,
    tokens: completion.tokens,
    finished: completion.finished,
    ...(scored ? { reward: scored.total[i], terms: termsOf(scored, i) } : {}),
  }))
  run.step(1, 1, {
    rollouts: rollouts.length,
    length: meanOf(completed.map(({ completion }) => completion.tokens)),
    finished: meanOf(completed.map(({ completion }) => Number(completion.finished))),
    ...(scored ? { reward: meanOf(scored.total), terms: termMeans(scored), ...problemsOf(scored) } : {}),
  })
  return { metrics: {}, datasets: { rollouts } }
}
