// Generation: completions of every prompt as a dataset, with the terms of a reward when one is given; all at once, or try after try
// until a prompt is solved.

import type { Value } from '../../../spec/plan/plan.js'
import { number } from './attributes.js'
import { completeEveryRow, Completer, type Completed } from './completions.js'
import { meanOf, problemsOf, Rewarder, rewardName, termMeans, termsOf, termValues } from './reward.js'
import type { StageKind, StageRun } from './stage.js'

/** Rows keep the fields of the prompt's row; `completion`, `tokens`, `finished` and with a reward `reward` and `terms` are added. */
export const generate: StageKind = async (run) => {
  const until = run.stage.inputs['until'] ?? null
  const { completed, solved } = until === null ? { completed: await completeEveryRow(run, 'prompts'), solved: 0 } : await completeUntil(run, until)
  const reward = run.stage.inputs['reward'] ?? until
  const scored = reward === null ? undefined : await (await Rewarder.open(run, rewardName(reward))).score(completed)
  const rollouts = completed.map(({ row, completion }, i) => ({
    ...row,
    completion: completion.text,
    tokens: completion.tokens,
    finished: completion.finished,
    ...(scored ? { reward: scored.total[i], terms: termsOf(scored, i) } : {}),
  }))
  run.step(1, 1, {
    rollouts: rollouts.length,
    ...(until === null ? {} : { solved }),
    length: meanOf(completed.map(({ completion }) => completion.tokens)),
    finished: meanOf(completed.map(({ completion }) => Number(completion.finished))),
    ...(scored ? { reward: meanOf(scored.total), terms: termMeans(scored), ...problemsOf(scored) } : {}),
  })
  return { metrics: { ...(until === null ? {} : { solved }), ...(scored ? { reward: meanOf(scored.total) } : {}) }, datasets: { rollouts } }
}

/** Every prompt once, then those again that no completion has passed, at most `samples` times; grouped by row. */
async function completeUntil(run: StageRun, until: Value): Promise<{ completed: Completed[]; solved: number }> {
  const rewarder = await Rewarder.open(run, rewardName(until))
  const completer = await Completer.open(run, 'prompts')
  const tries = Array.from({ length: completer.count }, (): Completed[] => [])
  let open = [...tries.keys()]
  for (let sample = 0; sample < number(run.stage, 'samples') && open.length > 0; sample++) {
    const completed = await completer.complete(open.map((row) => ({ row, sample })))
    const passed = termValues(await rewarder.score(completed), until)
    open.forEach((row, i) => tries[row]?.push(completed[i] as Completed))
    open = open.filter((_, i) => (passed[i] as number) < 1)
  }
  completer.close()
  return { completed: tries.flat(), solved: 1 - open.length / tries.length }
}
