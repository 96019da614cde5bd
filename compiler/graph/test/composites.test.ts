// Every composite against PyTorch, its gradient against central differences too, and its edges by hand.

import { verify } from '../../../spec/graph/verify.js'
import { bind } from '../../../spec/graph/bind.js'
import type { Graph } from '../../../spec/graph/graph.js'
import { compositeCases, type CompositeCase } from '../../../spec/graph/test/cases.js'
import { equal, near, suite } from '../../../spec/test/suite.js'
import { GraphBuilder, type Value } from '../builder.js'
import { adamw, attention, attentionDecode, attentionGrad, cacheWrite, rmsNorm, rmsNormGrad, rotary, sample, tokenLogprob, tokenLogprobGrad, type AdamW, type AdamWStep } from '../composites.js'
import { gradient } from '../gradient.js'
import { simplify } from '../simplify.js'
import { checkGradient, compute, random, run, values, type Argument } from './harness.js'

type Define = (b: GraphBuilder, ...inputs: Value[]) => readonly Value[]
const i32 = (shape: number[], values: number[]): Argument => ({ shape, values, dtype: 'i32' })
const of = (...shape: number[]): Argument => ({ shape })

const sequences = [of(2, 3, 4, 2), of(2, 3, 2, 2), of(2, 3, 2, 2)]
const gradients: Record<string, [Define, Argument[]]> = {
  rms_norm: [(b, x, scale) => [rmsNorm(b, x as Value, scale as Value, { eps: 1e-5 })], [of(2, 3, 4), of(4)]],
  rms_norm_grad: [(b, x, scale, dy) => rmsNormGrad(b, x as Value, scale as Value, dy as Value, { eps: 1e-5 }), [of(2, 4), of(4), of(2, 4)]],
  rotary: [(b, x, at) => [rotary(b, x as Value, at as Value, { base: 100 })], [of(2, 2, 2, 4), i32([2, 2], [0, 3, 5, 1])]],
  attention: [(b, q, k, v) => [attention(b, q as Value, k as Value, v as Value, { scale: 0.7 })], sequences],
  'attention, packed': [(b, q, k, v, s) => [attention(b, q as Value, k as Value, v as Value, { scale: 0.7, segments: s as Value })], [...sequences, i32([2, 3], [0, 0, 1, 2, 3, 3])]],
  attention_grad: [(b, q, k, v, o) => attentionGrad(b, q as Value, k as Value, v as Value, o as Value, { scale: 0.7 }), [of(1, 3, 2, 2), of(1, 3, 1, 2), of(1, 3, 1, 2), of(1, 3, 2, 2)]],
  attention_decode: [(b, q, k, v, at) => [attentionDecode(b, q as Value, k as Value, v as Value, at as Value, { scale: 0.7 })], [of(2, 4, 2), of(2, 3, 2, 2), of(2, 3, 2, 2), i32([2], [0, 2])]],
  cache_write: [(b, cache, entry, at) => [cacheWrite(b, cache as Value, entry as Value, at as Value)], [of(2, 3, 2, 2), of(2, 2, 2), i32([2], [0, 2])]],
  token_logprob: [
    (b, h, w, t) => { const { logp, entropy } = tokenLogprob(b, h as Value, w as Value, t as Value, b.constant(0.8)); return [logp, entropy] },
    [of(2, 2, 3), of(5, 3), i32([2, 2], [0, 4, 2, 2])],
  ],
  'token_logprob, logp alone': [(b, h, w, t) => [tokenLogprob(b, h as Value, w as Value, t as Value, b.constant(1)).logp], [of(3, 2), of(4, 2), i32([3], [0, 3, 1])]],
  token_logprob_grad: [
    (b, h, w, t, dl, de) => tokenLogprobGrad(b, h as Value, w as Value, t as Value, b.constant(0.8), dl as Value, de as Value),
    [of(2, 3), of(4, 3), i32([2], [0, 3]), of(2), of(2)],
  ],
}

/** A composite from its inputs and attributes, as the oracle file lists them. */
const makers: Record<string, (b: GraphBuilder, inputs: Value[], attributes: CompositeCase['attributes']) => Value[]> = {
  rms_norm: (b, [x, scale], { eps }) => [rmsNorm(b, x as Value, scale as Value, { eps: eps as number })],
  rotary: (b, [x, at], { base, inverse }) => [rotary(b, x as Value, at as Value, { base: base as number, inverse: inverse as boolean })],
  attention: (b, [q, k, v, segments], { scale }) => [attention(b, q as Value, k as Value, v as Value, { scale: scale as number, segments })],
  attention_decode: (b, [q, k, v, at], { scale }) => [attentionDecode(b, q as Value, k as Value, v as Value, at as Value, { scale: scale as number })],
  cache_write: (b, [cache, entry, at]) => [cacheWrite(b, cache as Value, entry as Value, at as Value)],
  token_logprob: (b, [h, w, targets, temperature]) => Object.values(tokenLogprob(b, h as Value, w as Value, targets as Value, temperature as Value)) as Value[],
  adamw: (b, [w, g, m, v, lr, clipScale, bias1, bias2], options) =>
    Object.values(adamw(b, w as Value, g as Value, m as Value, v as Value, { lr, clipScale, bias1, bias2 } as AdamWStep, options as unknown as AdamW)) as Value[],
  sample: (b, [logits, temperature, uniform], { top_k, top_p, greedy }) =>
    Object.values(sample(b, logits as Value, temperature as Value, uniform as Value, { topK: top_k as number, topP: top_p as number, greedy: greedy as boolean })) as Value[],
}

/** Outputs, and gradients of the inputs that the oracle differentiates by, both named by position. */
function graphOf(each: CompositeCase, finish: (graph: Graph) => Graph): Graph {
  const b = new GraphBuilder(each.name)
  const inputs = each.inputs.map(({ dtype, shape }, i) => b.input(`${i}`, dtype, shape))
  const outputs = (makers[each.name] as (typeof makers)[string])(b, inputs, each.attributes)
  outputs.forEach((output, i) => b.fetch(`output ${i}`, output))
  const seeds = each.seeds.map(({ dtype, shape }, i) => b.input(`seed ${i}`, dtype, shape))
  const wrt = Object.keys(each.gradients)
  gradient(b, seeds.map((_, i) => outputs[i] as Value), seeds, wrt.map((i) => inputs[Number(i)] as Value)).forEach((g, i) => b.fetch(`gradient ${wrt[i] as string}`, g))
  return finish(b.build())
}

function legal(graph: Graph): Graph {
  equal(verify(graph), [])
  return graph
}

const cases = compositeCases()

suite('composites', (test) => {
  cases.forEach((each, position) => {
    const feeds = { ...Object.fromEntries(each.inputs.map((input, i) => [`${i}`, input.data])), ...Object.fromEntries(each.seeds.map((seed, i) => [`seed ${i}`, seed.data])) }
    for (const [how, finish] of [['as built', (graph: Graph) => graph], ['simplified', (graph: Graph) => legal(simplify(graph))]] as const) {
      test(`${each.name} equals PyTorch, ${how} #${position}`, async () => {
        const results = await run(graphOf(each, finish), feeds)
        each.outputs.forEach((output, i) => near(results[`output ${i}`] as number[], output.data, { rtol: 1e-9, atol: 1e-12, what: `output ${i}` }))
        for (const [i, expected] of Object.entries(each.gradients)) near(results[`gradient ${i}`] as number[], expected.data, { rtol: 1e-9, atol: 1e-12, what: `gradient ${i}` })
      })
    }
  })

  test('every composite is compared with PyTorch', () => {
    const names = new Set(cases.flatMap((each) => graphOf(each, (graph) => graph).nodes.flatMap((node) => (node.op === 'composite' ? [String(node.attributes.name)] : []))))
    equal([...names].sort(), ['adamw', 'attention', 'attention_decode', 'attention_grad', 'cache_write', 'rms_norm', 'rms_norm_grad', 'rotary', 'sample', 'token_logprob', 'token_logprob_grad'])
  })

  test('symbolic sizes pass through every composite and its gradient', async () => {
    const b = new GraphBuilder('symbolic')
    const tokens = b.input('tokens', 'i32', ['B', 'T'])
    const [table, scale] = [b.input('table', 'f32', ['V', 8]), b.input('scale', 'f32', [8])]
    const x = rmsNorm(b, b.gather(table, tokens), scale, { eps: 1e-5 })
    const heads = rotary(b, b.splitAxis(x, -1, 2), b.iota(['B', 'T'], 1), { base: 100 })
    const mixed = b.reshape(attention(b, heads, heads, heads, { scale: 0.5 }), x.shape)
    const { logp } = tokenLogprob(b, mixed, table, tokens, b.constant(1))
    const loss = b.neg(b.mean(logp))
    b.fetch('loss', loss)
    gradient(b, [loss], [b.constant(1)], [table, scale]).forEach((g, i) => b.fetch(`g${i}`, g))
    const graph = b.build()
    const next = random(3)
    const feeds = { tokens: [0, 1, 2, 3, 1, 0], table: values(of(5, 8), next), scale: values(of(8), next) }
    const bindings = { B: 2, T: 3, V: 5 }
    const plain = await run(graph, feeds, bindings)
    const simplified = await run(legal(simplify(graph)), feeds, bindings)
    const bound = await run(legal(simplify(bind(graph, bindings))), feeds)
    for (const name of Object.keys(plain)) {
      near(simplified[name] as number[], plain[name] as number[], { what: name })
      near(bound[name] as number[], plain[name] as number[], { what: name })
    }
  })

  for (const [name, [define, inputs]] of Object.entries(gradients)) test(`gradient of ${name}`, () => checkGradient(define, inputs))

  test('rotary turns pairs (i, i + Dh/2) and inverse turns back', async () => {
    const x = [1, 0, 0, 1, 0, 2, 0, 0]
    const [turned, back] = await compute((b) => {
      const input = b.reshape(b.concat(x.map((v) => b.reshape(b.constant(v), [1])), 0), [1, 2, 1, 4])
      const at = b.reshape(b.iota([2], 0), [1, 2])
      const y = rotary(b, input, at, { base: 10000 })
      return [y, rotary(b, y, at, { base: 10000, inverse: true })]
    })
    near(turned as number[], [1, 0, 0, 1, 0, 2 * Math.cos(0.01), 0, 2 * Math.sin(0.01)])
    near(back as number[], x)
  })

  test('attention over one segment a token returns its value', async () => {
    const [o, v] = await compute((b) => {
      const x = b.reshape(b.iota([12], 0, 'f32'), [1, 3, 2, 2])
      return [attention(b, x, x, x, { scale: 1, segments: b.reshape(b.iota([3], 0), [1, 3]) }), x]
    })
    near(o as number[], v as number[])
  })

  test('cache_write outside the cache writes nothing', async () => {
    const [y] = await compute((b) => [cacheWrite(b, b.full(1, [2, 2, 1, 1]), b.full(5, [2, 1, 1]), b.add(b.mul(b.iota([2], 0), 4), 1))])
    equal(y, [1, 5, 1, 1])
  })

  const draw = (uniforms: number[], options: { topK?: number; topP?: number; greedy?: boolean }, temperature = 1) =>
    compute((b) => {
      // Probabilities 0.1, 0.4, 0.2, 0.3.
      const logits = b.log(b.concat([0.1, 0.4, 0.2, 0.3].map((x) => b.reshape(b.constant(x), [1])), 0))
      const u = b.concat(uniforms.map((x) => b.reshape(b.constant(x), [1])), 0)
      const { token, logp } = sample(b, b.broadcastTo(logits, [uniforms.length, 4]), b.constant(temperature), u, { topK: 0, topP: 1, greedy: false, ...options })
      return [token, logp]
    })

  test('sample inverts the cumulative distribution in vocabulary order', async () => {
    const [token, logp] = await draw([0, 0.05, 0.15, 0.55, 0.75, 0.9999999], {})
    equal(token, [0, 0, 1, 2, 3, 3])
    near(logp as number[], [0.1, 0.1, 0.4, 0.2, 0.3, 0.3].map(Math.log))
  })
  test('sample: top-k, top-p of what top-k left, and the untruncated log-probability', async () => {
    equal((await draw([0, 0.5, 0.6, 0.99], { topK: 2 }))[0], [1, 1, 3, 3])
    equal((await draw([0, 0.5, 0.6, 0.99], { topP: 0.7 }))[0], [1, 1, 3, 3])
    equal((await draw([0, 0.99], { topP: 0.3 }))[0], [1, 1])
    // Of the two that top-k leaves, 0.4 has 4/7 of the mass: more than half.
    const [token, logp] = await draw([0, 0.99], { topK: 2, topP: 0.5 })
    equal(token, [1, 1])
    near(logp as number[], [Math.log(0.4), Math.log(0.4)])
  })
  test('sample: greedy takes the first of equals, at temperature 1', async () => {
    const [token, logp] = await draw([0.99], { greedy: true }, 0.1)
    equal(token, [1])
    near(logp as number[], [Math.log(0.4)])
  })
  test('sample: ties at the cut keep the lower id', async () => {
    const [token] = await compute((b) => [sample(b, b.full(0, [2, 4]), b.constant(1), b.mul(b.iota([2], 0, 'f32'), 0.999), { topK: 2, topP: 1, greedy: false }).token])
    equal(token, [0, 1])
  })
})
