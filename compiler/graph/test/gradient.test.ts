// The gradient of every differentiable op against central differences, its edges against PyTorch's rules.

import { equal, near, suite, throws } from '../../../spec/test/suite.js'
import { GraphBuilder, type Value } from '../builder.js'
import { gradient } from '../gradient.js'
import { vjps } from '../vjp.js'
import { checkGradient, compute, type Argument } from './harness.js'

type Define = (b: GraphBuilder, x: Value, y: Value) => Value
const of = (...shape: number[]): Argument => ({ shape })
const positive = (...shape: number[]): Argument => ({ shape, range: [0.3, 2] })
const index = (shape: number[], values: number[]): Argument => ({ shape, values, dtype: 'i32' })
const bools = (...values: number[]): Argument => ({ shape: [values.length], values, dtype: 'bool' })

/** Away from ties and kinks, where central differences mean nothing. */
const checks: Record<string, [Define, ...Argument[]][]> = {
  neg: [[(b, x) => b.neg(x), of(3)]],
  exp: [[(b, x) => b.exp(x), of(3)]],
  log: [[(b, x) => b.log(x), positive(3)]],
  sqrt: [[(b, x) => b.sqrt(x), positive(3)]],
  rsqrt: [[(b, x) => b.rsqrt(x), positive(3)]],
  sin: [[(b, x) => b.sin(x), of(3)]],
  cos: [[(b, x) => b.cos(x), of(3)]],
  tanh: [[(b, x) => b.tanh(x), of(3)]],
  sigmoid: [[(b, x) => b.sigmoid(x), of(3)]],
  abs: [[(b, x) => b.abs(x), of(4)]],
  add: [[(b, x, y) => b.add(x, y), of(2, 3), of(3)]],
  sub: [[(b, x, y) => b.sub(x, y), of(2, 1), of(3)]],
  mul: [[(b, x, y) => b.mul(x, y), of(3), of(3)], [(b, x) => b.mul(x, x), of(3)]],
  div: [[(b, x, y) => b.div(x, y), of(3), positive(3)]],
  max: [[(b, x, y) => b.max(x, y), of(5), of(5)]],
  min: [[(b, x, y) => b.min(x, y), of(5), of(5)]],
  pow: [[(b, x, y) => b.pow(x, y), positive(4), of(4)]],
  mod: [[(b, x, y) => b.mod(x, y), { shape: [3], values: [5.3, -2.2, 7.9] }, { shape: [3], values: [2.1, 0.9, -1.7] }]],
  where: [[(b, x, y) => b.where(b.lt(x, 0), b.mul(x, 2), y), of(5), of(5)]],
  reduce_sum: [[(b, x) => b.reduceSum(x, [0, 2]), of(2, 3, 2)], [(b, x) => b.reduceSum(x), of(2, 3)]],
  reduce_max: [[(b, x) => b.reduceMax(x, 1), of(2, 3, 2)]],
  reduce_min: [[(b, x) => b.reduceMin(x, -1), of(2, 3)]],
  cumsum: [[(b, x) => b.cumsum(x, 1), of(2, 3, 2)], [(b, x) => b.cumsum(x, 0, true), of(3, 2)]],
  linear_scan: [[(b, x, y) => b.linearScan(x, y, 1), of(2, 4, 2), of(2, 4, 2)], [(b, x, y) => b.linearScan(x, y, -1, true), of(2, 4), of(2, 4)], [(b, x, y) => b.linearScan(x, y), of(2, 1), of(2, 1)]],
  reshape: [[(b, x) => b.reshape(x, [3, 2]), of(2, 3)]],
  broadcast: [[(b, x) => b.broadcastAlong(x, [2, 3, 4], [1]), of(3)]],
  transpose: [[(b, x) => b.transpose(x, [2, 0, 1]), of(2, 3, 2)]],
  slice: [[(b, x) => b.slice(x, [1, 0], [1, 2]), of(3, 3)]],
  pad: [[(b, x) => b.pad(x, [1, 0], [0, 2]), of(2, 2)]],
  concat: [[(b, x, y) => b.concat([x, y, x], 1), of(2, 1), of(2, 3)]],
  reverse: [[(b, x) => b.reverse(x, [0, 1]), of(2, 3)]],
  gather: [[(b, x, i) => b.gather(x, i), of(3, 2), index([2, 2], [2, 0, 2, 1])]],
  scatter_add: [[(b, x, i) => b.scatterAdd(i, x, [4, 2]), of(3, 2), index([3], [1, 3, 1])]],
  pick: [[(b, x, i) => b.pick(x, i), of(2, 2, 3), index([2, 2], [2, 0, 1, 1])]],
  sort: [[(b, x) => b.sort(x), of(2, 5)]],
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB): [Define, ...Argument[]][] => {
      const [a, c] = [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]]
      const define: Define = (b, x, y) => b.matmul(x, y, { transposeA, transposeB })
      return [[define, of(...a), of(...c)], [define, of(2, ...a), of(2, ...c)], [define, of(2, ...a), of(...c)]]
    }),
  ),
}

suite('gradient', (test) => {
  for (const [op, list] of Object.entries(checks)) list.forEach(([define, ...inputs], i) => test(`${op} #${i}`, () => checkGradient((b, ...values) => [define(b, ...(values as [Value, Value]))], inputs)))

  test('every differentiable op is checked', () => {
    const differentiable = Object.entries(vjps).flatMap(([op, rule]) => (typeof rule === 'function' ? [op] : []))
    equal(differentiable.filter((op) => !(op in checks)), [])
    equal(Object.keys(checks).filter((op) => !differentiable.includes(op)), [])
  })

  const derived: Record<string, [Define, ...Argument[]]> = {
    mean: [(b, x) => b.mean(x, 0), of(3, 2)],
    softmax: [(b, x) => b.softmax(x, 0), of(3, 2)],
    logSoftmax: [(b, x) => b.logSoftmax(x), of(2, 3)],
    logSumExp: [(b, x) => b.logSumExp(x), of(2, 3)],
    clamp: [(b, x) => b.clamp(x, -0.5, 0.5), of(6)],
    relu: [(b, x) => b.relu(x), of(5)],
    silu: [(b, x) => b.silu(x), of(5)],
    gelu: [(b, x) => b.gelu(x), of(5)],
    softplus: [(b, x) => b.softplus(x), of(5)],
    logSigmoid: [(b, x) => b.logSigmoid(x), of(5)],
    logaddexp: [(b, x, y) => b.logaddexp(x, y), of(5), of(5)],
    takeLast: [(b, x, i) => b.takeLast(x, i), of(2, 3), index([2, 2], [2, 0, 1, 1])],
  }
  for (const [name, [define, ...inputs]] of Object.entries(derived)) test(name, () => checkGradient((b, ...values) => [define(b, ...(values as [Value, Value]))], inputs))

  /** The gradient of Σ f at fixed points. */
  const at = async (points: number[], define: (b: GraphBuilder, x: Value) => Value): Promise<number[]> => {
    const [g] = await compute((b) => {
      const x = b.concat(points.map((point) => b.reshape(b.constant(point), [1])), 0)
      const y = define(b, x)
      return gradient(b, [y], [b.full(1, y.shape)], [x])
    })
    return g as number[]
  }

  test('equal operands of max share the gradient, as torch.maximum', async () => equal(await at([1, 2], (b, x) => b.max(x, b.full(1, [2]))), [0.5, 1]))
  test('equal extrema of reduce_max share the gradient, as torch.amax', async () => equal(await at([3, 3, 1, 3], (b, x) => b.reduceMax(x)), [1 / 3, 1 / 3, 0, 1 / 3]))
  test('clamp passes the gradient at its bounds, as torch.clamp', async () => equal(await at([-1, 0, 1, 2], (b, x) => b.clamp(x, 0, 1)), [0, 1, 1, 0]))
  test('relu has gradient 0 at 0, abs too', async () => {
    equal(await at([0, 1], (b, x) => b.relu(x)), [0, 1])
    equal(await at([0, -1], (b, x) => b.abs(x)), [0, -1])
  })
  test('pow at base 0 and exponent 0, as torch.pow', async () => equal(await at([0, 2], (b, x) => b.pow(x, 0)), [0, 0]))
  test('sorting equal elements gives each its own gradient', async () => {
    equal(await at([2, 1, 2], (b, x) => b.mul(b.sort(x), b.iota([3], 0, 'f32'))), [1, 0, 2])
  })
  test('the branch that where did not take gets 0, not NaN', async () => {
    equal(await at([0, 4], (b, x) => b.where(b.eq(x, 0), x, b.mul(x, 3))), [1, 3])
  })
  test('log-sum-exp and soft-max of −∞ beside a number', async () => {
    near(await at([0, 1], (b, x) => b.logSumExp(b.where(b.eq(x, 0), -Infinity, x))), [0, 1])
    equal(await at([-Infinity, -Infinity], (b, x) => b.reduceSum(b.logaddexp(b.stopGradient(x), b.stopGradient(x)))), [0, 0])
  })
  test('stop_gradient and integers stop it; what does not matter gets zeros', async () => {
    equal(await at([1, 2], (b, x) => b.mul(b.stopGradient(x), x)), [1, 2])
    equal(await at([1, 2], (b, x) => b.cast(b.cast(x, 'i32'), 'f32')), [0, 0])
    const [g] = await compute((b) => gradient(b, [b.constant(1)], [b.constant(1)], [b.full(3, [2])]))
    equal(g, [0, 0])
  })
  test('of several outputs the seeded gradients add up', async () => {
    const [g] = await compute((b) => {
      const x = b.add(b.iota([2], 0, 'f32'), 1)
      return gradient(b, [b.mul(x, x), x], [b.full(1, [2]), b.full(10, [2])], [x])
    })
    equal(g, [12, 14])
  })
  test('an intermediate value is independent where it is differentiated by', async () => {
    const grads = await compute((b) => {
      const x = b.constant(3)
      const y = b.mul(x, x)
      return gradient(b, [b.mul(y, 2)], [b.constant(1)], [y, x])
    })
    equal(grads, [[2], [0]])
  })
  test('symbolic sizes: slices, pads and scans have gradients', () => {
    const b = new GraphBuilder('symbolic')
    const x = b.input('x', 'f32', ['B', 'T'])
    const y = b.linearScan(x, b.padAxis(b.narrow(x, 1, 1, 'T-1'), 1, 0, 1), 1)
    const [g] = gradient(b, [b.mean(y)], [b.constant(1)], [x])
    equal(g?.shape, ['B', 'T'])
  })
  test('bool operands', () => checkGradient((b, condition, x) => [b.where(condition as Value, x as Value, 0)], [bools(1, 0, 1), of(3)]))
  test('a value of another builder is refused', () => {
    const [a, b] = [new GraphBuilder('a'), new GraphBuilder('b')]
    throws(() => b.neg(a.constant(1)), /another graph/)
  })
})
