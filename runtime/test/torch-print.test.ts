// Printed PyTorch: reviewed goldens (UPDATE_GOLDEN=1 writes them), and with Python and torch there, values and autograd
// of every op, of random graphs and of the standard library's objectives against the reference executor and our gradients.

import fc from 'fast-check'
import { readFileSync, writeFileSync } from 'node:fs'
import { GraphBuilder, type Value } from '../../compiler/graph/builder.js'
import { attention, rmsNorm, rotary, sample, tokenLogprob } from '../../compiler/graph/composites.js'
import { gradient } from '../../compiler/graph/gradient.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Plan, StagePlan, Value as PlanValue } from '../../spec/plan/plan.js'
import { graphOf, opCases } from '../../spec/graph/test/cases.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import type { Bindings, TensorData } from '../executors/executor.js'
import { reference } from '../executors/reference/reference.js'
import { printTorch, printTorchModule, torch, type TorchSession } from '../executors/torch/index.js'
import { layout } from '../executors/torch/layout.js'
import { splitObjective } from '../executors/torch/objective.js'
import { printPlanTorch } from '../executors/torch/plan.js'
import { rows } from '../executors/torch/rows.js'
import { randomGraph, SIZES } from './torch/random-graph.js'
import { objectives } from './torch/objectives.js'

type Feeds = Readonly<Record<string, TensorData>>

const session: TorchSession | undefined = await torch.open().catch((error: Error) => {
  console.log(`note: printed PyTorch is not run here (${error.message}); set RLPC_PYTHON to a Python with torch`)
  return undefined
})

function golden(name: string, text: string): void {
  const file = new URL(`golden/${name}`, import.meta.url)
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text)
  is(text, readFileSync(file, 'utf8'))
  equal(text.split('\n').filter((line) => line.length > 100), [], `${name} has long lines`)
}

/** Values of both executors, and gradients: ours of `loss` as a graph run by `reference`, torch's by autograd of the printed loss. */
async function compare(torchSession: TorchSession, b: GraphBuilder, loss: Value, wrt: readonly Value[], feeds: Feeds, sizes: Bindings, tolerance = { rtol: 1e-10, atol: 1e-10 }): Promise<void> {
  b.fetch('loss', loss)
  const printed = b.build()
  gradient(b, [loss], [b.constant(1)], wrt).forEach((g, i) => b.fetch(`gradient ${wrt[i]?.node.attributes['name'] as string}`, g))
  const expected = await (await reference.open()).load(b.build(), sizes).run(feeds)
  const names = wrt.map((value) => String(value.node.attributes['name']))
  try {
    const program = torchSession.load(printed, sizes)
    near((await program.run(feeds))['loss'] as TensorData, expected['loss'] as TensorData, { ...tolerance, what: 'loss' })
    const used = new Set(printed.nodes.map(({ attributes }) => attributes['name']))
    const reached = names.filter((name) => used.has(name))
    for (const [name, g] of Object.entries(await program.gradient(feeds, reached))) near(g, expected[`gradient ${name}`] as TensorData, { ...tolerance, what: `gradient of ${name}` })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${printTorch(printed, { name: 'f' })}`, { cause: error })
  }
}

/** A number that depends on every element of a value differently. */
function weighted(b: GraphBuilder, x: Value): Value {
  const size = x.shape.reduce<number>((product, dim) => product * Number(dim), 1)
  return b.reduceSum(b.mul(x, b.sin(b.add(b.reshape(b.iota([size], 0, 'f32'), x.shape), 0.7))))
}

suite('printed PyTorch, as text', (test) => {
  test('objectives', () => golden('torch_objectives.py', printTorchModule(objectives.map(({ name, doc, lowered }) => ({ name, doc, graph: lowered.measure })))))
  test('weights of one objective', () => golden('torch_weigh.py', printTorch((objectives[0] as (typeof objectives)[number]).lowered.weigh, { name: 'grpo_weigh' })))

  test('every op', () => {
    const cases = opCases()
    golden('torch_ops.py', printTorchModule(cases.map((each, i) => ({ graph: graphOf(each), name: `${each.op}_${i}` }))))
    const printed = new Set<string>(cases.map(({ op }) => op))
    equal(Object.keys(rows).filter((row) => !printed.has(row) && !['clamp', 'square', 'not_equal', 'greater', 'at_least'].includes(row)), [])
  })

  const body = (build: (b: GraphBuilder) => Value | Value[], name = 'f'): string => {
    const b = new GraphBuilder('forms')
    for (const [i, value] of [build(b)].flat().entries()) b.fetch(`y${i}`, value)
    const text = printTorch(b.build(), { name })
    return text.slice(text.indexOf('"""\n', text.indexOf('"""') + 3) + 4).replace(/^ {4}/gm, '').trimEnd()
  }
  const x = (b: GraphBuilder, name = 'x'): Value => b.input(name, 'f32', ['G', 'N', 'T'])
  const forms: readonly (readonly [string, (b: GraphBuilder) => Value | Value[], string])[] = [
    ['a clamp by constants', (b) => b.clamp(x(b), 0.8, 1.2), 'return x.clamp(0.8, 1.2)'],
    ['crossed bounds are no clamp', (b) => b.clamp(x(b), 2, 1), 'return torch.where(x < 2, 2, torch.where(x > 1, 1, x))'],
    ['a square', (b) => b.square(b.sub(x(b), 1)), 'return (x - 1).square()'],
    ['not equal, and a number on the right', (b) => [b.ne(x(b), 1), b.lt(0, x(b)), b.le(0, x(b))], 'y0 = x != 1\ny1 = x > 0\ny2 = x >= 0\nreturn y0, y1, y2'],
    ['an extremum with a number shares ties where gradients flow', (b) => b.max(x(b), 1), 'return torch.maximum(x, x.new_tensor(1))'],
    ['and clamps where none do', (b) => b.max(b.stopGradient(x(b)), 1), 'return x.detach().clamp(min=1)'],
    ['parentheses only where needed', (b) => b.sub(b.mul(b.add(x(b), 1), b.neg(x(b, 'y'))), b.sub(x(b), b.div(x(b, 'y'), 2))), 'return (x + 1) * -y - (x - y / 2)'],
    ['comparisons do not chain', (b) => b.eq(b.lt(x(b), 0), b.and(b.lt(x(b), 1), b.lt(x(b), 2))), 'return (x < 0) == ((x < 1) & (x < 2))'],
    ['a reduction that is broadcast back keeps its axis', (b) => b.sub(x(b), b.spread(b.exp(b.mul(b.reduceSum(x(b), 1), 2)), ['G', 'N', 'T'], 1)), 'return x - torch.exp(x.sum(1, keepdim=True) * 2)'],
    ['one that is also used as it is does not', (b) => { const s = b.reduceSum(x(b), 2); return [b.sub(x(b), b.spread(s, ['G', 'N', 'T'], 2)), s] }, 'y1 = x.sum(-1)\ny0 = x - y1[..., None]\nreturn y0, y1'],
    ['leading axes need nothing', (b) => b.add(x(b), b.broadcastTo(b.input('w', 'f32', ['T']), ['G', 'N', 'T'])), 'return x + w'],
    ['inner axes are put in', (b) => b.mul(x(b), b.broadcastAlong(b.input('w', 'f32', ['G', 'T']), ['G', 'N', 'T'], [0, 2])), 'return x * w[:, None]'],
    ['a result has the shape of the graph', (b) => b.spread(b.reduceMax(x(b), [1, 2]), ['G', 'N', 'T'], [1, 2]), 'G, N, T = x.shape\nreturn x.amax((1, -1), keepdim=True).expand(G, N, T)'],
    ['a number as a result', (b) => [b.full(0.5, ['N']), x(b)], 'N = x.shape[1]\nreturn x.new_full((N,), 0.5), x'],
    ['sizes are Python numbers', (b) => b.mul(x(b), b.div(1, b.max(b.mul(b.size('G'), b.sub(b.size('N'), 1)), 1))), 'G, N, _ = x.shape\nreturn x * (1 / max(G * (N - 1), 1))'],
    ['Python never divides by zero', (b) => b.mul(x(b), b.div(1, b.size('N'))), 'N = x.shape[1]\nreturn x * (x.new_tensor(1) / N)'],
    ['a value that replaces an input takes its name', (b) => b.exp(b.label(b.where(b.lt(x(b, 'm'), 0), x(b), 0), 'x')), 'x = torch.where(m < 0, x, 0)\nreturn torch.exp(x)'],
    ['but not while the input is needed', (b) => b.mul(b.label(b.where(b.lt(x(b, 'm'), 0), x(b), 0), 'x'), x(b)), 'x_2 = torch.where(m < 0, x, 0)\nreturn x_2 * x'],
    ['names that Python has taken', (b) => b.exp(b.label(b.neg(b.input('w/lambda', 'f32', [])), 'lambda')), 'lambda_ = -w_lambda\nreturn torch.exp(lambda_)'],
    ['part of an axis', (b) => [b.narrow(x(b), 2, 1, 'T-1'), b.narrow(x(b), 2, 0, 'T-1'), b.narrow(x(b), 1, 0, 1)], 'T = x.shape[2]\ny0 = x[:, :, 1:]\ny1 = x[:, :, : T - 1]\ny2 = x[:, :1]\nreturn y0, y1, y2'],
  ]
  for (const [name, build, expected] of forms) test(name, () => is(body(build), expected))

  test('a size that no shape tells is a parameter', () => {
    const b = new GraphBuilder('sizes')
    b.fetch('y', b.full(1, ['2*K']))
    ok(/^def f\(\*, K\):$/m.test(printTorch(b.build(), { name: 'f' })))
  })

  test('a plan: every distinct objective once, under the stages that have it', () => {
    const [dapo, rloo] = ['dapo', 'rloo'].map((name) => objectives.find((each) => each.name === name)?.lowered)
    ok(dapo && rloo)
    const fn = (name: string, args: Record<string, PlanValue> = {}): PlanValue => ({ fn: name, args })
    const stage = (name: string, key: string, loss: PlanValue): StagePlan => ({
      address: `${name}["${key}",0]`, name, keys: { arm: key }, kind: 'Grpo', engine: 'native', written: [], inputs: {}, seed: 0, needs: [], estimate: {}, fingerprint: '',
      attributes: { advantage: fn('std/advantages.group_relative'), loss, aggregate: fn('std/aggregations.constant_length', { length: { value: 80, unit: 'tokens' } }) },
      programs: { weigh: `weigh ${key.slice(0, 1)}`, measure: `measure ${key.slice(0, 1)}`, score: 'model' },
    })
    const clipped = fn('std/losses.clipped', { clip: { low: 0.2, high: 0.28 } })
    const plan: Plan = {
      format: 1, edition: 1, compiler: 'rlpc 0', name: 'arms', variant: null, parameters: [], models: {}, datasets: {}, rewards: {}, curricula: {}, claims: [], outputs: {}, secrets: [],
      programs: { 'weigh c': dapo.weigh, 'measure c': dapo.measure, 'weigh w': rloo.weigh, 'measure w': rloo.measure },
      stages: [stage('rl', 'cold', clipped), stage('rl', 'colder', clipped), stage('rl', 'warm', fn('std/losses.policy_gradient'))],
    }
    golden('torch_plan.py', printPlanTorch(plan))
    is(printPlanTorch({ ...plan, stages: [] }), '# No stage of arms has an objective.\n')
  })

  test('long lines are broken as black breaks them', () => {
    const name = 'a_name_of_thirty_characters___'
    const broken: readonly (readonly [string, readonly string[]])[] = [
      [`y = ${name} * ${name} + ${name} - 1234`, ['y = (', `    ${name} * ${name}`, `    + ${name}`, '    - 1234', ')']],
      [`y = torch.where(${name}, ${name}, ${name})`, ['y = torch.where(', `    ${name}, ${name}, ${name}`, ')']],
      [`y = torch.cat([${name}, ${name}, ${name}, ${name}])`, ['y = torch.cat(', '    [', ...[1, 2, 3, 4].map(() => `        ${name},`), '    ]', ')']],
      [`return (${name}, ${name}, ${name}, y)`, ['return (', `    ${name},`, `    ${name},`, `    ${name},`, '    y,', ')']],
    ]
    for (const [statement, lines] of broken) equal(layout(statement, 0), lines)
  })

  test('long expressions are cut and long signatures broken', () => {
    const b = new GraphBuilder('long')
    const inputs = Array.from({ length: 30 }, (_, i) => b.input(`a_rather_long_name_${i}`, 'f32', ['N']))
    b.fetch('y', inputs.reduce((sum, each) => b.add(b.mul(sum, each), b.sin(each))))
    golden('torch_long.py', printTorch(b.build(), { name: 'long', doc: 'Adds up.' }))
  })
})

suite('printed PyTorch, run', (test) => {
  if (!session) {
    test('skipped: no Python with torch', () => undefined)
    return
  }

  opCases().forEach((each, position) => {
    test(`${each.op} #${position}`, async () => {
      const feeds = Object.fromEntries(each.inputs.map((sampled, i) => [String(i), Float64Array.from(sampled.data)]))
      const { y } = await session.load(graphOf(each), {}).run(feeds)
      near(y as TensorData, each.result.data, { rtol: 1e-13, atol: 1e-14 })
      if (each.result.dtype !== 'f32' || !each.inputs.some(({ dtype }) => dtype === 'f32')) return
      const b = new GraphBuilder(each.op)
      const inputs = each.inputs.map(({ dtype, shape }, i) => b.input(String(i), dtype, shape))
      const value = b.node(each.op, inputs, each.attributes, { dtype: each.result.dtype, shape: each.result.shape })
      const finite = Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, data.map((x) => (Number.isNaN(x) ? 0.25 : x))]))
      await compare(session, b, weighted(b, value), inputs.filter(({ dtype }) => dtype === 'f32'), finite, {})
    })
  })

  const grid = (...shape: number[]): { shape: number[]; data: Float64Array } => ({ shape, data: Float64Array.from({ length: shape.reduce((a, c) => a * c, 1) }, (_, i) => Math.sin(1 + 1.7 * i)) })
  const composites: Readonly<Record<string, (b: GraphBuilder, ...inputs: Value[]) => readonly Value[]>> = {
    rms_norm: (b, x) => [rmsNorm(b, x as Value, b.full(1.5, [4]), { eps: 1e-5 })],
    rotary: (b, x) => [rotary(b, b.reshape(x as Value, [2, 3, 1, 4]), b.iota([2, 3], 1), { base: 100 })],
    attention: (b, x) => { const q = b.reshape(x as Value, [2, 3, 2, 2]); return [attention(b, q, b.tanh(q), b.sin(q), { scale: 0.7 })] },
    token_logprob: (b, x) => Object.values(tokenLogprob(b, x as Value, b.sin(b.iota([5, 4], 0, 'f32')), b.iota([2, 3], 1), b.constant(0.8))) as Value[],
    sample: (b, x) => [b.stopGradient(sample(b, b.reshape(x as Value, [6, 4]), b.constant(0.8), b.full(0.4, [6]), { topK: 3, topP: 0.9, greedy: false }).logp)],
  }
  for (const [name, define] of Object.entries(composites)) {
    test(`composite ${name}`, async () => {
      const { shape, data } = grid(2, 3, 4)
      const b = new GraphBuilder(name)
      const x = b.input('x', 'f32', shape)
      const loss = define(b, x).map((value) => weighted(b, value)).reduce((sum, each) => b.add(sum, each))
      await compare(session, b, loss, [x], { x: data }, {})
    })
  }

  test('random graphs', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 8, maxLength: 60 }), async (choices) => {
        const { b, loss, inputs, feeds } = randomGraph(choices)
        await compare(session, b, loss, inputs, feeds, SIZES)
      }),
      { seed: 20250101, numRuns: 60 },
    ))

  for (const { name, lowered, sizes, feeds } of objectives) {
    test(`autograd of ${name} is its dlogp`, async () => {
      for (const given of [feeds, { ...feeds, old_logp: feeds['logp'] as TensorData }]) {
        const only = (graph: Graph): Feeds => Object.fromEntries(graph.nodes.flatMap(({ attributes: { name: feed } }) => (typeof feed === 'string' && given[feed] ? [[feed, given[feed]]] : [])))
        const oracle = await reference.open()
        const weights = await oracle.load(lowered.weigh, sizes).run(only(lowered.weigh))
        const measured = await oracle.load(lowered.measure, sizes).run(only(lowered.measure))
        const loss = session.load(lowered.measure, sizes)
        near((await loss.run(only(lowered.measure)))['loss'] as TensorData, measured['loss'] as TensorData, { rtol: 1e-12 })
        near((await loss.gradient(only(lowered.measure), ['logp']))['logp'] as TensorData, weights['dlogp'] as TensorData, { rtol: 1e-12, atol: 1e-15 })
        const printed = await session.load(lowered.weigh, sizes).run(only(lowered.weigh))
        for (const [fetch, values] of Object.entries(weights)) near(printed[fetch] as TensorData, values, { rtol: 1e-12, atol: 1e-15, what: fetch })
      }
    })
  }

  for (const { name, lowered, sizes, feeds } of objectives) {
    test(`advantage and loss of ${name} apart`, async () => {
      const { advantage, loss } = splitObjective(lowered)
      is(Boolean(advantage), 'G' in sizes)
      const given = { ...feeds, ...(advantage ? await session.load(advantage, sizes).run(feeds) : {}) }
      const whole = await (await reference.open()).load(lowered.measure, sizes).run(feeds)
      near((await session.load(loss, sizes).run(given))['loss'] as TensorData, whole['loss'] as TensorData, { rtol: 1e-12 })
      ok(!loss.nodes.some(({ attributes }) => attributes['name'] === 'reward'))
    })
  }

  test('states, and symbols that only a caller knows', async () => {
    const b = new GraphBuilder('accumulate')
    const total = b.input('w/total', 'f32', ['N'], 'state')
    b.assign(total, b.add(total, b.input('x', 'f32', ['N'])))
    b.fetch('old', total)
    b.fetch('ones', b.full(1, ['K']))
    session.declare('w/total', 'f32', [2])
    session.write('w/total', [1, 2])
    const program = session.load(b.build(), { N: 2, K: 3 })
    const results = await program.run({ x: Float64Array.of(10, 20) })
    equal([...(results['old'] as TensorData)], [1, 2])
    equal([...(results['ones'] as TensorData)], [1, 1, 1])
    equal([...(await session.read('w/total'))], [11, 22])
  })

  test('what Python says is the error', async () => {
    const b = new GraphBuilder('gather')
    b.fetch('y', b.gather(b.input('x', 'f32', [2]), b.input('i', 'i32', [1])))
    const message = await session.load(b.build(), {}).run({ x: Float64Array.of(1, 2), i: Int32Array.of(2) }).then(() => '', (error: Error) => error.message)
    ok(message.startsWith('IndexError'), message)
  })

  test('the session ends', () => session.close())
})

