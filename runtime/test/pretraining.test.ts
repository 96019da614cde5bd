// Pre-training from a spec to the weights: the stream of tokens, learning, earlier checkpoints, interruption, held-out loss.

import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'
import type { Course, Drawn } from '../engines/native/course.js'
import { streamedOnce, TokenStream } from '../engines/native/token-stream.js'
import { HostError } from '../host.js'
import { markovTexts, transitions } from '../tasks/markov.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const tokenizer = vocabularyTokenizer({ kind: 'words', vocabulary: ['<pad>', '<bos>', '<eos>', 'a', 'b', 'c'] })

/** A course over `a`, `a b`, `a b c`, again and again. */
function courseOf(): Course {
  let drawn = 0
  const texts = ['a', 'a b', 'a b c']
  const take = (count: number): Drawn[] => Array.from({ length: count }, () => ({ row: { text: texts[drawn++ % 3] }, place: 'row' }))
  return { take, save: () => ({ phase: 0, steps: 0, drawn }), restore: (state: { drawn: number }) => (drawn = state.drawn), stepDone: () => {}, phaseName: undefined } as unknown as Course
}

const words = (tokens: ArrayLike<number>): string => Array.from(tokens, (id) => ['', '', '.', 'a', 'b', 'c'][id]).join('')

suite('token streams', (test) => {
  test('documents are joined by end tokens and cut; each row goes on where the last one ended', () => {
    const stream = new TokenStream(courseOf(), tokenizer, 4)
    equal([...stream.take(2), ...stream.take(1)].map(({ tokens }) => words(tokens)), ['a.ab.', '.abc.', '.a.ab'])
    equal([...(stream.take(1)[0]?.learned ?? [])], [0, 1, 1, 1, 1], 'every token is a target once')
  })

  test('a saved stream goes on with the same tokens', () => {
    const [one, other] = [new TokenStream(courseOf(), tokenizer, 3), new TokenStream(courseOf(), tokenizer, 3)]
    one.take(3)
    other.restore(JSON.parse(JSON.stringify(one.save())))
    equal(other.take(4).map(({ tokens }) => words(tokens)), one.take(4).map(({ tokens }) => words(tokens)))
  })

  test('read once, the last row is what is left', () => {
    const documents = ['a b c', 'b'].map((text) => ({ row: { text }, place: 'row' }))
    equal(streamedOnce(documents, tokenizer, 4).map(({ tokens }) => words(tokens)), ['abc.b', 'b.'])
    equal(streamedOnce(documents, tokenizer, 5).map(({ tokens }) => words(tokens)), ['abc.b.'])
  })
})

const COMMON = `import { Document, EvaluateLoss, Pretrain } from "std/pretraining"
import { cosine } from "std/schedules"
import { ShrinkPerturb } from "std/operations"
import * as markov from "std/tasks/markov"
model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 16, context = 16 tokens, vocabulary = markov.words, rotary_base = 100, init_std = 0.1 }
dataset A: Dataset[Document] for split in ["train", "test"] { source = markov.texts(source = 1, symbols = 4, peak = 3, length = 20 tokens, split = split), take = 60 samples }
`
const SETTINGS = 'policy = tiny, data = A["train"], batch = 4 samples'

suite('pre-training', (test) => {
  test('the held-out loss falls below that of a uniform guess; an earlier checkpoint is a part of the same run', async () => {
    const plan = await planOfSpec(`${COMMON}
      stage all: Pretrain { ${SETTINGS}, length = 1_920 tokens, optimizer { lr = cosine(peak = 5e-2, warmup = 3 steps) } }
      stage part: Pretrain { ${SETTINGS}, length = 30 steps, until = 10 steps, optimizer { lr = cosine(peak = 5e-2, warmup = 3 steps) } }
      stage same: ShrinkPerturb { model = all.policy, shrink = 1, perturb = 0 }
      stage exam: EvaluateLoss for part in ["all", "same", "fresh"] { policy = if part == "all" then all.policy else if part == "same" then same.model else tiny, data = A["test"] }`)
    is(plan.stages.find(({ address }) => address === 'all')?.estimate.steps, 30)
    is(plan.stages.find(({ address }) => address === 'part')?.estimate.tokens, 640)
    await inHome(async (home, run) => {
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const metrics = Object.fromEntries(result.stages.map((stage) => [stage.address, stage.metrics]))
      ok((metrics['exam["all"]']?.['loss'] as number) < Math.log(5))
      ok((metrics['exam["fresh"]']?.['loss'] as number) > Math.log(5))
      equal(metrics['exam["same"]'], metrics['exam["all"]'], 'a language model that is neither shrunk nor perturbed')
      near(metrics['exam["all"]']?.['perplexity'] as number, Math.exp(metrics['exam["all"]']?.['loss'] as number), { rtol: 1e-9 })
      const lines = metricsOf(home, result)
      const of = (name: string) => lines.filter(({ stage }) => stage === name).map(({ stage: _, ...line }) => line)
      is(of('all').length, 30)
      equal(of('part'), of('all').slice(0, 10))
      // 60 texts of 20 symbols and their end tokens; the first one has nothing before it.
      is(lines.find(({ stage }) => stage === 'exam["all"]')?.['tokens'], 60 * 21 - 1)
    })
  })

  test('interrupted and continued: the same bytes', async () => {
    const plan = await planOfSpec(`${COMMON}stage learn: Pretrain { ${SETTINGS}, length = 8 steps, optimizer { lr = 1e-2 } }`)
    const once = (after: number | undefined) =>
      inHome(async (home, run) => {
        const { result, events } = after === undefined ? await run(plan) : await interrupted(run, plan, after)
        if (after !== undefined) ok(events.some((event) => event.type === 'started' && event.from === after))
        return { metrics: metricsOf(home, result), weights: weightsOf(home, plan, 'learn', 'policy') }
      })
    equal(await once(5), await once(undefined))
  })

  test('RLP8009: a document without a text', () => {
    throws(() => streamedOnce([{ row: { words: 'a' }, place: 'row 1 of `texts`' }], tokenizer, 4), (error: unknown) => error instanceof HostError && error.code === 'RLP8009')
  })
})

suite('markov sources', (test) => {
  const options = { source: 1, like: null, likeness: 0, symbols: 4, peak: 2, length: 40, split: 'train' } as const

  test('texts follow the probabilities of their source', () => {
    const p = transitions(options)
    const counts = new Float64Array(64)
    const data = markovTexts(options)
    for (let i = 0; i < 800; i++) {
      const text = (data.row(i)['text'] as string).split(' ').map((symbol) => 'abcd'.indexOf(symbol))
      for (let t = 2; t < text.length; t++) counts[((text[t - 2] as number) * 4 + (text[t - 1] as number)) * 4 + (text[t] as number)]!++
    }
    for (let row = 0; row < 64; row += 4) {
      const total = counts.subarray(row, row + 4).reduce((a, b) => a + b, 0)
      for (let next = row; next < row + 4; next++) near((counts[next] as number) / total, p[next] as number, { atol: 5 * Math.sqrt(0.25 / total) })
    }
  })

  test('a source that is like another one mixes their probabilities', () => {
    const [one, other] = [transitions(options), transitions({ ...options, source: 2 })]
    near([...transitions({ ...options, source: 2, like: 1, likeness: 0.75 })], [...other].map((p, i) => 0.25 * p + 0.75 * (one[i] as number)), { rtol: 1e-12 })
  })
})
