// Self-consistency (arXiv 2203.11171): several completions of each prompt, of which the answer that most of them give counts.

import { tagged } from '../../signals/layout.js'
import { attribute, number } from './attributes.js'
import { completeEveryRow, type Completed } from './completions.js'
import { wilsonMargin } from './pass-at-k.js'
import { meanOf, problemsOf, Rewarder, rewardName, sampleOf, termMeans, termValues } from './reward.js'
import type { StageKind } from './stage.js'

/** Completions kept for people to read. */
const SAMPLES = 32

export const majorityVote: StageKind = async (run) => {
  const { stage } = run
  const [score, tag, samples] = [stage.inputs['score'] ?? null, attribute(stage, 'answer') as string, number(stage, 'samples')]
  const rewarder = await Rewarder.open(run, rewardName(score))
  const completed = await completeEveryRow(run, 'data')
  const groups = Array.from({ length: completed.length / samples }, (_, row) => completed.slice(row * samples, (row + 1) * samples))
  const votes = groups.map((group) => majority(group.map(({ completion }) => tagged(completion.text, tag))))
  const chosen = groups.map((group, row) => group[votes[row]?.first ?? 0] as Completed)
  const scored = await rewarder.score(chosen)
  const accuracy = meanOf(Array.from(termValues(scored, score), (value) => Number(value >= 1)))
  const metrics = {
    accuracy,
    margin: wilsonMargin(accuracy, groups.length),
    agreement: meanOf(votes.map(({ votes: count }) => count / samples)),
    tokens: meanOf(groups.map((group) => group.reduce((sum, { completion }) => sum + completion.tokens, 0))),
  }
  chosen.slice(0, SAMPLES).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  run.step(1, 1, { ...metrics, prompts: groups.length, terms: termMeans(scored), ...problemsOf(scored) })
  return { metrics }
}

/** How many gave the most frequent answer, and who gave it first; of answers that are equally frequent the one that was given first. Who gives none does not vote. */
export function majority(answers: readonly (string | null)[]): { readonly votes: number; readonly first: number } {
  const counts = new Map<string, { votes: number; readonly first: number }>()
  answers.forEach((answer, i) => {
    if (answer === null) return
    const count = counts.get(answer)
    if (count) count.votes++
    else counts.set(answer, { votes: 1, first: i })
  })
  return [...counts.values()].reduce((most, each) => (each.votes > most.votes ? each : most), { votes: 0, first: 0 })
}
