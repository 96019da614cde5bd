// Models that `transformers` saved, used from a spec: tokens, logits and greedy completions are its own. Each family with what is special to it;
// one case is recorded, the others are made anew where Python is at hand (RLPC_PYTHON).

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import type { ModelPlan, Plan, StagePlan } from '../../spec/plan/plan.js'
import { readWeights } from '../checkpoint/folder.js'
import { Policy } from '../engines/native/policy.js'
import { graphsOf } from '../engines/native/programs.js'
import { runAll } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { folderTokenizer } from '../tokenizer/huggingface.js'
import { inHome } from './plans.js'
import { planOfSpec } from './specs.js'

interface Expected {
  readonly texts: readonly (readonly [text: string, ids: readonly number[]])[]
  readonly decoded: readonly string[]
  readonly ends: readonly number[]
  readonly prompts: readonly { readonly text: string; readonly ids: readonly number[]; readonly logits: readonly number[]; readonly completion: readonly number[] }[]
}

const python = process.env['RLPC_PYTHON']
const recorded = fileURLToPath(new URL('data/qwen2', import.meta.url))
const folders: Record<string, string> = { 'qwen2, recorded': recorded }
if (python !== undefined) {
  const made = mkdtempSync(join(tmpdir(), 'rlpc-models-'))
  process.on('exit', () => rmSync(made, { recursive: true }))
  const run = spawnSync(python, [fileURLToPath(new URL('python/make_checkpoints.py', import.meta.url)), made], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
  if (run.status !== 0) throw new Error(run.stderr)
  for (const name of readdirSync(made)) folders[name] = join(made, name)
}

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8')

/** A spec that completes the prompts greedily, and the texts of the model's configs. */
function planOf(folder: string, prompts: readonly string[]): Promise<Plan> {
  const files = Object.fromEntries(['config.json', 'generation_config.json'].filter((name) => existsSync(join(folder, name))).map((name) => [`models/it/${name}`, read(folder, name)]))
  return planOfSpec(
    `import { ModelFolder } from "std/pretrained"
import { Generate, Sft } from "std/stages"
model it: ModelFolder { path = "models/it" }
dataset prompts: Dataset[{ prompt: Text, completion: Text }] { source = jsonl("prompts.jsonl") }
stage write: Generate { policy = it, prompts = prompts, max_new = 24 tokens, temperature = 0 }
stage learn: Sft { policy = it, data = prompts, length = 1 steps, batch = ${prompts.length} samples, optimizer { lr = 1e-3 } }
stage again: Generate { policy = learn.policy, prompts = prompts, max_new = 4 tokens, temperature = 0 }
`,
    files,
  )
}

suite('models of transformers', (test) => {
  for (const [name, folder] of Object.entries(folders)) {
    const expected = JSON.parse(read(folder, 'expected.json')) as Expected
    const texts = expected.prompts.map(({ text }) => text)

    test(`${name}: texts become the same tokens, and tokens the same texts`, () => {
      const tokenizer = folderTokenizer(folder)
      expected.texts.forEach(([text, ids], i) => {
        equal(tokenizer.encode(text, 'a test'), ids, JSON.stringify(text))
        is(tokenizer.decode(ids), expected.decoded[i])
      })
    })

    test(`${name}: logits within 1e-4, in float32 and in float64`, async () => {
      const plan = await planOf(folder, texts)
      const model = plan.models['it'] as ModelPlan
      const stage = plan.stages.find(({ address }) => address === 'write') as StagePlan
      for (const executor of [wasm, reference]) {
        const policy = await Policy.open(executor, { model, tokenizer: folderTokenizer(folder), weights: readWeights(folder, model), source: folder }, graphsOf(plan, stage))
        equal([...policy.ends].sort(), [...expected.ends].sort())
        for (const { ids, logits } of expected.prompts) {
          const P = ids.length
          const [found] = await runAll(policy.programs.session, [policy.caches(1, P).prefill({ P }, { tokens: Int32Array.from(ids), positions: Int32Array.from(ids.keys()), last: Int32Array.of(P - 1) })])
          near([...(found?.['logits'] as Float32Array)], [...logits], { rtol: 0, atol: 1e-4, what: `logits of ${executor.name}` })
        }
        policy.close()
      }
    })

    test(`${name}: greedy completions are the same, and a trained copy opens again`, () =>
      inHome(async (home, run) => {
        cpSync(folder, join(home, 'models', 'it'), { recursive: true })
        writeFileSync(join(home, 'prompts.jsonl'), texts.map((prompt) => `${JSON.stringify({ prompt, completion: ' more' })}\n`).join(''))
        const plan = await planOf(folder, texts)
        const { result } = await run(plan, { executor: wasm })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        const tokenizer = folderTokenizer(folder)
        const { fingerprint } = plan.stages.find(({ address }) => address === 'write') as StagePlan
        const written = read(join(home, '.rlp', 'store', fingerprint), 'rollouts.jsonl').trim().split('\n').map((line) => (JSON.parse(line) as { completion: string }).completion)
        equal(written, expected.prompts.map(({ completion }) => tokenizer.decode(completion)))
        ok(expected.prompts.some(({ completion }) => completion.length < 24), 'one of the completions ends by itself')
      }))
  }
})
