// Drawing a first part, judging it, and only then going on: best of N, and rewind and repeat (arXiv 2512.03176, from the authors' evaluation code).
// A completion is drawn to its end and cut where its part ends: what follows does not depend on when one stops, and is not counted.

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

interface Candidate {
  /** The prompt that it was drawn from, extended by what was rejected before. */
  readonly prompt: readonly number[]
  readonly part: Completion
  /** The part is all: it ends the completion, or never ended. */
  readonly whole: boolean
  readonly value: number
}

interface Search {
  readonly drawn: Drawn
  readonly row: number
  /** Prompt of the next try. */
  text: string
  best: Candidate | undefined
  /** Tokens of all parts that were drawn. */
  tokens: number
  tries: number
}

export const partSearch: StageKind = async (run) => {
  const { stage } = run
  const [candidates, maxNew, accept] = [number(stage, 'candidates'), number(stage, 'max_new'), number(stage, 'accept')]
  const [mark, again, one] = [attribute(stage, 'part') as string | null, attribute(stage, 'again') as string | null, attribute(stage, 'choose') === 'first_accepted']
  const [judge, score] = [stage.inputs['judge'] ?? null, stage.inputs['score'] ?? null]
  const [judging, scoring] = [await Rewarder.open(run, rewardName(judge)), await Rewarder.open(run, rewardName(score))]
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const temperature = number(stage, 'temperature') || 1
  const searches = (await everyRow(run, 'data')).map((drawn, row): Search => ({ drawn, row, text: String(drawn.row['prompt']), best: undefined, tokens: 0, tries: 0 }))

  for (let attempt = 0, open = searches; attempt < candidates && open.length > 0; attempt++) {
    const prompts = open.map(({ drawn, row, text }) => ({ tokens: promptTokens(policy, { ...drawn, row: { ...drawn.row, prompt: text } }, maxNew), row: row * candidates + attempt }))
    const rollouts = await writeOut(run, policy, prompts, { maxNew, temperature, key: randomKey(stage.seed, stage.fingerprint, 'part'), what: `completions of try ${attempt + 1}` })
    const parts = rollouts.map((rollout) => cut(policy, completionOf(policy, rollout), mark))
    const values = termValues(await judging.score(open.map(({ drawn }, i) => ({ ...drawn, completion: (parts[i] as Part).part }))), judge)
    open = open.filter((search, i) => {
      const { part, whole } = parts[i] as Part
      const value = values[i] as number
      search.tokens += part.tokens
      search.tries++
      if (!search.best || value > search.best.value) search.best = { prompt: (prompts[i] as { tokens: number[] }).tokens, part, whole, value }
      if (again !== null) search.text = again.replace(/\{(prompt|part)\}/g, (_, place: string) => (place === 'prompt' ? search.text : part.text))
      return !one || value < accept
    })
  }

  const going = searches.filter(({ best }) => best && !best.whole && best.part.tokens < maxNew)
  const rests = await writeOut(run, policy, going.map(({ best, row }) => ({ tokens: [...(best as Candidate).prompt, ...idsOf(best as Candidate)], row })), { maxNew: maxNew - Math.min(...going.map(({ best }) => (best as Candidate).part.tokens)), temperature, key: randomKey(stage.seed, stage.fingerprint, 'rest'), what: 'completions' })
  const completions = new Map(searches.map(({ row, best }) => [row, (best as Candidate).part]))
  going.forEach((search, i) => {
    const { tokens, ids: rest, finished } = completionOf(policy, rests[i] as (typeof rests)[number])
    // All were drawn as far as the shortest part allows.
    const ids = [...idsOf(search.best as Candidate), ...Array.from(rest ?? [])].slice(0, maxNew)
    search.tokens += ids.length - (search.best as Candidate).part.tokens
    completions.set(search.row, { text: policy.tokenizer.decode(ids), tokens: ids.length, ids, finished: finished && ids.length === (search.best as Candidate).part.tokens + tokens })
  })
  policy.close()

  const items = searches.map(({ drawn, row }) => ({ ...drawn, completion: completions.get(row) as Completion }))
  const scored = await scoring.score(items)
  const accuracy = meanOf(Array.from(termValues(scored, score), (value) => Number(value >= 1)))
  const metrics = { accuracy, margin: wilsonMargin(accuracy, items.length), tokens: meanOf(searches.map(({ tokens }) => tokens)), rejected: meanOf(searches.map(({ tries }) => tries - 1)) }
  const terms = termMeans(scored)
  items.slice(0, SAMPLES).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  run.step(1, 1, { ...metrics, prompts: items.length, terms, ...problemsOf(scored) })
  return { metrics: { ...metrics, ...Object.fromEntries(Object.entries(terms).map(([name, mean]) => [`terms.${name}`, mean])) } }
}

type Part = Pick<Candidate, 'part' | 'whole'>

const idsOf = ({ part }: Candidate): number[] => Array.from(part.ids ?? [])

/** A completion up to and with the first token after which its text holds the mark; the whole where it never does. */
export function cut({ tokenizer }: Policy, completion: Completion, mark: string | null): Part {
  const ids = Array.from(completion.ids ?? [])
  if (mark === null || !completion.text.includes(mark)) return { part: completion, whole: true }
  let [low, high] = [1, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (tokenizer.decode(ids.slice(0, middle)).includes(mark)) high = middle
    else low = middle + 1
  }
  const head = ids.slice(0, low)
  return { part: { text: tokenizer.decode(head), tokens: head.length, ids: head, finished: completion.finished && low === ids.length }, whole: completion.finished && low === ids.length }
}
