// Every composite: its gradient against central differences, and its edges by hand.

import { equal, near, suite } from '../../../spec/test/suite.js'
import type { GraphBuilder, Value } from '../builder.js'
import { adamw, attention, attentionDecode, attentionGrad, cacheWrite, rmsNorm, rmsNormGrad, rotary, sample, tokenLogprob, tokenLogprobGrad } from '../composites.js'
import { checkGradient, compute, type Argument } from './harness.js'

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

suite('composites', (test) => {
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

  test('adamw equals torch.optim.AdamW after two steps', async () => {
    // torch 2: w = [1, -2], grads [0.5, 0.1] then [-0.3, 0.2]; AdamW(lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01), float64.
    const options = { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0.01 }
    const list = (b: GraphBuilder, xs: number[]): Value => b.concat(xs.map((x) => b.reshape(b.constant(x), [1])), 0)
    const [w] = await compute((b) => {
      const step = (t: number) => ({ lr: b.constant(0.1), clipScale: b.constant(1), bias1: b.constant(1 - 0.9 ** t), bias2: b.constant(1 - 0.999 ** t) })
      const first = adamw(b, list(b, [1, -2]), list(b, [0.5, 0.1]), list(b, [0, 0]), list(b, [0, 0]), step(1), options)
      return [adamw(b, first.w, list(b, [-0.3, 0.2]), first.m, first.v, step(2), options).w]
    })
    near(w as number[], [0.8789511989397751, -2.1924201864887465])
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
