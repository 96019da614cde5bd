// Attention changed without training, from a spec to its numbers: transformers and torch compute the same perplexities (RLPC_PYTHON), and what is
// written follows from what is scored.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelPlan, Plan, TokenizerPlan } from '../../spec/plan/plan.js'
import { is, near, ok, suite } from '../../spec/test/suite.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { frameExample } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { inHome } from './plans.js'
import { planOfSpec } from './specs.js'

const ROWS = [
  { prompt: '<sys> a b </sys> <img> b c </img> ?', completion: 'b a', reward: 0 },
  { prompt: '<sys> a </sys> <img> c a a b </img> b ?', completion: 'c', reward: 0 },
]
const SPEC = `import { ReweighAttention } from "std/attention"
import { Generate, Perplexity, Sft } from "std/stages"
type Asked = { prompt: Text, completion: Text, reward: Real }
model m: Transformer { layers = 2, width = 16, heads = 4, kv_heads = 2, mlp = 24, context = 24 tokens, vocabulary = ["<sys>", "</sys>", "<img>", "</img>", "a", "b", "c", "?"], init_std = 0.4 }
dataset samples: Dataset[Asked] { source = jsonl("samples.jsonl") }
stage same: Sft { policy = m, data = samples, length = 1 step, batch = 2 samples, optimizer { lr = 0 } }
stage changed: ReweighAttention { policy = same.policy, image = 0.8, system = 0.5, roles { image = ["<img>", "</img>"], system = ["<sys>", "</sys>"] } }
stage before: Perplexity { policy = same.policy, data = samples }
stage after: Perplexity { policy = changed.policy, data = samples }
stage further: Sft { policy = changed.policy, data = samples, length = 3 steps, batch = 2 samples, optimizer { lr = 0.01 } }
stage written: Generate { policy = changed.policy, prompts = samples, max_new = 6 tokens, samples = 4 rollouts }
`
const python = process.env['RLPC_PYTHON']
const stageOf = (plan: Plan, address: string) => plan.stages.find((stage) => stage.address === address) as Plan['stages'][number]

suite('attention changed without training', (test) => {
  test(`texts are scored as transformers scores them, and other stages go on from there${python === undefined ? ' (no Python: only our side)' : ''}`, async () => {
    const plan = await planOfSpec(SPEC)
    await inHome(async (home, run) => {
      writeFileSync(join(home, 'samples.jsonl'), ROWS.map((row) => JSON.stringify(row)).join('\n'))
      const found: number[][] = []
      for (const executor of [reference, wasm]) {
        const { result } = await run(plan, { executor, fresh: true })
        is(result.outcome, 'done', JSON.stringify(result.stages.map(({ error }) => error)))
        const rows = (stage: string) => readFileSync(join(home, '.rlp', 'store', stageOf(plan, stage).fingerprint, 'data.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { perplexity: number })
        found.push(rows('after').map(({ perplexity }) => perplexity))
        rows('before').forEach(({ perplexity }, i) => ok(Math.abs(perplexity / (found[0]?.[i] as number) - 1) > 1e-3, 'the change changes something'))
      }
      near(found[1] as number[], found[0] as number[], { rtol: 1e-5 })
      if (python === undefined) return
      const { tokenizer } = plan.models['m'] as ModelPlan & { tokenizer: TokenizerPlan }
      const factorsOf = (tokens: readonly string[]) => {
        let factor = 1
        return tokens.map((token) => {
          if (token === '<img>') factor = 1.8
          if (token === '<sys>') factor = 0.5
          const own = factor
          if (token === '</img>' || token === '</sys>') factor = 1
          return own
        })
      }
      const rows = ROWS.map((row) => {
        const { tokens, learned } = frameExample(vocabularyTokenizer(tokenizer), row, '')
        return { tokens: [...tokens], learned: [...learned], factors: factorsOf([...tokens].map((id) => tokenizer.vocabulary[id] as string)) }
      })
      const folder = join(home, 'torch')
      mkdirSync(folder)
      cpSync(join(home, '.rlp', 'store', stageOf(plan, 'changed').fingerprint, 'policy'), join(folder, 'policy'), { recursive: true })
      writeFileSync(join(folder, 'rows.json'), JSON.stringify(rows))
      const out = spawnSync(python, [fileURLToPath(new URL('python/reweighed.py', import.meta.url)), folder], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(out.status, 0, `${out.stdout}\n${out.stderr}`)
      near(found[0] as number[], JSON.parse(out.stdout.trim().split('\n').at(-1) as string) as number[], { rtol: 1e-5 })
    })
  })
})
