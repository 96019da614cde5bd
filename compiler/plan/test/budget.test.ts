// Budgets in the plan: steps of epochs, FLOPs that are counted in programs, and the claim that arms have the same.

import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { COMMON, hostOf } from '../../elaborate/test/harness.js'
import { compile } from '../../index.js'
import { planOf, stageOf } from './harness.js'

const arms = (width: string) => `${COMMON}
model other: Transformer { layers = 1, width = ${width}, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }
stage arm: Sft for k in ["a", "b"] {
  policy = if k == "a" then tiny else other
  data = chains.worked(problems["train"])
  length = 5 steps
  batch = 4 samples
  seed = if k == "a" then 0 else 1
  optimizer { lr = 1e-3 }
}
claim fair: EqualBudget { arms = arm[*], measure = "flops" }
`

suite('budgets', (test) => {
  test('FLOPs of arms with one model are equal; the claim holds in the plan', async () => {
    const plan = await planOf(arms('8'))
    equal(plan.claims, [{ name: 'fair', doc: '', text: 'equal flops', checks: [{ key: '', expr: { const: true } }] }])
    is(stageOf(plan, 'arm["a"]').estimate.flops, stageOf(plan, 'arm["b"]').estimate.flops)
  })

  test('RLP5014: those of a larger model are not, and then there is no plan', async () => {
    const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(arms('16')), parameters: [] })
    is(plan, undefined)
    const [found] = diagnostics.filter(({ severity }) => severity === 'error')
    is(found?.code, 'RLP5014')
    ok(found?.primary.text.includes('in `arm["b"]`'))
  })

  test('steps of epochs over data of a known size', async () => {
    const stage = (data: string) => `${COMMON}stage s: Sft { policy = tiny, data = ${data}, length = 3 epochs, batch = 4 samples, optimizer { lr = 1e-3 } }`
    const steps = async (data: string) => stageOf(await planOf(stage(data)), 's').estimate.steps
    is(await steps('subset(chains.worked(problems["train"]), 30 samples)'), 23)
    is(await steps('chains.worked(problems["train"])'), undefined)
  })
})
