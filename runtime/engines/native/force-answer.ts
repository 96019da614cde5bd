// Completions with a budget: where it ends one, a text is put behind it and a short answer drawn (budget forcing, arXiv 2501.19393).

import type { Completion } from '../../host.js'
import { randomKey } from '../../random.js'
import { attribute, number } from './attributes.js'
import type { Drawn } from './course.js'
import { wilsonMargin } from './pass-at-k.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow, promptTokens } from './prompts.js'
import { meanOf, problemsOf, Rewarder, rewardName, sampleOf, termMeans, termValues } from './reward.js'
import { completionOf } from './rollout.js'
import type { StageKind } from './stage.js'
import { writeOut } from './written.js'

/** Completions kept for people to read. */
const SAMPLES = 32

export const forceAnswer: StageKind = async (run) => {
  const { stage } = run
  const [maxNew, more, samples, score] = [number(stage, 'max_new'), number(stage, 'answer'), number(stage, 'samples'), stage.inputs['score'] ?? null]
  const rewarder = await Rewarder.open(run, rewardName(score))
  const rows = await everyRow(run, 'data')
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const put = policy.tokenizer.encode(attribute(stage, 'text') as string, `\`text\` of ${stage.address}`)
  const temperature = number(stage, 'temperature') || 1
  const wanted = rows.flatMap((drawn, row) => Array.from({ length: samples }, (_, sample) => ({ drawn, row: row * samples + sample, prompt: promptTokens(policy, drawn, maxNew + put.length + more) })))
  const draw = async (prompts: readonly { tokens: readonly number[]; row: number }[], most: number, purpose: string): Promise<Completion[]> => {
    const written = await writeOut(run, policy, prompts, { maxNew: most, temperature, key: randomKey(stage.seed, stage.fingerprint, purpose), what: purpose })
    return written.map((rollout) => completionOf(policy, rollout))
  }

  const free = await draw(wanted.map(({ prompt, row }) => ({ tokens: prompt, row })), maxNew, 'completions')
  const cut = wanted.flatMap(({ prompt, row }, i) => {
    const { finished, ids = [] } = free[i] as Completion
    return finished ? [] : [{ i, row, prompt, ids: [...Array.from(ids), ...put] }]
  })
  const answers = await draw(cut.map(({ row, prompt, ids }) => ({ tokens: [...prompt, ...ids], row })), more, 'answers')
  const items: (Drawn & { completion: Completion })[] = wanted.map(({ drawn }, i) => ({ ...drawn, completion: free[i] as Completion }))
  cut.forEach(({ i, ids }, n) => {
    const { ids: rest = [], finished } = answers[n] as Completion
    const all = [...ids, ...Array.from(rest)]
    items[i] = { ...(items[i] as (typeof items)[number]), completion: { text: policy.tokenizer.decode(all), tokens: all.length, ids: all, finished } }
  })
  policy.close()

  const scored = await rewarder.score(items)
  const accuracy = meanOf(Array.from(termValues(scored, score), (value) => Number(value >= 1)))
  const metrics = { accuracy, margin: wilsonMargin(accuracy, rows.length), forced: cut.length / items.length, tokens: meanOf(items.map(({ completion }) => completion.tokens)) }
  const terms = termMeans(scored)
  items.slice(0, SAMPLES).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  run.step(1, 1, { ...metrics, prompts: rows.length, terms, ...problemsOf(scored) })
  return { metrics: { ...metrics, ...Object.fromEntries(Object.entries(terms).map(([name, mean]) => [`terms.${name}`, mean])) } }
}
