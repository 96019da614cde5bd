// Learning from preferences, from a spec to the weights: the chosen completion wins, with and without a reference policy.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../../compiler/compile.js'
import { memoryHost } from '../../compiler/resolve/host.js'
import type { Plan } from '../../spec/plan/plan.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { wasm } from '../executors/wasm/index.js'
import { inHome } from './plans.js'

const library = new URL('../../stdlib/', import.meta.url)

/** The plan of a spec with one model `m`, a dataset `d` of preferences, and `stages`. */
async function planOf(stages: string): Promise<Plan> {
  const source = `rlp 1
import { Dpo, Preference } from "std/stages"
import { linear } from "std/schedules"
import { simpo, dpo, forward_kl, ipo, length_desensitised } from "std/preferences"
model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 32, context = 16 tokens, vocabulary = ["a", "b", "c", "?"], init_std = 0.2 }
dataset d: Dataset[Preference] { source = jsonl("pairs.jsonl") }
const rate = linear
const used = [dpo, simpo, ipo, forward_kl, length_desensitised]
${stages}
`
  const host = memoryHost({ 'main.rlp': source }, (path) => readFileSync(fileURLToPath(new URL(`${path.slice('std/'.length)}.rlp`, library)), 'utf8'))
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host, parameters: [] })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (!plan || errors.length > 0) throw new Error(errors.map(({ code, title, help }) => `${code} ${title}: ${help ?? ''}`).join('\n'))
  return plan
}

/** The longer side is sometimes chosen, sometimes rejected. */
const PAIRS = [
  { prompt: 'a ?', chosen: 'a', rejected: 'b c' },
  { prompt: 'b ?', chosen: 'b c', rejected: 'c' },
  { prompt: 'c ?', chosen: 'c', rejected: 'a' },
  { prompt: 'a b ?', chosen: 'a b', rejected: 'b' },
]

async function train(stages: string, executor?: typeof wasm) {
  const plan = await planOf(stages)
  return inHome(async (home, run) => {
    writeFileSync(join(home, 'pairs.jsonl'), PAIRS.map((pair) => JSON.stringify(pair)).join('\n'))
    const { result } = await run(plan, executor ? { executor } : {})
    is(result.outcome, 'done', JSON.stringify(result.stages))
    return readFileSync(join(home, '.rlp', 'runs', result.id, 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>)
  })
}

const SETTINGS = 'policy = m, data = d, length = 12 steps, batch = 4 samples, optimizer { lr = 0.01 }'

suite('dpo', (test) => {
  test('`until` is an earlier checkpoint of the same run', async () => {
    const settings = 'policy = m, data = d, batch = 2 samples, reference = m, loss = dpo(beta = 0.5), optimizer { lr = linear(peak = 0.01, warmup = 2 steps) }'
    const lines = await train(`stage whole: Dpo { ${settings}, length = 6 epochs }\nstage part: Dpo { ${settings}, length = 6 epochs, until = 5 steps }`)
    const of = (name: string) => lines.filter(({ stage }) => (stage as unknown) === name).map(({ stage: _, time: __, ...line }) => line)
    is(of('whole').length, 12)
    equal(of('part'), of('whole').slice(0, 5))
  })

  test('learns which completion is preferred', async () => {
    const lines = await train(`stage s: Dpo { ${SETTINGS}, reference = m, loss = dpo(beta = 0.5) }`)
    const [first, last] = [lines[0], lines.at(-1)]
    // Policy and reference are the same at first: log-ratios are 0, the loss is log 2.
    near(first?.['loss'] as number, Math.log(2), { rtol: 1e-6 })
    near(first?.['margin'] as number, 0, { atol: 1e-6 })
    is(last?.['accuracy'], 1)
    ok((last?.['loss'] as number) < 0.3, `loss ${last?.['loss']}`)
  })

  test('losses without a reference, and other scores', async () => {
    const simpo = await train(`stage s: Dpo { ${SETTINGS}, loss = simpo(beta = 2, target = 0.5) }`)
    ok((simpo.at(-1)?.['loss'] as number) < (simpo[0]?.['loss'] as number) / 2)
    const divergence = await train(`stage s: Dpo { ${SETTINGS}, reference = m, loss = ipo(beta = 0.3, score = forward_kl(completed = length_desensitised(alpha = 0.5))) }`)
    ok((divergence.at(-1)?.['loss'] as number) < (divergence[0]?.['loss'] as number))
  })

  test('wasm gives the numbers of the reference executor', async () => {
    const stage = `stage s: Dpo { ${SETTINGS}, reference = m, loss = dpo }`
    const [fast, exact] = [await train(stage, wasm), await train(stage)]
    for (const name of ['loss', 'margin', 'grad_norm']) near(fast.slice(0, 6).map((line) => line[name] as number), exact.slice(0, 6).map((line) => line[name] as number), { rtol: 2e-3, atol: 2e-5, what: name })
  })

  test('a loss that reads the reference needs one', async () => {
    let said = ''
    await planOf(`stage s: Dpo { ${SETTINGS} }`).catch((error: Error) => (said = error.message))
    ok(said.includes('ref_logp'), said)
  })
})
