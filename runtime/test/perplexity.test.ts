// Perplexities of completions: a model without weights finds every token equally surprising, and rows keep their fields.

import { is, near, ok, suite } from '../../spec/test/suite.js'
import { inHome } from './plans.js'
import { planOfSpec } from './specs.js'

const spec = (std: number): string => `
import { length } from "std/signals"
import { Filter, Generate, Perplexity } from "std/stages"
import * as hops from "std/tasks/hops"

model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 64 tokens, vocabulary = hops.words, init_std = ${std} }
dataset questions: Dataset[hops.Question] { source = hops.hops(links = 3..3, hops = 1..1), take = 6 samples }
reward long: Reward[hops.Question] { term tokens = length(completion)
  total = tokens }
stage written: Generate { policy = m, prompts = questions, reward = long, max_new = 8 tokens, temperature = 1.0 }
stage measured: Perplexity { policy = m, data = written.rollouts }
stage likely: Filter { data = measured.data, keep = row.perplexity < 1_000 and row.reward >= 0 }
pipeline p { outputs = { data = likely.data } }
`

suite('perplexity', (test) => {
  test('of a model without weights: as many as there are words', () =>
    inHome(async (_, run) => {
      const plan = await planOfSpec(spec(0))
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const words = (plan.models['m']?.tokenizer?.vocabulary.length ?? 0)
      near(result.stages.find(({ address }) => address === 'measured')?.metrics?.['perplexity'] as number, words, { rtol: 1e-5 })
      is(result.stages.find(({ address }) => address === 'likely')?.metrics?.['kept'], 1)
    }))

  test('what a policy wrote itself surprises it less than a uniform guess, on the whole', () =>
    inHome(async (_, run) => {
      const { result } = await run(await planOfSpec(spec(0.6)))
      const found = result.stages.find(({ address }) => address === 'measured')?.metrics?.['perplexity'] as number
      ok(found > 1 && found < 54, String(found))
    }))
})
