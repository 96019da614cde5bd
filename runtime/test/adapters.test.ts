// Low-rank adapters from a spec to their folders: what is trained, what stands still, merging, going on after an interruption; and what `peft` says of them
// where Python is at hand (RLPC_PYTHON).

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { lineage } from '../../spec/plan/lineage.js'
import { trainedWeights } from '../../spec/plan/adapters.js'
import type { ModelPlan, Plan, StagePlan } from '../../spec/plan/plan.js'
import { readSafetensors } from '../checkpoint/safetensors.js'
import { memoryOf } from '../engines/native/memory.js'
import { Policy } from '../engines/native/policy.js'
import { graphsOf } from '../engines/native/programs.js'
import { runAll, type Executor } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { Artefacts } from '../scheduler/artefacts.js'
import { Store } from '../store/store.js'
import { frameExample } from '../tokenizer/framing.js'
import { folderTokenizer } from '../tokenizer/huggingface.js'
import { inHome } from './plans.js'
import { interrupted, planOfSpec, type Run } from './specs.js'

const base = fileURLToPath(new URL('data/qwen2', import.meta.url))
const configs = Object.fromEntries(['config.json', 'generation_config.json'].map((name) => [`models/base/${name}`, readFileSync(join(base, name), 'utf8')]))
const examples = [{ prompt: 'The quick', completion: ' brown fox' }, { prompt: 'We count 10', completion: ' 20 30;' }, { prompt: 'def f(x):', completion: '\n    return x + 1' }]
const python = process.env['RLPC_PYTHON']

const HEAD = `import { Lora, MergeLora } from "std/adapters"
import { ModelFolder } from "std/pretrained"
import { Dpo, Evaluate, Generate, Grpo, Sft } from "std/stages"
import { clipped_with_kl } from "std/losses"
import { length } from "std/signals"
model base: ModelFolder { path = "models/base", recompute = true }
dataset rows: Dataset[{ prompt: Text, completion: Text, chosen: Text, rejected: Text }] { source = jsonl("rows.jsonl") }
reward shape: Reward[{ prompt: Text }] { term long = length(completion), total = long }
`

const TRAINED = `stage fresh: Lora { policy = base, rank = 4, alpha = 6, seed = 3 }
stage tuned: Sft { policy = fresh.policy, data = rows, length = 3 steps, batch = 3 samples, optimizer { lr = 1e-2, weight_decay = 0.1, clip_norm = none } }
stage merged: MergeLora { policy = tuned.policy }
stage apart: Generate { policy = tuned.policy, prompts = rows, max_new = 12 tokens, temperature = 0 }
stage whole: Generate { policy = merged.policy, prompts = rows, max_new = 12 tokens, temperature = 0 }
`

async function inFolder(source: string, body: (at: { home: string; plan: Plan; run: Run }) => Promise<void>): Promise<void> {
  await inHome(async (home, run) => {
    cpSync(base, join(home, 'models', 'base'), { recursive: true })
    writeFileSync(join(home, 'rows.jsonl'), examples.map((row) => `${JSON.stringify({ ...row, chosen: row.completion, rejected: ' no' })}\n`).join(''))
    const plan = await planOfSpec(HEAD + source, configs)
    await body({ home, plan, run: (plan, options) => run(plan, { executor: wasm, ...options }) })
  })
}

const stageOf = (plan: Plan, address: string): StagePlan => plan.stages.find((stage) => stage.address === address) as StagePlan
const folderOf = (home: string, plan: Plan, address: string, output = 'policy'): string => join(home, '.rlp', 'store', stageOf(plan, address).fingerprint, output)
const bytesOf = (home: string, plan: Plan, address: string): string => readFileSync(join(folderOf(home, plan, address), 'adapter_model.safetensors')).toString('base64')

/** Logits of the last token, with the policy that a stage of the plan starts from. */
async function logitsOf(home: string, plan: Plan, address: string, ids: readonly number[], executor: Executor = reference): Promise<number[]> {
  const stage = stageOf(plan, address)
  const at = await new Artefacts(plan, new Store(join(home, '.rlp')), home).policy(stage.inputs['policy'] ?? null)
  const policy = await Policy.open(executor, at, graphsOf(plan, stage))
  const P = ids.length
  const [found] = await runAll(policy.programs.session, [policy.caches(1, P).prefill({ P }, { tokens: Int32Array.from(ids), positions: Int32Array.from(ids.keys()), last: Int32Array.of(P - 1) })])
  policy.close()
  return [...(found?.['logits'] as Float32Array)]
}

suite('adapters', (test) => {
  test('only the adapter is trained, kept and foreseen', () =>
    inFolder(TRAINED, async ({ home, plan, run }) => {
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const model = lineage(plan)({ stage: 'tuned', output: 'policy' })?.model as ModelPlan
      const trained = trainedWeights(model)
      is(trained.length, 2 * 2 * 7)
      equal(stageOf(plan, 'tuned').needs, ['fresh'])
      equal([...readSafetensors(join(folderOf(home, plan, 'tuned'), 'adapter_model.safetensors')).tensors.keys()], trained.map(({ name }) => `base_model.model.${name}`))
      equal(readdirSync(folderOf(home, plan, 'tuned')).sort(), ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
      is((JSON.parse(readFileSync(join(folderOf(home, plan, 'tuned'), 'adapter_config.json'), 'utf8')) as { base_model_name_or_path: string }).base_model_name_or_path, 'models/base')
      ok(bytesOf(home, plan, 'tuned') !== bytesOf(home, plan, 'fresh'))

      const numbers = trained.reduce((sum, { shape }) => sum + (shape[0] as number) * (shape[1] as number), 0)
      const parts = memoryOf(plan)(stageOf(plan, 'tuned'))?.parts
      equal([parts?.gradients, parts?.optimiser, parts?.checkpoint], [4 * numbers, 8 * numbers, 12 * numbers])

      const ids = [5, 17, 200, 31]
      near(await logitsOf(home, plan, 'whole', ids), await logitsOf(home, plan, 'apart', ids), { rtol: 0, atol: 1e-5, what: 'logits of the merged policy' })
      const texts = (address: string) => readFileSync(folderOf(home, plan, address, 'rollouts.jsonl'), 'utf8')
      is(texts('whole'), texts('apart'))
      equal(readdirSync(folderOf(home, plan, 'merged')).includes('model.safetensors'), true)
    }))

  test('dropout leaves out inputs at random, the same after an interruption', () =>
    inFolder(TRAINED.replace('seed = 3', 'seed = 3, dropout = 0.3'), async ({ home, plan, run }) => {
      is((await run(plan)).result.outcome, 'done')
      const whole = bytesOf(home, plan, 'tuned')
      const without = await new Promise<string>((found) => void inFolder(TRAINED, async (other) => {
        await other.run(other.plan)
        found(bytesOf(other.home, other.plan, 'tuned'))
      }))
      ok(whole !== without)
      await inFolder(TRAINED.replace('seed = 3', 'seed = 3, dropout = 0.3'), async (again) => {
        is((await interrupted(again.run, again.plan, 2)).result.outcome, 'done')
        is(bytesOf(again.home, again.plan, 'tuned'), whole)
      })
    }))

  test('policy optimisation and preferences, measured against the policy without the adapter', () =>
    inFolder(
      `stage fresh: Lora { policy = base, rank = 2, targets = ["q_proj", "down_proj"] }
stage pairs: Dpo { policy = fresh.policy, reference = base, data = rows, length = 2 steps, batch = 3 samples, optimizer { lr = 1e-2 } }
stage practice: Grpo { policy = pairs.policy, reference = pairs.policy, prompts = rows, reward = shape, loss = clipped_with_kl(kl = 0.1), length = 2 steps, group_size = 2 rollouts, rollout { per_step = 3 prompts, max_new = 6 tokens }, optimizer { lr = 1e-2 } }
stage merged: MergeLora { policy = practice.policy }
stage after: Dpo { policy = merged.policy, reference = fresh.policy, data = rows, length = 1 steps, batch = 3 samples, optimizer { lr = 1e-3 } }
`,
      async ({ home, plan, run }) => {
        const { result } = await run(plan)
        is(result.outcome, 'done', JSON.stringify(result.stages))
        const lines = readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { stage: string; step: number; margin: number; kl: number })
        const first = (stage: string) => lines.find((line) => line.stage === stage && line.step === 1)
        // B is zero: at first the policy is its base.
        near(first('pairs')?.margin as number, 0, { atol: 1e-5 })
        ok(Math.abs(lines.find((line) => line.stage === 'pairs' && line.step === 2)?.margin as number) > 1e-4)
        near(first('practice')?.kl as number, 0, { atol: 1e-5 })
        ok(Math.abs(first('after')?.margin as number) > 1e-4, 'the merged policy is not the base')
        const programs = (address: string) => Object.keys(stageOf(plan, address).programs)
        equal(['pairs', 'practice', 'after'].map((address) => programs(address).includes('reference_score')), [true, false, true])
      },
    ))

  test(`peft computes what we compute${python === undefined ? ' (no Python: not asked)' : ''}`, async () => {
    if (python === undefined) return
    const script = fileURLToPath(new URL('python/peft_adapters.py', import.meta.url))
    const ask = (...args: readonly string[]): void => {
      const { status, stdout, stderr } = spawnSync(python, [script, ...args], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(status, 0, `${stdout}\n${stderr}`)
    }
    const theirs = `stage theirs: Lora { policy = base, rank = 2, alpha = 3, targets = ["q_proj", "v_proj"], stabilised = true, start = "adapters/theirs" }
stage read: Generate { policy = theirs.policy, prompts = rows, max_new = 2 tokens, temperature = 0 }
`
    await inFolder(TRAINED + theirs, async ({ home, plan, run }) => {
      mkdirSync(join(home, 'adapters'))
      ask('make', join(home, 'models', 'base'), join(home, 'adapters', 'theirs'))
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))

      const expected = JSON.parse(readFileSync(join(home, 'adapters', 'theirs', 'expected.json'), 'utf8')) as { ids: number[]; logits: number[] }
      near(await logitsOf(home, plan, 'read', expected.ids, wasm), expected.logits, { rtol: 0, atol: 1e-4, what: 'logits of an adapter of peft' })

      const tokenizer = folderTokenizer(base)
      const sequences = examples.map((row) => frameExample(tokenizer, row, '')).map(({ tokens, prompt }) => [[...tokens], prompt] as const)
      const logits = await Promise.all(sequences.map(async ([ids]) => [ids, await logitsOf(home, plan, 'apart', ids, wasm)]))
      const at = (address: string) => resolve(folderOf(home, plan, address))
      writeFileSync(join(home, 'case.json'), JSON.stringify({ base: join(home, 'models', 'base'), fresh: at('fresh'), tuned: at('tuned'), merged: at('merged'), sequences, logits, steps: 3, lr: 1e-2, decay: 0.1 }))
      ask('check', home)
    })
  })
})
