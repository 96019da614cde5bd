// Classifiers from a spec to the weights: they learn, stop when they know their rows, continue after an interruption, and are shrunk and perturbed.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { reference } from '../executors/reference/reference.js'
import { wasm } from '../executors/wasm/index.js'
import { teacherSamples } from '../tasks/teacher.js'
import { inHome } from './plans.js'
import { interrupted, metricsOf, planOfSpec, weightsOf } from './specs.js'

const COMMON = `import { EvaluateClassifier, GradientNorm, Labelled, Mlp, Supervised } from "std/supervised"
import { ShrinkPerturb } from "std/operations"
model net: Mlp { inputs = 2, hidden = [8], classes = 2 }
dataset corners: Dataset[Labelled] { source = jsonl("corners.jsonl") }
`
const CORNERS = [[1, 1, 0], [-1, -1, 0], [1, -1, 1], [-1, 1, 1]].map(([x, y, label]) => ({ features: [x, y], label }))
const write = (home: string, rows: readonly object[] = CORNERS) => writeFileSync(join(home, 'corners.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))
const SETTINGS = 'data = corners, batch = 3 samples, optimizer { lr = 0.05, clip_norm = none }'

suite('supervised training', (test) => {
  test('a network with a hidden layer learns exclusive or, logistic regression does not; it stops when it knows all rows', async () => {
    const plan = await planOfSpec(`${COMMON}model flat: Mlp { inputs = 2, hidden = [], classes = 2 }
      stage learn: Supervised { model = net, length = 60 epochs, stop_at = 100%, ${SETTINGS} }
      stage line: Supervised { model = flat, length = 60 epochs, stop_at = 100%, ${SETTINGS} }
      stage exam: EvaluateClassifier { model = learn.model, data = corners }
      stage fresh: EvaluateClassifier { model = net, data = corners }`)
    await inHome(async (home, run) => {
      write(home)
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const metrics = Object.fromEntries(result.stages.map((stage) => [stage.address, stage.metrics]))
      is(metrics['learn']?.['accuracy'], 1)
      ok((metrics['learn']?.['epochs'] as number) < 60, 'it stops before its length')
      is(metrics['learn']?.['epochs'], ((metrics['learn']?.['steps'] as number) * 3) / 4)
      is(metrics['exam']?.['accuracy'], 1)
      ok((metrics['exam']?.['loss'] as number) < (metrics['fresh']?.['loss'] as number))
      ok((metrics['line']?.['accuracy'] as number) < 1)
      is(metrics['line']?.['steps'], 80, '60 epochs of 4 rows in batches of 3')
      const lines = metricsOf(home, result).filter(({ stage }) => stage === 'learn')
      equal(lines.map(({ train_accuracy: known }) => known !== undefined), lines.map((_, i) => (i + 1) % 2 === 0), 'all rows are looked at after every epoch of two steps')
    })
  })

  test('the same on WebAssembly, within float32', async () => {
    const plan = await planOfSpec(`${COMMON}stage learn: Supervised { model = net, length = 6 steps, ${SETTINGS} }\nstage exam: EvaluateClassifier { model = learn.model, data = corners }`)
    const losses = (executor: typeof wasm | typeof reference) =>
      inHome(async (home, run) => {
        write(home)
        const { result } = await run(plan, { executor })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        return metricsOf(home, result).map(({ loss }) => loss as number)
      })
    near(await losses(wasm), await losses(reference), { rtol: 1e-4, atol: 1e-5 })
  })

  test('interrupted and continued: the same bytes', async () => {
    const plan = await planOfSpec(`${COMMON}stage learn: Supervised { model = net, length = 12 steps, stop_at = 100%, ${SETTINGS}, save { every = 1 step } }
      stage shaken: ShrinkPerturb { model = learn.model, shrink = 0.5, perturb = 0.1 }
      stage again: Supervised { model = shaken.model, length = 6 steps, ${SETTINGS} }`)
    const once = (how: 'whole' | number) =>
      inHome(async (home, run) => {
      write(home)
        const { result } = how === 'whole' ? await run(plan) : await interrupted(run, plan, how)
        is(result.outcome, 'done')
        return { metrics: metricsOf(home, result), weights: ['learn', 'shaken', 'again'].map((stage) => weightsOf(home, plan, stage, 'model')) }
      })
    const whole = await once('whole')
    for (const after of [3, 10]) equal(await once(after), whole)
  })

  test('the best of the planned saves is a classifier of its own', async () => {
    const plan = await planOfSpec(`${COMMON}stage learn: Supervised { model = net, length = 12 steps, ${SETTINGS.replace('0.05', '1')}, save { every = 2 steps, best = "lowest loss" } }
      stage exam: EvaluateClassifier { model = learn.best, data = corners }`)
    await inHome(async (home, run) => {
      write(home)
      const { result } = await run(plan)
      is(result.outcome, 'done', JSON.stringify(result.stages))
      const losses = metricsOf(home, result).filter(({ stage }) => stage === 'learn').map(({ loss }) => loss as number)
      const means = losses.filter((_, i) => i % 2 === 1).map((loss, i) => (loss + (losses[2 * i] as number)) / 2)
      ok(means.indexOf(Math.min(...means)) < means.length - 1, 'the last one is not the best, so that this shows something')
      ok(weightsOf(home, plan, 'learn', 'best') !== weightsOf(home, plan, 'learn', 'model'))
    })
  })

  test('shrinking to nothing draws a new model of the same kind, other numbers than the old', async () => {
    const plan = await planOfSpec(`${COMMON}stage anew: ShrinkPerturb { model = net, shrink = 0, perturb = 1 }\nstage exam: EvaluateClassifier { model = anew.model, data = corners }`)
    const { net } = plan.models
    await inHome(async (home, run) => {
      write(home)
      const { result } = await run(plan)
      is(result.outcome, 'done')
      const [line] = metricsOf(home, result)
      const norm = Math.sqrt(freshWeights(net as ModelPlan, (net?.source as { seed: number }).seed).reduce((sum, { data }) => sum + [...data].reduce((inner, x) => inner + x * x, 0), 0))
      near(line?.['norm_before'] as number, norm, { rtol: 1e-6 })
      ok(Math.abs((line?.['norm'] as number) - norm) > 1e-3, 'other numbers')
      ok((line?.['norm'] as number) > norm / 3, 'of the same size')
    })
  })

  test('the norm of a gradient: that of finite differences, whatever micro-batches the rows come in', async () => {
    const plan = await planOfSpec(`${COMMON}stage pull: GradientNorm { model = net, rows = corners }`)
    const [net, rows] = [plan.models['net'] as ModelPlan, Array.from({ length: 1100 }, (_, i) => ({ features: [Math.sin(i), Math.cos(3 * i)], label: Number(i % 3 === 0) }))]
    const weights = freshWeights(net, (net.source as { seed: number }).seed).map(({ shape, data }) => ({ shape, data: Float64Array.from(data) }))
    const [w1, b1, w2, b2] = weights.map(({ data }) => data) as [Float64Array, Float64Array, Float64Array, Float64Array]
    const loss = (): number => {
      const of = ({ features: [x = 0, y = 0], label }: (typeof rows)[number]): number => {
        const hidden = Array.from(b1, (bias, i) => Math.max(0, (w1[2 * i] ?? 0) * x + (w1[2 * i + 1] ?? 0) * y + bias))
        const logits = Array.from(b2, (bias, c) => hidden.reduce((sum, h, i) => sum + h * (w2[c * 8 + i] ?? 0), bias))
        return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[label] ?? 0)
      }
      return rows.reduce((sum, row) => sum + of(row), 0) / rows.length
    }
    const squares = weights.flatMap(({ data }) => Array.from(data, (value, i) => {
      const at = (moved: number): number => ((data[i] = moved), loss())
      const slope = (at(value + 1e-6) - at(value - 1e-6)) / 2e-6
      data[i] = value
      return slope ** 2
    }))
    equal(weights.map(({ shape }) => shape), [[8, 2], [8], [2, 8], [2]])
    await inHome(async (home, run) => {
      write(home, rows)
      for (const executor of [reference, wasm]) {
        const { result } = await run(plan, { executor })
        is(result.outcome, 'done', JSON.stringify(result.stages))
        near(result.stages[0]?.metrics['norm'] as number, Math.sqrt(squares.reduce((sum, square) => sum + square, 0)), { rtol: 1e-4 })
      }
    })
  })

  test('RLP8009: rows that do not fit the model', async () => {
    for (const [row, says] of [[{ features: [1], label: 0 }, '1 features, the model reads 2'], [{ features: [1, 2], label: 2 }, 'label 2, the model knows 0 to 1']] as const) {
      const plan = await planOfSpec(`${COMMON}stage learn: Supervised { model = net, length = 1 step, ${SETTINGS} }`)
      await inHome(async (home, run) => {
        write(home, [row])
        const { error } = (await run(plan)).result.stages[0] ?? {}
        is(error?.code, 'RLP8009')
        ok(error?.message.includes(says), error?.message)
      })
    }
  })
})

suite('teacher', (test) => {
  const options = { inputs: 6, classes: 4, hidden: 16, noise: 0, teacher: 3, split: 'train' } as const
  const labels = (data: ReturnType<typeof teacherSamples>, count: number) => Array.from({ length: count }, (_, i) => data.row(i)['label'] as number)

  test('every class occurs about equally often, the same rows the same way', () => {
    const found = labels(teacherSamples(options), 2000)
    for (const label of [0, 1, 2, 3]) ok(Math.abs(found.filter((one) => one === label).length / 2000 - 0.25) < 0.12, `class ${label}`)
    equal(teacherSamples(options).row(7), teacherSamples(options).row(7))
    ok(JSON.stringify(teacherSamples(options).row(7)) !== JSON.stringify(teacherSamples({ ...options, split: 'test' }).row(7)))
  })

  test('noise changes a share of the labels and no vector', () => {
    const [clean, noisy] = [teacherSamples(options), teacherSamples({ ...options, noise: 0.4 })]
    equal(noisy.row(5)['features'], clean.row(5)['features'])
    const [a, b] = [labels(clean, 2000), labels(noisy, 2000)]
    // A uniform label is right by chance one time in four.
    near(a.filter((label, i) => label !== b[i]).length / 2000, 0.4 * 0.75, { atol: 0.04 })
  })
})
