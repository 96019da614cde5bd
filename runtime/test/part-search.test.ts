// Parts of completions that are judged before they go on, with a model that writes at random: what is counted, kept and thrown away.

import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { interleaved, tokensBefore } from '../signals/segments.js'
import { inHome } from './plans.js'
import { planOfSpec } from './specs.js'

const spec = (settings: string): string => `
import { matches, length } from "std/signals"
import { PartSearch } from "std/inference"
import { constant } from "std/schedules"
import * as hops from "std/tasks/hops"

model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 64 tokens, vocabulary = hops.words, init_std = 0.3 }
dataset questions: Dataset[hops.Question] { source = hops.hops(links = 3..3, hops = 1..1), take = 4 samples }
reward judged: Reward[hops.Question] {
  term yes  = matches(completion, "")
  term no   = 0 * matches(completion, "x")
  term plan = matches(completion, "</plan>$")
  measure tokens = length(completion)
  total = yes + no + plan
}
stage search: PartSearch {
  policy = m
  data = questions
  score = judged.yes
  max_new = 8 tokens
  temperature = 3.0
  top_p = 1.0
  ${settings}
}
pipeline p { outputs = { accuracy = search.accuracy } }
`

const searched = (settings: string): Promise<Readonly<Record<string, number>>> =>
  inHome(async (_, run) => {
    const { result } = await run(await planOfSpec(spec(settings)))
    is(result.outcome, 'done')
    return result.stages[0]?.metrics as Readonly<Record<string, number>>
  })

suite('part search', (test) => {
  test('a judge who accepts everything throws nothing away, and every token is counted once', async () => {
    for (const part of ['part = "</plan>"', '']) {
      const { rejected, tokens, accuracy, ...rest } = await searched(`judge = judged.yes, choose = "first_accepted", candidates = 3\n  ${part}`)
      equal({ rejected, accuracy }, { rejected: 0, accuracy: 1 })
      near(tokens as number, rest['terms.tokens'] as number)
    }
  })

  test('a judge who accepts nothing costs all tries, and the best goes on all the same', async () => {
    const { rejected, tokens, ...rest } = await searched('judge = judged.no, choose = "first_accepted", candidates = 3')
    is(rejected, 2)
    // Whole completions: three of them, of which one is kept.
    ok((tokens as number) > 1.5 * (rest['terms.tokens'] as number))
  })

  test('best of N draws all; the best by the judge is kept', async () => {
    const one = await searched('judge = judged.plan, choose = "best", candidates = 1, part = "</plan>"')
    const four = await searched('judge = judged.plan, choose = "best", candidates = 4, part = "</plan>"')
    is(four['rejected'], 3)
    ok((four['tokens'] as number) > (one['tokens'] as number))
  })

  test('a rejected part extends the next prompt', async () => {
    const { rejected } = await searched('judge = judged.no, choose = "first_accepted", candidates = 2, part = "</plan>", again = "{prompt} go"')
    is(rejected, 1)
  })
})

suite('segments', (test) => {
  test('interleaved: hidden and visible parts in turn, in order, once', () => {
    const rows: [string, boolean][] = [
      ['<think> a </think> <plan> b </plan> <think> c </think> <answer> d </answer>', true],
      ['<think></think><plan>b</plan>\n<think>c</think><answer>d</answer>\n', true],
      ['<think> a </think> <answer> d </answer>', false],
      ['<think> a </think> <plan> b </plan> <answer> d </answer>', false],
      ['<think> a </think> <answer> b </answer> <think> c </think> <plan> d </plan>', false],
      ['<think> a </think> <plan> b </plan> so <think> c </think> <answer> d </answer>', false],
      ['<think> a <plan> </think> <plan> b </plan> <think> c </think> <answer> d </answer>', false],
      ['<think> a </think> <plan> b </plan> <think> c </think> <answer> d', false],
      ['', false],
    ]
    for (const [text, expected] of rows) is(interleaved(text, ['plan', 'answer'], 'think'), expected, text)
  })

  test('tokens before the first visible part, in words scaled to tokens', () => {
    is(tokensBefore('<think> a b </think> <plan> c </plan>', ['plan', 'answer'], 7), 4)
    is(tokensBefore('<think> a b </think> <plan> c </plan>', ['plan', 'answer'], 14), 8)
    is(tokensBefore('<answer> c </answer> <plan>', ['plan', 'answer'], 4), 0)
    is(tokensBefore('<think> a b', ['plan'], 3), 3)
  })
})
