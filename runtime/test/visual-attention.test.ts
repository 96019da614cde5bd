// Rewards that ask where a model looked, from a spec to their numbers: transformers and torch see the same attention (RLPC_PYTHON), the layers are those
// that are asked for, and stages that record no attention say so.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelPlan, Plan, TokenizerPlan } from '../../spec/plan/plan.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { memoryOf } from '../engines/native/memory.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { frameRollout } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { inHome } from './plans.js'
import { metricsOf, planOfSpec } from './specs.js'

const ROWS = ['<sys> a b </sys> <img> b c </img> ?', '<sys> a </sys> <img> c a a b </img> b ?', '<img> a </img> <sys> b c a </sys> ?']
const TAGS = 'image = ["<img>", "</img>"], system = ["<sys>", "</sys>"]'
const head = (tags = TAGS): string => `import { visual_attention } from "std/attention"
import { Evaluate, Generate, Grpo, Sft } from "std/stages"
import { TreeSearch } from "std/inference"
import { length } from "std/signals"
type Asked = { prompt: Text, completion: Text }
model m: Transformer { layers = 2, width = 16, heads = 4, kv_heads = 2, mlp = 24, context = 24 tokens, vocabulary = ["<sys>", "</sys>", "<img>", "</img>", "a", "b", "c", "?"], init_std = 0.4 }
dataset asked: Dataset[Asked] { source = jsonl("asked.jsonl") }
reward looking: Reward[Asked] {
  term all   = visual_attention(completion, ${tags})
  term first = visual_attention(completion, ${tags}, layers = 0..0)
  term last  = visual_attention(completion, ${tags}, layers = 1..9)
  total = all
}
stage same: Sft { policy = m, data = asked, length = 1 step, batch = 3 samples, optimizer { lr = 0 } }
`
const STAGES = `stage written: Generate { policy = same.policy, prompts = asked, reward = looking, samples = 2 rollouts, max_new = 6 tokens }
stage practice: Grpo { policy = same.policy, prompts = asked, reward = looking, length = 25 steps, group_size = 8 rollouts, rollout { per_step = 3 prompts, max_new = 6 tokens }, optimizer { lr = 1e-2 } }
stage exam: Evaluate { policy = practice.policy, data = asked, score = looking.all, max_new = 6 tokens }
`
const python = process.env['RLPC_PYTHON']
const stageOf = (plan: Plan, address: string) => plan.stages.find((stage) => stage.address === address) as Plan['stages'][number]

async function inFolder<T>(source: string, body: (at: { home: string; plan: Plan; run: Parameters<Parameters<typeof inHome>[0]>[1] }) => Promise<T>): Promise<T> {
  const plan = await planOfSpec(source)
  return inHome(async (home, run) => {
    writeFileSync(join(home, 'asked.jsonl'), ROWS.map((prompt) => JSON.stringify({ prompt, completion: 'b' })).join('\n'))
    return body({ home, plan, run })
  })
}

suite('rewards that ask where the model looked', (test) => {
  test('what pays is looked at more, and layers are those that are asked for', () =>
    inFolder(head() + STAGES, async ({ home, plan, run }) => {
      const { result } = await run(plan, { executor: wasm })
      is(result.outcome, 'done', JSON.stringify(result.stages.map(({ error }) => error)))
      const lines = metricsOf(home, result)
      const practice = lines.filter(({ stage }) => stage === 'practice').map(({ terms }) => terms as Record<string, number>)
      for (const { all, first, last } of practice) near(all as number, ((first as number) + (last as number)) / 2, { rtol: 1e-6 })
      const exam = lines.find(({ stage }) => stage === 'exam')?.['terms'] as Record<string, number>
      ok((exam['all'] as number) > 1.2 * (practice[0]?.['all'] as number), `${practice[0]?.['all']} to ${exam['all']}`)
      const { memory, estimate } = { memory: memoryOf(plan)(stageOf(plan, 'exam')), estimate: stageOf(plan, 'practice').estimate }
      ok((memory?.peak ?? 0) > 0 && (estimate.flops ?? 0) > 0)
    }))

  test(`the ratio is that of transformers and torch${python === undefined ? ' (no Python: only our side)' : ''}`, () =>
    inFolder(head() + STAGES.split('\n')[0], async ({ home, plan, run }) => {
      const found: number[][] = []
      const stored = (stage: string, file: string) => join(home, '.rlp', 'store', stageOf(plan, stage).fingerprint, file)
      for (const executor of [wasm, reference]) {
        const { result } = await run(plan, { executor, fresh: true })
        is(result.outcome, 'done', JSON.stringify(result.stages.map(({ error }) => error)))
        found.push(rollouts().map(({ reward }) => reward))
      }
      is(found[0]?.length, 6)
      near(found[0] as number[], found[1] as number[], { rtol: 1e-4 })
      if (python === undefined) return
      const { tokenizer: words } = plan.models['m'] as ModelPlan & { tokenizer: TokenizerPlan }
      const tokenizer = vocabularyTokenizer(words)
      const between = (text: readonly string[], open: string, close: string) => text.map((_, i) => i >= text.indexOf(open) && i <= text.indexOf(close))
      // Special tokens leave no trace in texts.
      const whole = rollouts().filter(({ completion, tokens }) => completion.split(' ').length === tokens)
      ok(whole.length >= 3)
      const rows = whole.map(({ prompt, completion, finished }) => {
        const [asked, written] = [tokenizer.encode(`<bos> ${prompt}`, ''), [...tokenizer.encode(completion, ''), ...(finished ? [tokenizer.eos] : [])]]
        const { tokens, learned } = frameRollout(asked, written)
        const text = [...tokens].map((id) => words.vocabulary[id] as string)
        return { tokens: [...tokens], learned: [...learned], image: between(text, '<img>', '</img>'), system: between(text, '<sys>', '</sys>') }
      })
      const folder = join(home, 'torch')
      mkdirSync(folder)
      cpSync(stored('same', 'policy'), join(folder, 'policy'), { recursive: true })
      writeFileSync(join(folder, 'rows.json'), JSON.stringify(rows))
      const out = spawnSync(python, [fileURLToPath(new URL('python/attention_sft.py', import.meta.url)), folder], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(out.status, 0, `${out.stdout}\n${out.stderr}`)
      const { looks } = JSON.parse(out.stdout.trim().split('\n').at(-1) as string) as { looks: number }
      near(whole.reduce((sum, { reward }) => sum + reward, 0) / whole.length, looks, { rtol: 1e-4 })

      function rollouts(): { prompt: string; completion: string; reward: number; tokens: number; finished: boolean }[] {
        return readFileSync(stored('written', 'rollouts.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as ReturnType<typeof rollouts>[number])
      }
    }))

  test('stages that record no attention, and roles that nobody names, say so', async () => {
    const told = (source: string) => inFolder(source, async ({ plan, run }) => JSON.stringify((await run(plan)).result.stages.map(({ error }) => error)))
    const tree = await told(`${head()}stage search: TreeSearch { policy = same.policy, data = asked, judge = looking.all, score = looking.all, step = "?", depth = 2, calls = 4, branching = 2, max_new = 3 tokens }`)
    ok(tree.includes('RLP8113') && tree.includes('Evaluate'), tree)
    const unnamed = await told(head('image = ["<img>", "</img>"]') + STAGES.split('\n')[0])
    ok(unnamed.includes('RLP8114') && unnamed.includes('`system`'), unnamed)
  })

  test('only stages whose rewards ask have the program', async () => {
    const plan = await planOfSpec(`${head()}reward short: Reward[Asked] { term few = 1 / (1 + length(completion)), total = few }\nstage one: Generate { policy = m, prompts = asked, reward = short, max_new = 6 tokens }\nstage two: Generate { policy = m, prompts = asked, reward = looking, max_new = 6 tokens }`)
    equal(['one', 'two'].map((stage) => 'look' in stageOf(plan, stage).programs), [false, true])
  })
})
