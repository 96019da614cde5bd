// An objective on attention from a spec to its weights: the model learns to look, and transformers and torch compute the same loss, gradient
// and looks (RLPC_PYTHON).

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelPlan, Plan, TokenizerPlan } from '../../spec/plan/plan.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { memoryOf } from '../engines/native/memory.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { frameExample } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const HEAD = `import { AttentionSft } from "std/attention"
import { Example } from "std/stages"
model m: Transformer { layers = 2, width = 16, heads = 4, kv_heads = 2, mlp = 24, context = 24 tokens, vocabulary = ["<sys>", "</sys>", "<img>", "</img>", "a", "b", "c", "?"], init_std = 0.2 }
dataset samples: Dataset[Example] { source = jsonl("samples.jsonl") }
`
/** Pictures and completions of different lengths. */
const ROWS = [
  { prompt: '<sys> a b </sys> <img> b c </img> ?', completion: 'b' },
  { prompt: '<sys> a </sys> <img> c a a b </img> b ?', completion: 'c a b' },
  { prompt: '<img> a </img> <sys> b c a </sys> ?', completion: 'a a' },
]
const ROLES = 'roles { image = ["<img>", "</img>"], system = ["<sys>", "</sys>"] }'
const guided = (settings: string): string => `stage guided: AttentionSft { policy = m, data = samples, batch = 3 samples, ${ROLES}, ${settings} }`
const python = process.env['RLPC_PYTHON']

async function inFolder<T>(source: string, body: (at: { home: string; plan: Plan; run: Parameters<Parameters<typeof inHome>[0]>[1] }) => Promise<T>, rows: readonly object[] = ROWS): Promise<T> {
  const plan = await planOfSpec(HEAD + source)
  return inHome(async (home, run) => {
    writeFileSync(join(home, 'samples.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
    return body({ home, plan, run })
  })
}

suite('an objective on attention', (test) => {
  test('the model learns to look at pictures and not at instructions', () =>
    inFolder(guided('length = 40 steps, optimizer { lr = 0.01 }'), async ({ home, plan, run }) => {
      const { result } = await run(plan, { executor: wasm })
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const lines = metricsOf(home, result)
      const [first, last] = [lines[0], lines.at(-1)] as [Record<string, number>, Record<string, number>]
      ok((last['looks'] as number) > 3 * (first['looks'] as number), `${first['looks']} to ${last['looks']}`)
      ok((last['loss'] as number) < 0.3 * (first['loss'] as number))
      const stage = plan.stages[0] as Plan['stages'][number]
      is(stage.estimate.batch, '3 samples = 1 update')
      ok((memoryOf(plan)(stage)?.parts.optimiser ?? 0) > 0, 'its memory is foreseen')
    }))

  test('the same on WebAssembly, within float32', async () => {
    const numbers = (executor: typeof wasm | typeof reference) =>
      inFolder(guided('length = 4 steps, optimizer { lr = 0.01 }'), async ({ home, plan, run }) => {
        const { result } = await run(plan, { executor })
        return metricsOf(home, result).flatMap(({ loss, grad_norm: norm, looks }) => [loss, norm, looks] as number[])
      })
    near(await numbers(wasm), await numbers(reference), { rtol: 1e-4, atol: 1e-5 })
  })

  test('interrupted and continued: the same bytes', async () => {
    const once = (after?: number) =>
      inFolder(guided('length = 6 steps, optimizer { lr = 0.01 }, save { every = 1 step, best = "lowest loss" }'), async ({ home, plan, run }) => {
        const { result } = after === undefined ? await run(plan) : await interrupted(run, plan, after)
        is(result.outcome, 'done')
        return [weightsOf(home, plan, 'guided', 'policy'), metricsOf(home, result)]
      })
    equal(await once(3), await once())
  })

  test(`loss, gradient and looks are those of transformers and torch${python === undefined ? ' (no Python: only our side)' : ''}`, () =>
    // A rate of 0 changes nothing: the folder holds the model that the step measured.
    inFolder(guided('length = 1 step, optimizer { lr = 0 }'), async ({ home, plan, run }) => {
      const { result } = await run(plan, { executor: reference })
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const [line] = metricsOf(home, result) as Record<string, number>[]
      const { tokenizer: words } = plan.models['m'] as ModelPlan & { tokenizer: TokenizerPlan }
      const tokenizer = vocabularyTokenizer(words)
      const between = (words: readonly string[], open: string, close: string) => words.map((_, i) => i >= words.indexOf(open) && i <= words.indexOf(close))
      const framed = ROWS.map((row) => {
        const { tokens, learned } = frameExample(tokenizer, row, '')
        const text = [...tokens].map((id) => words.vocabulary[id] as string)
        return { tokens: [...tokens], learned: [...learned], image: between(text, '<img>', '</img>'), system: between(text, '<sys>', '</sys>') }
      })
      const folder = join(home, 'torch')
      mkdirSync(folder)
      cpSync(join(home, '.rlp', 'store', (plan.stages[0] as Plan['stages'][number]).fingerprint, 'policy'), join(folder, 'policy'), { recursive: true })
      writeFileSync(join(folder, 'rows.json'), JSON.stringify(framed))
      if (python === undefined) return
      const out = spawnSync(python, [fileURLToPath(new URL('python/attention_sft.py', import.meta.url)), folder], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(out.status, 0, `${out.stdout}\n${out.stderr}`)
      const torch = JSON.parse(out.stdout.trim().split('\n').at(-1) as string) as Record<'loss' | 'attention' | 'norm' | 'looks', number>
      near(line?.['loss'] as number, torch.loss, { rtol: 1e-5, what: 'loss' })
      near(line?.['attention'] as number, torch.attention, { rtol: 1e-5, what: 'objective on attention' })
      near(line?.['grad_norm'] as number, torch.norm, { rtol: 1e-4, what: 'norm of the gradient' })
      near(line?.['looks'] as number, torch.looks, { rtol: 1e-4, what: 'looks' })
    }))

  test('rows without a picture, tags that are no token and roles that nobody names are told before the first step', async () => {
    const told = async (source: string, rows: readonly object[] = ROWS) => inFolder(source, async ({ plan, run }) => JSON.stringify((await run(plan)).result.stages.map(({ error }) => error)), rows)
    const blind = await told(guided('length = 1 step, optimizer { lr = 0.01 }'), [...ROWS, { prompt: '<sys> a </sys> ?', completion: 'b' }])
    ok(blind.includes('RLP8114') && blind.includes('line 4') && blind.includes('`image`'), blind)
    const unnamed = await told(guided('length = 1 step, optimizer { lr = 0.01 }').replace(ROLES, 'roles { image = ["<img>", "</img>"] }'))
    ok(unnamed.includes('RLP8114') && unnamed.includes('`system`'), unnamed)
    const long = await told(guided('length = 1 step, optimizer { lr = 0.01 }').replace('"<img>", ', '"a b", '))
    ok(long.includes('RLP8114') && long.includes('2 tokens'), long)
  })
})
