// The native engine on tiny models: it learns, it samples what it scores, and no batching changes the numbers.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { lowerObjective } from '../../compiler/lower/objective.js'
import { closure, modulesOf, noConstants } from '../../compiler/lower/test/harness.js'
import type { Graph } from '../../spec/graph/graph.js'
import { readSafetensors } from '../checkpoint/safetensors.js'
import { freshWeights } from '../checkpoint/initialise.js'
import type { TokenizerPlan } from '../../spec/plan/plan.js'
import { bucket, gridWidth, maskGrid, microBatches, microRows, put, grid, take } from '../engines/native/batching.js'
import { sequenceExamples } from '../engines/native/examples.js'
import { passAtK, wilsonMargin } from '../engines/native/pass-at-k.js'
import { Policy } from '../engines/native/policy.js'
import { graphsOf } from '../engines/native/programs.js'
import { rollOut, type Rollout } from '../engines/native/rollout.js'
import type { Executor } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasmWith } from '../executors/wasm/index.js'
import { enlist } from '../executors/wasm/threads.js'
import { randomKey } from '../random.js'
import { summary } from '../scheduler/summary.js'
import { frameExample, frameRollout } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { clipped, copyRows, inHome, LETTERS, PlanBuilder, rows, tinyModel, withReference } from './plans.js'

const model = tinyModel(LETTERS)
const guesses = rows([{ prompt: 'a ?', answer: 'b' }, { prompt: 'b ?', answer: 'c' }, { prompt: 'c ?', answer: 'd' }, { prompt: 'd ?', answer: 'a' }])

const metricsOf = (home: string, run: string) =>
  readFileSync(join(home, '.rlp', 'runs', run, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>)

const weightsOf = (home: string, plan: ReturnType<PlanBuilder['plan']>, stage: string) =>
  [...readSafetensors(join(home, '.rlp', 'store', plan.stages.find((one) => one.address === stage)?.fingerprint as string, 'policy', 'model.safetensors')).tensors.values()].flatMap(({ data }) => [...data])

suite('sft', (test) => {
  test('learns to copy, and an evaluation sees it', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model })
        .sft('copy', model, { model: 'm' }, copyRows, { steps: 40, batch: 8 })
        .exactReward('answer')
        .completing('exam', 'Evaluate', model, { policy: { stage: 'copy', output: 'policy' }, data: copyRows, score: { reward: 'answer', term: 'correct' } })
        .plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const [copy, exam] = result.stages
      ok((copy?.metrics['loss'] as number) < 0.01)
      is(exam?.metrics['accuracy'], 1)
      is(exam?.metrics['tokens'], 2)
      const [first, second] = metricsOf(home, result.id)
      near(first?.['learned'] as number, 24)
      is(second?.['step'], 2)
      near(Math.abs((first?.['loss'] as number) - Math.log(LETTERS.length)), 0, { atol: 0.6 })
    }))

  test('packing several samples into a row leaves the numbers', () =>
    inHome(async (home, run) => {
      const start = { model: 'm' }
      const plan = new PlanBuilder({ m: model })
        .sft('apart', model, start, copyRows, { steps: 3, batch: 8 })
        .sft('packed', model, start, copyRows, { steps: 3, batch: 8, packing: true })
        .plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const lines = metricsOf(home, result.id)
      near(lines.slice(3).map(({ loss }) => loss as number), lines.slice(0, 3).map(({ loss }) => loss as number), { rtol: 1e-9 })
      near(weightsOf(home, plan, 'packed'), weightsOf(home, plan, 'apart'), { rtol: 1e-5, atol: 1e-6 })
    }))

  test('epochs are counted in samples', () =>
    inHome(async (_home, run) => {
      const plan = new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, copyRows, { steps: 0, batch: 8, length: { value: 1.5, unit: 'epochs' } }).plan()
      const { events } = await run(plan)
      is(events.filter(({ type }) => type === 'step').length, 3)
    }))
})

suite('grpo', (test) => {
  const start = new PlanBuilder({ m: model }).exactReward('answer')
  const inputs = { policy: { model: 'm' }, prompts: guesses, reward: { reward: 'answer' } }

  test('raises the reward of a bandit', () =>
    inHome(async (home, run) => {
      const plan = start.grpo('rl', model, inputs, { steps: 30, size: 16, maxNew: 2, lr: 0.02 }).plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const rewards = metricsOf(home, result.id).map(({ reward }) => reward as number)
      const mean = (part: number[]) => part.reduce((a, b) => a + b, 0) / part.length
      ok(mean(rewards.slice(0, 5)) < 0.5, `started at ${mean(rewards.slice(0, 5))}`)
      // Of four prompts; one of them is given up under some draws.
      ok(mean(rewards.slice(-5)) > 1.2, `ended at ${mean(rewards.slice(-5))}`)
    }))

  test('when all rollouts of every group score alike, the stage says that it learned nothing (RLP8013), also when it is reused', () =>
    inHome(async (_home, run) => {
      const unreachable = rows([{ prompt: 'a ?', answer: 'a b c d' }])
      const plan = new PlanBuilder({ m: model }).exactReward('answer').grpo('rl', model, { ...inputs, prompts: unreachable }, { steps: 2, maxNew: 2 }).plan()
      const { result, events } = await run(plan)
      is(result.outcome, 'done')
      const note = 'nothing was learned: the gradient was 0 in all 2 updates, since every group of rollouts scored alike'
      equal(events.flatMap((event) => (event.type === 'note' ? [`${event.code} ${event.message}`] : [])), [`RLP8013 ${note}`])
      equal(result.stages[0]?.notes, [note])
      ok(summary(result, { colour: false }).includes(`note: rl: ${note}`))
      const again = (await run(plan)).result.stages[0]
      equal([again?.status, again?.notes], ['reused', [note]])
    }))

  test('several passes and splits score the policy again; the first update of a batch does not need to', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model }).exactReward('answer')
        .grpo('one', model, inputs, { steps: 4, loss: clipped, lr: 0.01 })
        .grpo('many', model, inputs, { steps: 8, passes: 2, splits: 2, loss: clipped, lr: 0.01 })
        .plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const lines = metricsOf(home, result.id)
      const one = lines.filter((line) => String(line['stage']) === 'one')
      const many = lines.filter((line) => String(line['stage']) === 'many')
      is(many.length, 8)
      equal(many.slice(0, 4).map(({ reward }) => reward), Array(4).fill(many[0]?.['reward']))
      ok(one.every(({ loss }) => Number.isFinite(loss)))
    }))

  test('advantages compare the whole batch, however many updates it is cut into', () =>
    inHome(async (home, run) => {
      const modules = modulesOf(`rlp 1
fn gap(reward: Real per rollout): Real per rollout = reward - mean(reward, over = batch)
fn itself(logp: Real per token, advantage: Real per rollout): Real per token = advantage * exp(logp - stop_gradient(logp))
fn total(loss: Real per token): Real = sum(mean(loss, over = rollout), over = batch)
`)
      const own = (name: string) => closure(modules.get('main.rlp'), name)
      const { lowered } = lowerObjective({ levels: ['token', 'rollout', 'group', 'batch'], advantage: own('gap'), loss: own('itself'), aggregate: own('total'), reference: false, divided: true }, noConstants)
      const { advantage, weigh, measure } = lowered ?? {}
      const loss = { advantage, weigh, measure } as Record<string, Graph>
      const { result } = await run(new PlanBuilder({ m: model }).exactReward('answer').grpo('rl', model, inputs, { steps: 8, passes: 2, splits: 2, size: 8, maxNew: 2, loss }).plan())
      is(result.outcome, 'done')
      const losses = metricsOf(home, result.id).map((line) => line['loss'] as number)
      // Sums of gaps: none of the whole batch, some of each half.
      for (let update = 0; update < 8; update += 2) near((losses[update] as number) + (losses[update + 1] as number), 0, { atol: 1e-6 })
      ok(losses.some((each) => Math.abs(each) > 0.1), losses.join(' '))
      // A second pass meets the same advantages.
      near(losses.slice(2, 4), losses.slice(0, 2), { atol: 1e-6 })
    }))

  test('a reference policy that is the policy itself starts at a distance of zero', () =>
    inHome(async (home, run) => {
      const plan = new PlanBuilder({ m: model }).exactReward('answer').grpo('rl', model, { ...inputs, reference: { model: 'm' } }, { steps: 3, loss: withReference }).plan()
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const [first, second] = metricsOf(home, result.id)
      near(first?.['kl'] as number, 0, { atol: 1e-6 })
      ok(Math.abs(second?.['kl'] as number) > 1e-4)
    }))
})

suite('rollout', (test) => {
  const plan = new PlanBuilder({ m: model }).exactReward('answer').grpo('rl', model, { policy: { model: 'm' }, prompts: guesses, reward: { reward: 'answer' } }, { steps: 1 }).plan()
  const open = (executor: Executor = reference) => Policy.open(executor, { model, tokenizer: vocabularyTokenizer(model.tokenizer as TokenizerPlan), weights: freshWeights(model, 5) }, graphsOf(plan, plan.stages[0] as never))
  const prompts = Array.from({ length: 20 }, (_, i) => ({ tokens: [1, ...Array.from({ length: 1 + (i % 5) }, (_, t) => 3 + ((i + t) % 4))], row: i }))
  const options = { maxNew: 12, temperature: 0.7, key: randomKey(0, 'test') }

  test('recorded log-probabilities are those of score', async () => {
    const policy = await open()
    const rollouts = await rollOut(policy, prompts, options)
    const sequences = rollouts.map(({ tokens }, i) => frameRollout(prompts[i]?.tokens ?? [], tokens))
    const width = gridWidth(sequences)
    const { logp } = await policy.score(sequenceExamples(sequences, policy.layout(6)), sequences.map((_, i) => i), options.temperature)
    rollouts.forEach((rollout, i) => {
      const from = i * width + (sequences[i]?.prompt ?? 0) - 1
      near([...logp.values.slice(from, from + rollout.logp.length)], rollout.logp, { rtol: 1e-5, atol: 1e-6 })
    })
    ok(rollouts.some(({ finished }) => finished) && rollouts.some(({ finished }) => !finished))
    ok(rollouts.every(({ tokens, finished }) => (tokens[tokens.length - 1] === 2) === finished && (finished || tokens.length === 12)))
    policy.close()
  })

  test('what is drawn does not depend on what else is in the batch', async () => {
    const policy = await open()
    const together = await rollOut(policy, prompts, options)
    const alone = [...(await rollOut(policy, prompts.slice(7, 8), options)), ...(await rollOut(policy, prompts.slice(12, 15), options))]
    equal(alone.map(({ tokens }) => [...tokens]), [7, 12, 13, 14].map((i) => [...(together[i]?.tokens ?? [])]))
    policy.close()
  })

  test('samples of one prompt, which is read once, are to the bit what each is alone', async () => {
    const samples = Array.from({ length: 12 }, (_, i) => ({ ...(prompts[Math.floor(i / 4)] as (typeof prompts)[number]), row: i }))
    for (const executor of [reference, wasmWith(1)]) {
      const policy = await open(executor)
      const written = (rollouts: readonly Rollout[]) => rollouts.map(({ tokens, logp }) => [...tokens, ...logp].join())
      const alone: Rollout[] = []
      for (const sample of samples) alone.push(...(await rollOut(policy, [sample], options)))
      equal(written(await rollOut(policy, samples, options)), written(alone))
      policy.close()
    }
  })

  test('groups side by side write, to the bit, what one group writes', async () => {
    const many = Array.from({ length: 140 }, (_, i) => ({ ...(prompts[i % 20] as (typeof prompts)[number]), row: i }))
    const written: unknown[] = []
    for (const threads of [1, 2, 3]) {
      await enlist(threads)
      const policy = await open(wasmWith(threads, { step: 0, program: 0, timed: false }))
      written.push((await rollOut(policy, many, options)).map(({ tokens, logp }) => [...tokens, ...logp].join()))
      policy.close()
    }
    equal(written[1], written[0])
    equal(written[2], written[0])
  })
})

suite('batching', (test) => {
  const tokenizer = vocabularyTokenizer(model.tokenizer as TokenizerPlan)
  const sequences = ['a', 'a b c d', 'a b', 'a b c d a b c d a b c d a b c d a b', 'd'].map((completion) => frameExample(tokenizer, { prompt: 'a ?', completion }, ''))
  const all = sequences.map((_, i) => i)

  test('grids go into micro-batches and come back', () => {
    const width = gridWidth(sequences)
    const mask = maskGrid(sequences, width)
    mask.values.forEach((value, i) => (mask.values[i] = value * (i + 1)))
    for (const [rows, packed] of [[2], [8], [1, 32], [2, 48]] as const) {
      const options = { rows: () => rows, pad: 0, ...(packed ? { packed } : {}) }
      const back = grid(sequences.length, width)
      const batches = microBatches(sequences, all, options)
      for (const batch of batches) {
        put(back, batch, take(mask, batch))
        is(batch.feeds['tokens']?.length, rows * batch.width)
      }
      equal(back.values, mask.values)
      ok(batches.every(({ width: columns }) => columns % 4 === 0))
    }
  })

  test('targets follow their tokens and positions restart for each sample', () => {
    const [batch] = microBatches(sequences, [0, 2], { rows: () => 1, pad: 0, packed: 32 })
    equal([...(batch?.feeds['tokens'] ?? [])].slice(0, 10), [1, 3, 7, 3, 4, 1, 3, 7, 3, 0])
    equal([...(batch?.feeds['targets'] ?? [])].slice(0, 10), [3, 7, 3, 4, 2, 3, 7, 3, 2, 0])
    equal([...(batch?.feeds['positions'] ?? [])].slice(0, 10), [0, 1, 2, 3, 4, 0, 1, 2, 3, 0])
    equal([...(batch?.feeds['segments'] ?? [])].slice(0, 10), [1, 1, 1, 1, 1, 2, 2, 2, 2, 0])
  })

  test('padding is small, and lengths are few', () => {
    const lengths = Array.from({ length: 4096 }, (_, i) => i + 1)
    ok(lengths.every((length) => bucket(length) >= length && bucket(length) <= Math.max(8, length + 3, 1.125 * length)))
    ok(new Set(lengths.map(bucket)).size <= 8 * 9)
  })

  test('a batch that is cut is cut evenly', () => {
    is(microRows(64, 32), 4)
    is(microRows(36, 64), 8)
    is(microRows(36, 8), 8)
    is(microRows(4096, 5), 1)
  })

  test('packing fills rows first-fit', () => {
    is(microBatches(sequences, all, { rows: () => 1, pad: 0, packed: 32 }).length, 2)
    is(microBatches(sequences, all, { rows: () => 1, pad: 0 }).length, 5)
  })
})

suite('statistics of passes', (test) => {
  test('pass@k is the share of k-subsets with a pass', () => {
    for (const [n, c, k] of [[5, 2, 1], [5, 2, 3], [5, 0, 2], [5, 5, 2], [6, 1, 6]] as const) {
      const subsets = Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_, i) => (bits >> i) & 1)).filter((set) => set.reduce((a, b) => a + b, 0) === k)
      near(passAtK(n, c, k), subsets.filter((set) => set.slice(0, c).includes(1)).length / subsets.length)
    }
  })

  test('the Wilson interval ends where the score test just accepts', () => {
    // Roots of |p − q| = z·√(q(1 − q)/n), found by bisection in Python with `statistics.NormalDist`.
    near(wilsonMargin(91 / 140, 140), (0.724043464943206 - 0.56794467494597) / 2)
    near(wilsonMargin(0, 10), 0.2775327998628891 / 2)
  })
})
