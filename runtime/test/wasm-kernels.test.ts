// Every composite with a kernel against its expansion on the reference executor, over shapes with tails and several blocks.

import { GraphBuilder, type Value } from '../../compiler/graph/builder.js'
import { adamw, attention, attentionDecode, attentionGrad, cacheWrite, rmsNorm, rmsNormGrad, rotary, sample, tokenLogprob, tokenLogprobGrad } from '../../compiler/graph/composites.js'
import { is, near, ok, suite } from '../../spec/test/suite.js'
import { kernelModule, kernelTypes } from '../executors/wasm/kernels.js'
import { composites } from '../executors/wasm/plan/composites.js'
import { compare, divided, execute, uniform, type Feeds, type StateValue } from './wasm-compare.js'
import { wasm } from '../executors/wasm/index.js'

type Input = readonly ['f32', readonly number[], (readonly [number, number])?] | readonly ['i32', readonly number[], (i: number) => number]

interface Case {
  readonly inputs: readonly Input[]
  readonly build: (b: GraphBuilder, ...inputs: Value[]) => readonly Value[]
  readonly atol?: number
}

const elements = (shape: readonly number[]): number => shape.reduce((x, y) => x * y, 1)
const f = (...shape: number[]): Input => ['f32', shape]
const between = (low: number, high: number, ...shape: number[]): Input => ['f32', shape, [low, high]]
const ids = (below: number, ...shape: number[]): Input => ['i32', shape, (i) => (i * 7 + (i >> 2)) % below]
const positions = (tokens: number, batch: number): Input => ['i32', [batch, tokens], (i) => (i % tokens) * (i < tokens ? 1 : 977)]

function feedsOf(inputs: readonly Input[]): Feeds {
  return Object.fromEntries(inputs.map((input, i) => [String(i), input[0] === 'i32' ? Array.from({ length: elements(input[1]) }, (_, n) => input[2](n)) : uniform(elements(input[1]), i + 11, ...(input[2] ?? [-1.5, 1.5]))]))
}

const norms: Case[] = ([[[5, 8]], [[3, 7]], [[2, 3, 64]], [[1, 1]], [[130, 20]]] as const).flatMap(([shape]): Case[] => [
  { inputs: [f(...shape), f(shape.at(-1) as number)], build: (b, x, s) => [rmsNorm(b, x as Value, s as Value, { eps: 1e-5 })] },
  { inputs: [f(...shape), f(shape.at(-1) as number), f(...shape)], build: (b, x, s, dy) => rmsNormGrad(b, x as Value, s as Value, dy as Value, { eps: 1e-5 }), atol: 1e-5 },
])

const rotations: Case[] = [2, 6, 8, 10, 64].flatMap((size) =>
  [false, true].flatMap((inverse): Case[] => [
    { inputs: [f(2, 5, 3, size), positions(5, 2)], build: (b, x, at) => [rotary(b, x as Value, at as Value, { base: 10_000, inverse })] },
    { inputs: [f(2, 5, 3, size), positions(5, 2), f(size / 2)], build: (b, x, at, frequencies) => [rotary(b, x as Value, at as Value, { base: 10_000, frequencies, inverse })] },
  ]),
)

const attentions: Case[] = ([[1, 1, 1, 1, 1], [2, 5, 2, 1, 4], [1, 8, 4, 4, 8], [2, 33, 2, 2, 16], [1, 70, 6, 2, 5], [1, 41, 2, 1, 24], [1, 135, 3, 1, 12]] as const).flatMap(([B, T, H, KV, D]): Case[] => {
  const [q, k] = [f(B, T, H, D), f(B, T, KV, D)]
  const segments: Input = ['i32', [B, T], (i) => Math.floor((i % T) / 11)]
  return [
    { inputs: [q, k, k], build: (b, x, y, z) => [attention(b, x as Value, y as Value, z as Value, { scale: 0.4 })] },
    { inputs: [q, k, k, segments], build: (b, x, y, z, s) => [attention(b, x as Value, y as Value, z as Value, { scale: 0.4, segments: s as Value })] },
    { inputs: [q, k, k, q], build: (b, x, y, z, d) => attentionGrad(b, x as Value, y as Value, z as Value, d as Value, { scale: 0.4 }), atol: 1e-5 },
    { inputs: [q, k, k, segments, q], build: (b, x, y, z, s, d) => attentionGrad(b, x as Value, y as Value, z as Value, d as Value, { scale: 0.4, segments: s as Value }), atol: 1e-5 },
    { inputs: [q, k, k], build: (b, x, y, z) => [attention(b, x as Value, y as Value, z as Value, { scale: -0.4 })] },
  ]
})

const decodes: Case[] = ([[1, 1, 1, 1, 1], [3, 9, 4, 2, 6], [2, 70, 2, 2, 16], [2, 35, 3, 1, 23], [4, 5, 2, 2, 100]] as const).flatMap(([B, S, H, KV, D]): Case[] => [
  { inputs: [f(B, H, D), f(B, S, KV, D), f(B, S, KV, D), ['i32', [B], (i) => (i === 0 ? S - 1 : (i * 5) % S)]], build: (b, q, k, v, at) => [attentionDecode(b, q as Value, k as Value, v as Value, at as Value, { scale: 0.3 })] },
])

const heads: Case[] = ([[[1], 1, 1], [[7], 5, 3], [[2, 9], 35, 16], [[3], 1030, 8], [[300], 33, 4]] as const).flatMap(([rows, V, D]): Case[] => {
  const inputs = [f(...rows, D), f(V, D), ids(V, ...rows), between(0.5, 0.9)]
  return [
    { inputs, build: (b, h, w, t, heat) => { const { logp, entropy } = tokenLogprob(b, h as Value, w as Value, t as Value, heat as Value); return [logp, entropy] }, atol: 3e-6 },
    { inputs: [...inputs, f(...rows), f(...rows)], build: (b, h, w, t, heat, dl, de) => tokenLogprobGrad(b, h as Value, w as Value, t as Value, heat as Value, dl as Value, de as Value), atol: 3e-5 },
    { inputs: [...inputs, f(...rows)], build: (b, h, w, t, heat, dl) => tokenLogprobGrad(b, h as Value, w as Value, t as Value, heat as Value, dl as Value, b.zerosLike(dl as Value)), atol: 3e-5 },
    { inputs: [...inputs, f(...rows), f(...rows)], build: (b, h, w, t, heat, dl, de) => tokenLogprobGrad(b, h as Value, w as Value, t as Value, heat as Value, dl as Value, de as Value, { frozen: true }), atol: 3e-5 },
  ]
})

const samples: Case[] = [{ topK: 0, topP: 1, greedy: false }, { topK: 5, topP: 1, greedy: false }, { topK: 0, topP: 0.6, greedy: false }, { topK: 7, topP: 0.8, greedy: false }, { topK: 1, topP: 1, greedy: false }, { topK: 100, topP: 0.999, greedy: false }, { topK: 0, topP: 0, greedy: false }, { topK: 0, topP: 1, greedy: true }].flatMap((sampling) =>
  [1, 4, 37].map((V): Case => ({ inputs: [between(-4, 4, 40, V), between(0.6, 0.7), between(0, 1, 40)], build: (b, x, heat, u) => { const { token, logp } = sample(b, x as Value, heat as Value, u as Value, sampling); return [token, logp] } })),
)

const writes: Case[] = ([[3, 4, 2, 3], [1, 1, 1, 1]] as const).map(([B, S, KV, D]): Case => ({ inputs: [f(B, S, KV, D), f(B, KV, D), ['i32', [B], (i) => i * 2]], build: (b, cache, entry, at) => [cacheWrite(b, cache as Value, entry as Value, at as Value), b.neg(cache as Value)] }))

const updates: Case[] = [[1], [7], [3, 5], [64]].map((shape): Case => ({
  inputs: [f(...shape), f(...shape), f(...shape), between(0, 1, ...shape), between(0.001, 0.1), between(0.5, 1), between(0.1, 1), between(0.1, 1)],
  build: (b, w, g, m, v, lr, clipScale, bias1, bias2) => {
    const next = adamw(b, w as Value, g as Value, m as Value, v as Value, { lr: lr as Value, clipScale: clipScale as Value, bias1: bias1 as Value, bias2: bias2 as Value }, { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.1 })
    return [next.w, next.m, next.v]
  },
}))

/** Composite → the cases that reach its kernel. */
const table: Readonly<Record<string, readonly Case[]>> = {
  rms_norm: norms.filter((_, i) => i % 2 === 0),
  rms_norm_grad: norms.filter((_, i) => i % 2 === 1),
  rotary: rotations,
  attention: attentions.filter((_, i) => [0, 1, 4].includes(i % 5)),
  attention_grad: attentions.filter((_, i) => [2, 3].includes(i % 5)),
  attention_decode: decodes,
  cache_write: writes,
  token_logprob: heads.filter((_, i) => i % 4 === 0),
  token_logprob_grad: heads.filter((_, i) => i % 4 > 0),
  adamw: updates,
  sample: samples,
}

suite('wasm composites', (test) => {
  test('every kernel is tested', () => is(Object.keys(composites).sort().join(), Object.keys(table).sort().join()))
  for (const [name, cases] of Object.entries(table)) {
    test(name, async () => {
      for (const { inputs, build, atol = 2e-6 } of cases) {
        const b = new GraphBuilder(`${name} ${inputs.map(([, shape]) => `[${shape.join()}]`).join(' ')}`)
        build(b, ...inputs.map(([dtype, shape], i) => b.input(String(i), dtype, shape))).forEach((value, i) => b.fetch(`output ${i}`, value))
        await compare(b.build(), feedsOf(inputs), { rtol: 1e-5, atol })
      }
    })
  }
})

suite('wasm kernel library', (test) => {
  const over = (memory: WebAssembly.Memory, options = {}) => new WebAssembly.Instance(kernelModule(options), { env: { memory } }).exports
  const exports = over(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }))

  test('its exports are those of the table', () => is(Object.keys(exports).sort().join(), kernelTypes.map(([name]) => name).sort().join()))

  test('the plain build and the fused one agree', () => {
    const [m, n, k] = [37, 29, 300]
    const results = [true, false].map((relaxed) => {
      const own = new WebAssembly.Memory({ initial: 20, maximum: 20, shared: true })
      const kernels = over(own, { relaxed })
      is(Object.keys(kernels).sort().join(), Object.keys(exports).sort().join())
      const { gemm } = kernels as unknown as { gemm: (...args: number[]) => void }
      const floats = new Float32Array(own.buffer)
      const [a, b, c, work] = [2 ** 16, 2 ** 18, 2 ** 19, 2 ** 19 + 2 ** 16] as const
      floats.set(uniform(m * k, 1), a / 4)
      floats.set(uniform(k * n, 2), b / 4)
      gemm(a, k, 1, 0, b, n, 1, 0, c, n, 0, m, n, k, 0, 0, work, 0, m)
      return floats.slice(c / 4, c / 4 + m * n)
    }) as [Float32Array, Float32Array]
    near(results[0], results[1], { rtol: 1e-5, atol: 2e-5 })
  })
})

/** Largest relative error of a function on the wasm executor, in units of float32's last place. */
async function worst(build: (b: GraphBuilder, x: Value) => Value, exact: (x: number) => number, xs: readonly number[]): Promise<number> {
  const b = new GraphBuilder('accuracy')
  b.fetch('y', build(b, b.input('x', 'f32', [xs.length])))
  const { fetched } = await execute(wasm, b.build(), { x: xs })
  return Math.max(...xs.map((x, i) => Math.abs((fetched['y']?.[i] as number) - exact(x)) / (Math.abs(exact(x)) * 2 ** -23)))
}

suite('wasm elementary functions are accurate', (test) => {
  const points = (low: number, high: number): number[] => uniform(20_000, 3, low, high)
  const cases: readonly (readonly [string, (b: GraphBuilder, x: Value) => Value, (x: number) => number, readonly number[], number])[] = [
    ['exp', (b, x) => b.exp(x), Math.exp, points(-80, 88), 1.2],
    ['log', (b, x) => b.log(x), Math.log, points(1e-6, 40).filter((x) => Math.abs(x - 1) > 1e-4), 2],
    ['log of tiny and huge numbers', (b, x) => b.log(x), Math.log, points(-37, 37).map((x) => Math.fround(10 ** x)), 1.5],
    ['tanh', (b, x) => b.tanh(x), Math.tanh, points(-9, 9), 2],
    ['sigmoid', (b, x) => b.sigmoid(x), (x) => 1 / (1 + Math.exp(-x)), points(-60, 60), 2.5],
    ['sin', (b, x) => b.sin(x), Math.sin, points(-1, 1), 1.5],
    ['cos', (b, x) => b.cos(x), Math.cos, points(-1, 1), 1.5],
  ]
  for (const [name, build, exact, xs, bound] of cases) test(name, async () => ok((await worst(build, exact, xs)) <= bound, `${name}: ${await worst(build, exact, xs)} units`))

  test('a long sum keeps its digits', async () => {
    const xs = uniform(524_288, 9, -1, 1.1)
    const b = new GraphBuilder('sum')
    b.fetch('y', b.reduceSum(b.input('x', 'f32', [xs.length])))
    const { fetched } = await execute(wasm, b.build(), { x: xs })
    near(fetched['y'] ?? [], [xs.reduce((x, y) => x + y, 0)], { rtol: 1e-7 })
  })
})

suite('wasm states', (test) => {
  const state = (shape: readonly number[], seed: number): StateValue => ({ dtype: 'f32', shape, data: uniform(elements(shape), seed) })

  test('accumulation, exchange, old and new values of one state', async () => {
    const b = new GraphBuilder('states')
    const [x, y, z] = ['x', 'y', 'z'].map((name) => b.input(name, 'f32', [3, 5], 'state')) as [Value, Value, Value]
    const feed = b.input('feed', 'f32', [3, 5])
    b.assign('x', y)
    b.assign('y', x)
    b.assign('z', b.add(z, b.mul(feed, b.reduceSum(z))))
    b.fetch('old', z)
    b.fetch('row', b.slice(x, [1, 0], [1, 5]))
    await compare(b.build(), { feed: uniform(15, 4) }, { states: { x: state([3, 5], 1), y: state([3, 5], 2), z: state([3, 5], 3) }, times: 3, rtol: 1e-4 })
  })

  test('a state that others still read is not overwritten early', async () => {
    const b = new GraphBuilder('late read')
    const x = b.input('x', 'f32', [4, 4], 'state')
    const next = b.matmul(b.exp(x), x)
    b.assign('x', b.mul(next, 0.1))
    b.fetch('y', b.matmul(x, b.add(next, x)))
    await compare(b.build(), {}, { states: { x: state([4, 4], 1) }, times: 2, rtol: 1e-4, atol: 1e-4 })
  })

  test('a cache that is decoded from and written', async () => {
    const b = new GraphBuilder('cache')
    const cache = b.input('cache', 'f32', [2, 6, 1, 4], 'state')
    const at = b.input('at', 'i32', [2])
    const written = cacheWrite(b, cache, b.input('entry', 'f32', [2, 1, 4]), at)
    b.assign('cache', written)
    b.fetch('y', attentionDecode(b, b.input('q', 'f32', [2, 2, 4]), written, written, at, { scale: 1 }))
    await compare(b.build(), { at: [3, 1], entry: uniform(8, 1), q: uniform(16, 2) }, { states: { cache: state([2, 6, 1, 4], 5) }, times: 2 })
  })

  test('bools and integers are kept', async () => {
    const b = new GraphBuilder('types')
    const [flag, number] = [b.input('flag', 'bool', [5], 'state'), b.input('number', 'i32', [5], 'state')]
    b.assign('flag', b.not(flag))
    b.assign('number', b.where(flag, b.add(number, 1), number))
    await compare(b.build(), {}, { states: { flag: { dtype: 'bool', shape: [5], data: [1, 0, 0, 1, 1] }, number: { dtype: 'i32', shape: [5], data: [1, -2, 3, 4, 2 ** 31 - 1] } }, times: 3 })
  })

  test('memory does not grow with runs', async () => {
    const session = await wasm.open()
    session.declare('w', 'f32', [64, 64])
    const b = new GraphBuilder('grow')
    const w = b.input('w', 'f32', [64, 64], 'state')
    b.assign('w', b.mul(b.matmul(w, w), 0.01))
    b.fetch('sum', b.reduceSum(w))
    const program = session.load(b.build(), {})
    await program.run({})
    const bytes = (session as unknown as { heap: { bytes: number } }).heap.bytes
    for (let i = 0; i < 200; i++) await program.run({})
    is((session as unknown as { heap: { bytes: number } }).heap.bytes, bytes)
    session.close()
  })

  test('a thread that fails lets the others go, and the session works on', async () => {
    const session = await divided.open()
    const b = new GraphBuilder('shared lookup')
    b.fetch('y', b.neg(b.gather(b.input('table', 'f32', [3]), b.input('index', 'i32', [90]))))
    const program = session.load(b.build(), {})
    const table = Float32Array.of(1, 2, 3)
    for (const wrong of [0, 40, 89]) {
      const failed = await program.run({ table, index: Int32Array.from({ length: 90 }, (_, i) => (i === wrong ? 3 : 0)) }).catch((error: Error) => error.message)
      is(failed, 'graph shared lookup: gather: an index lies outside of its table')
      near((await program.run({ table, index: new Int32Array(90).fill(2) }))['y'] ?? [], new Array<number>(90).fill(-3))
    }
    session.close()
  })

  test('what is too large, missing or outside says so', async () => {
    const refused = async (work: () => unknown, message: RegExp): Promise<void> => {
      let text = 'nothing was thrown'
      try {
        await work()
      } catch (error) {
        text = (error as Error).message
      }
      ok(message.test(text), text)
    }
    const session = await wasm.open()
    await refused(() => session.declare('huge', 'f32', [2 ** 16, 2 ** 16]), /out of memory: 16384.0 MiB more wanted/)
    await refused(() => session.read('nobody'), /no state "nobody" was declared/)
    const b = new GraphBuilder('lookup')
    b.fetch('y', b.gather(b.input('table', 'f32', [3]), b.input('index', 'i32', [2])))
    const program = session.load(b.build(), {})
    await refused(() => program.run({ table: Float32Array.of(1, 2, 3) }), /"index" was not fed/)
    await refused(() => program.run({ table: Float32Array.of(1, 2), index: Int32Array.of(0, 1) }), /"table" has 2 elements/)
    await refused(() => program.run({ table: Float32Array.of(1, 2, 3), index: Int32Array.of(0, 3) }), /graph lookup: gather: an index lies outside/)
    near((await program.run({ table: Float32Array.of(1, 2, 3), index: Int32Array.of(0, 2) }))['y'] ?? [], [1, 3])
    session.close()
  })
})

