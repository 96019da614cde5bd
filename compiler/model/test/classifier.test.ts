// Classifiers: scores against plain loops, gradients against finite differences, operations on weights, and sizes of models that only have a plan.

import { equal, is, near, suite } from '../../../spec/test/suite.js'
import { parametersOf } from '../../../spec/plan/engines.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import type { CompileValue } from '../../elaborate/value.js'
import { classifierGradient, classifierScore } from '../classifier.js'
import { lowerModel } from '../models.js'
import { shrinkPerturbProgram } from '../operations.js'
import { formula, nowhere, sizeOf, TestSession } from './harness.js'

function valueOf(value: number | string | boolean | readonly number[]): CompileValue {
  if (typeof value === 'number') return { type: 'number', value, unit: undefined }
  if (typeof value === 'string') return { type: 'text', value }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  return { type: 'list', items: value.map(valueOf) }
}

function model(kind: string, attributes: Readonly<Record<string, number | string | boolean | readonly number[]>>): ModelPlan {
  const { model: plan } = lowerModel(kind, new Map(Object.entries(attributes).map(([name, value]) => [name, valueOf(value)])), nowhere, () => undefined)
  if (!plan) throw new Error(`no plan of ${kind}`)
  return plan
}

const B = 3
const features = [0.3, -1.2, 0.8, 0.1, 1.4, -0.6, -0.9, 0.5, 0.2]
const targets = [1, 0, 3]

/** logits of one row with the weights of the formula. */
function logitsOf(plan: ModelPlan, row: readonly number[], activate: (x: number) => number): number[] {
  const weights = new Map(plan.weights.map(({ name, shape }) => [name, { shape, values: formula(name, sizeOf(shape)) }]))
  const layers = plan.weights.filter(({ name }) => name.endsWith('.weight')).length
  let x = [...row]
  for (let layer = 0; layer < layers; layer++) {
    const w = weights.get(`layers.${layer}.weight`) as { shape: readonly number[]; values: number[] }
    const bias = weights.get(`layers.${layer}.bias`)?.values
    const y = Array.from({ length: w.shape[0] as number }, (_, out) => x.reduce((sum, value, i) => sum + value * (w.values[out * x.length + i] as number), bias?.[out] ?? 0))
    x = layer < layers - 1 ? y.map(activate) : y
  }
  return x
}

suite('classifiers', (test) => {
  const shapes = [
    ['relu', { inputs: 3, hidden: [5, 4], classes: 4, activation: 'relu', bias: true }, (x: number) => Math.max(0, x)],
    ['tanh, no bias', { inputs: 3, hidden: [5], classes: 4, activation: 'tanh', bias: false }, Math.tanh],
    ['no hidden layer', { inputs: 3, hidden: [], classes: 4, activation: 'relu', bias: true }, (x: number) => x],
  ] as const
  for (const [what, attributes, activate] of shapes) {
    test(`scores and gradients: ${what}`, async () => {
      const plan = model('Mlp', attributes)
      const rows = targets.map((_, i) => logitsOf(plan, features.slice(3 * i, 3 * i + 3), activate))
      const logps = rows.map((row) => row.map((logit) => logit - Math.log(row.reduce((sum, other) => sum + Math.exp(other), 0))))
      const session = await TestSession.open(plan)
      const scores = async () => session.run(classifierScore(plan), { B }, { features, targets })
      const found = await scores()
      near(found['logp'] as number[], targets.map((target, i) => logps[i]?.[target] as number), { rtol: 1e-9, atol: 1e-9 })
      near(found['entropy'] as number[], logps.map((row) => -row.reduce((sum, logp) => sum + Math.exp(logp) * logp, 0)), { rtol: 1e-9, atol: 1e-9 })
      equal(found['correct'], targets.map((target, i) => Number(logps[i]?.indexOf(Math.max(...(logps[i] as number[]))) === target)))

      const [dlogp, dentropy] = [[0.5, -1, 2], [0.3, 0.7, -0.2]]
      await session.run(classifierGradient(plan, { entropy: true }), { B }, { features, targets, dlogp, dentropy })
      const objective = async () => {
        const { logp, entropy } = await scores()
        return targets.reduce((sum, _, i) => sum + (dlogp[i] as number) * (logp?.[i] as number) + (dentropy[i] as number) * (entropy?.[i] as number), 0)
      }
      for (const { name } of plan.weights) {
        const [weights, gradient] = [session.read(`w/${name}`), session.read(`g/${name}`)]
        for (const i of [0, weights.length - 1]) {
          const at = async (by: number) => {
            session.session.write(`w/${name}`, weights.map((w, j) => (j === i ? w + by : w)))
            return objective()
          }
          near(gradient[i] as number, ((await at(1e-5)) - (await at(-1e-5))) / 2e-5, { rtol: 1e-5, atol: 1e-7, what: name })
          session.session.write(`w/${name}`, weights)
        }
      }
    })
  }

  test('shrink and perturb is shrink · w + perturb · noise', async () => {
    const plan = model('Mlp', { inputs: 2, hidden: [3], classes: 2, activation: 'relu', bias: true })
    const session = await TestSession.open(plan)
    const noise = Object.fromEntries(plan.weights.map(({ name, shape }) => [`noise/${name}`, Array.from({ length: sizeOf(shape) }, (_, i) => i - 1)]))
    await session.run(shrinkPerturbProgram(plan, { shrink: 0.6, perturb: 0.1 }), {}, noise)
    for (const { name, shape } of plan.weights) near(session.read(`w/${name}`), formula(name, sizeOf(shape)).map((w, i) => 0.6 * w + 0.1 * (i - 1)), { rtol: 1e-12, atol: 1e-12 })
  })
})

suite('sizes of published models', (test) => {
  // torch: sum(p.numel() for p in model.parameters()).
  test('ResNet-18 for CIFAR-10', () => is(parametersOf(model('ResNet', { blocks: [2, 2, 2, 2], channels: 3, classes: 10 })), 11_173_962))
  test('Pythia-410M', () => is(parametersOf(model('GptNeoX', { layers: 24, width: 1024, heads: 16, mlp: 4096, context: 2048, vocabulary: 50_304 })), 405_334_016))
  test('a kind without a row has no plan', () => equal(lowerModel('Unknown', new Map(), nowhere, () => undefined), { model: undefined, diagnostics: [] }))
})
