// Reward models from a spec to their folders: they learn which completion is preferred, and rewards ask them. transformers and torch compute the same
// scores, loss and gradient (RLPC_PYTHON).

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { memoryOf } from '../engines/native/memory.js'
import { graphsOf } from '../engines/native/programs.js'
import { Scorer } from '../engines/native/scorer.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { Artefacts } from '../scheduler/artefacts.js'
import { Store } from '../store/store.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const HEAD = `import { Lora } from "std/adapters"
import { bradley_terry } from "std/preferences"
import { Comparison, EvaluateRewardModel, RewardModel, scored } from "std/reward_models"
import { Generate, Grpo } from "std/stages"
model m: Transformer { layers = 2, width = 16, heads = 2, mlp = 32, context = 16 tokens, vocabulary = ["a", "b", "c", "?"], init_std = 0.2 }
dataset pairs: Dataset[Comparison] { source = jsonl("pairs.jsonl") }
`
/** `a` is preferred to what has none; sides differ in length. */
const PAIRS = [
  { prompt: 'a ?', chosen: 'a', rejected: 'b c', margin: 0.5 },
  { prompt: 'b ?', chosen: 'b a', rejected: 'c' },
  { prompt: 'c ?', chosen: 'a c c', rejected: 'b b', margin: null },
  { prompt: 'a b ?', chosen: 'a a', rejected: 'b', margin: 1.5 },
  { prompt: 'c b ?', chosen: 'c a', rejected: 'c c' },
]
const python = process.env['RLPC_PYTHON']
const SETTINGS = 'data = pairs, batch = 5 samples'

async function inFolder<T>(source: string, body: (at: { home: string; plan: Plan; run: Parameters<Parameters<typeof inHome>[0]>[1] }) => Promise<T>): Promise<T> {
  const plan = await planOfSpec(HEAD + source)
  return inHome(async (home, run) => {
    writeFileSync(join(home, 'pairs.jsonl'), PAIRS.map((row) => JSON.stringify(row)).join('\n'))
    return body({ home, plan, run })
  })
}

const stageOf = (plan: Plan, address: string): StagePlan => plan.stages.find((stage) => stage.address === address) as StagePlan

/** The trained reward model of a stage. */
async function scorerOf(home: string, plan: Plan, address: string): Promise<Scorer> {
  const at = await new Artefacts(plan, new Store(join(home, '.rlp')), home).policy({ stage: address, output: 'model' })
  return Scorer.open(reference, at, graphsOf(plan, stageOf(plan, address)))
}

suite('reward models', (test) => {
  test('they learn which completion is preferred; the exam says so of every pair', () =>
    inFolder(`stage judge: RewardModel { policy = m, length = 30 steps, ${SETTINGS}, optimizer { lr = 0.01 } }\nstage exam: EvaluateRewardModel { model = judge.model, data = pairs }`, async ({ home, plan, run }) => {
      const { result } = await run(plan, { executor: wasm })
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const lines = metricsOf(home, result)
      const exam = lines.find(({ stage }) => stage === 'exam')
      const judge = lines.filter(({ stage }) => stage === 'judge')
      ok((judge.at(-1)?.['loss'] as number) < 0.3 * (judge[0]?.['loss'] as number))
      equal([exam?.['accuracy'], exam?.['rows']], [1, 5])
      ok((exam?.['gap'] as number) > 1)
      const stage = stageOf(plan, 'judge')
      is(stage.estimate.batch, '5 pairs = 1 update')
      ok((stage.estimate.flops ?? 0) > 0)
      ok((memoryOf(plan)(stage)?.parts.optimiser ?? 0) > 0, 'its memory is foreseen')
    }))

  test('the same on WebAssembly, within float32', async () => {
    const losses = (executor: typeof wasm | typeof reference) =>
      inFolder(`stage judge: RewardModel { policy = m, length = 4 steps, ${SETTINGS}, optimizer { lr = 0.01 } }`, async ({ home, plan, run }) => {
        const { result } = await run(plan, { executor })
        return metricsOf(home, result).flatMap(({ loss, grad_norm: norm, gap }) => [loss, norm, gap] as number[])
      })
    near(await losses(wasm), await losses(reference), { rtol: 1e-4, atol: 1e-5 })
  })

  test('interrupted and continued: the same bytes', async () => {
    const source = `stage judge: RewardModel { policy = m, length = 6 steps, ${SETTINGS}, optimizer { lr = 0.01 }, save { every = 1 step, best = "highest accuracy" } }`
    const once = (after?: number) =>
      inFolder(source, async ({ home, plan, run }) => {
        const { result } = after === undefined ? await run(plan) : await interrupted(run, plan, after)
        is(result.outcome, 'done')
        return [weightsOf(home, plan, 'judge', 'model'), metricsOf(home, result)]
      })
    equal(await once(3), await once())
  })

  test(`scores, loss and gradient are those of transformers and torch${python === undefined ? ' (no Python: only our side)' : ''}`, () =>
    // A rate of 0 changes nothing: the folder holds the model that the step measured.
    inFolder(`stage judge: RewardModel { policy = m, length = 1 step, ${SETTINGS}, loss = bradley_terry(centring = 0.1), optimizer { lr = 0 } }`, async ({ home, plan, run }) => {
      const { result } = await run(plan, { executor: reference })
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const [line] = metricsOf(home, result)
      const scorer = await scorerOf(home, plan, 'judge')
      const framed = PAIRS.map(({ prompt, chosen, rejected, margin }) => ({ chosen: [...scorer.framed(prompt, { text: chosen, finished: true })], rejected: [...scorer.framed(prompt, { text: rejected, finished: true })], margin: margin ?? 0 }))
      const [chosen, rejected] = [await scorer.scores(framed.map((pair) => pair.chosen)), await scorer.scores(framed.map((pair) => pair.rejected))]
      // Ouyang et al. 2022, eq. 1, with the margins of the rows.
      const losses = framed.map(({ margin }, i) => Math.log1p(Math.exp((rejected[i] as number) - (chosen[i] as number) + margin)) + 0.1 * ((chosen[i] as number) + (rejected[i] as number)) ** 2)
      near(line?.['loss'] as number, losses.reduce((a, b) => a + b, 0) / losses.length, { rtol: 1e-5 })

      const folder = join(home, 'torch')
      mkdirSync(folder)
      cpSync(join(home, '.rlp', 'store', stageOf(plan, 'judge').fingerprint, 'model'), join(folder, 'model'), { recursive: true })
      writeFileSync(join(folder, 'pairs.json'), JSON.stringify(framed))
      equal((JSON.parse(readFileSync(join(folder, 'model', 'config.json'), 'utf8')) as { architectures: string[] }).architectures, ['LlamaForSequenceClassification'])
      if (python === undefined) return
      const out = spawnSync(python, [fileURLToPath(new URL('python/reward_model.py', import.meta.url)), folder, '0.1'], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(out.status, 0, `${out.stdout}\n${out.stderr}`)
      const torch = JSON.parse(out.stdout.trim().split('\n').at(-1) as string) as { loss: number; norm: number; chosen: number[]; rejected: number[] }
      near([...chosen, ...rejected], [...torch.chosen, ...torch.rejected], { rtol: 1e-4, atol: 1e-5, what: 'scores' })
      near(line?.['loss'] as number, torch.loss, { rtol: 1e-5, what: 'loss' })
      near(line?.['grad_norm'] as number, torch.norm, { rtol: 1e-4, what: 'norm of the gradient' })
    }))

  test('a reward asks one, also one whose body stands still under an adapter', () =>
    inFolder(
      `stage judge: RewardModel { policy = m, length = 3 steps, ${SETTINGS}, optimizer { lr = 0.01 } }
reward liked: Reward[{ prompt: Text }] { term score = scored(completion, row.prompt, judge.model), total = score }
stage written: Generate { policy = m, prompts = pairs, reward = liked, samples = 3 rollouts, max_new = 6 tokens }
stage practice: Grpo { policy = m, prompts = pairs, reward = liked, length = 1 step, group_size = 2 rollouts, rollout { per_step = 2 prompts, max_new = 6 tokens }, optimizer { lr = 1e-3 } }
stage thin: Lora { policy = m, rank = 2 }
stage thin_judge: RewardModel { policy = thin.policy, length = 3 steps, ${SETTINGS}, optimizer { lr = 0.01 } }
stage thin_exam: EvaluateRewardModel { model = thin_judge.model, data = pairs }
`,
      async ({ home, plan, run }) => {
        const { result } = await run(plan, { executor: wasm })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        const text = readFileSync(join(home, '.rlp', 'store', stageOf(plan, 'written').fingerprint, 'rollouts.jsonl'), 'utf8')
        const rows = text.trim().split('\n').map((line) => JSON.parse(line) as { prompt: string; completion: string; reward: number; finished?: boolean })
        is(rows.length, 15)
        const scorer = await scorerOf(home, plan, 'judge')
        for (const { prompt, completion, reward } of rows) {
          const [ended, cut] = await Promise.all([true, false].map(async (finished) => (await scorer.scores([scorer.framed(prompt, { text: completion, finished })]))[0] as number))
          ok([ended, cut].some((score) => Math.abs((score as number) - reward) < 1e-4), `${prompt} ${completion}: ${reward} is neither ${ended} nor ${cut}`)
        }
        const lines = metricsOf(home, result)
        ok(Number.isFinite(lines.find(({ stage }) => stage === 'practice')?.['reward'] as number))
        ok(Number.isFinite(lines.find(({ stage }) => stage === 'thin_exam')?.['gap'] as number))
      },
    ))
})
