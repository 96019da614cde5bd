// The builder: equal values are one node, shapes follow numpy, mistakes are named, derived helpers compute what they say.

import { dump } from '../../../spec/graph/dump.js'
import { equal, is, near, suite, throws } from '../../../spec/test/suite.js'
import { GraphBuilder, type Value } from '../builder.js'
import { attention, rmsNorm } from '../composites.js'
import { compute, run } from './harness.js'

const list = (b: GraphBuilder, xs: readonly number[]): Value => b.concat(xs.map((x) => b.reshape(b.constant(x), [1])), 0)

suite('builder', (test) => {
  test('equal values are the same handle, whatever the order of attributes', () => {
    const b = new GraphBuilder('g')
    const x = b.input('x', 'f32', [2, 3])
    is(b.add(x, 1), b.add(x, 1))
    is(b.reduceSum(x, -1), b.reduceSum(x, [1]))
    is(b.pad(x, [1, 0], [0, 1]), b.node('pad', [x], { before: [1, 0], after: [0, 1] }, x.type))
    is(b.node('matmul', [x, x], { transposeB: true, transposeA: false }, x.type), b.matmul(x, x, { transposeB: true }))
  })

  test('equal composites are one node, equal bodies are stored once', () => {
    const b = new GraphBuilder('g')
    const [x, y, scale] = [b.input('x', 'f32', ['N', 4]), b.input('y', 'f32', ['N', 4]), b.input('s', 'f32', [4])]
    is(rmsNorm(b, x, scale, { eps: 1e-5 }), rmsNorm(b, x, scale, { eps: 1e-5 }))
    b.fetch('a', rmsNorm(b, x, scale, { eps: 1e-5 }))
    b.fetch('b', rmsNorm(b, y, scale, { eps: 1e-5 }))
    b.fetch('c', rmsNorm(b, y, scale, { eps: 1e-6 }))
    is(b.build().bodies.length, 2)
  })

  test('the same calls give the same graph, without dead nodes', () => {
    const make = (): string => {
      const b = new GraphBuilder('g')
      const x = b.input('x', 'f32', [2])
      b.exp(b.neg(x))
      b.fetch('y', b.label(b.square(x), 'square'))
      return dump(b.build())
    }
    is(make(), 'graph g\n  %0: f32[2] = input(name=x, storage=feed)\n  %1 square: f32[2] = mul(%0, %0)\n  fetch y = %1\n')
    is(make(), make())
  })

  test('broadcasting follows numpy, symbols match themselves and 1', () => {
    const b = new GraphBuilder('g')
    const of = (...shape: (number | string)[]): Value => b.input(shape.join(' '), 'f32', shape)
    equal(b.add(of('B', 1, 4), of('T', 1)).shape, ['B', 'T', 4])
    equal(b.where(b.lt(of(3), 0), of('B', 1), 0).shape, ['B', 3])
    equal(b.mul(2, of()).shape, [])
    throws(() => b.add(of('B'), of('T')), /shapes \[B\] and \[T\] do not broadcast/)
    throws(() => b.add(of(2), of(3)), /shapes \[2\] and \[3\] do not broadcast/)
  })

  test('mistakes are errors with types', () => {
    const b = new GraphBuilder('g')
    const [x, i] = [b.input('x', 'f32', [2, 3]), b.input('i', 'i32', [2])]
    throws(() => b.matmul(x, x), /graph g: matmul: cannot multiply f32\[2, 3\] and f32\[2, 3\]/)
    throws(() => b.exp(i), /exp: takes f32, not i32/)
    throws(() => b.reshape(x, [5]), /cannot reshape f32\[2, 3\] to \[5\]/)
    throws(() => b.reduceSum(x, 2), /axis 2 of rank 2/)
    throws(() => b.gather(x, x), /index is f32, not i32/)
    throws(() => b.constant(1.5, 'i32'), /1.5 is not a value of i32/)
    throws(() => b.narrow(x, 1, 2, 2), /leaves/)
    throws(() => b.assign(x, x), /not a state/)
    throws(() => attention(b, b.input('q', 'f32', [1, 2, 3, 4]), b.input('k', 'f32', [1, 2, 2, 4]), b.input('v', 'f32', [1, 2, 2, 4]), { scale: 1 }), /3 heads do not share 2/)
  })

  test('constants that JSON cannot hold', async () => {
    const b = new GraphBuilder('g')
    for (const [name, value] of Object.entries({ up: Infinity, down: -Infinity, none: NaN })) b.fetch(name, b.constant(value))
    const graph = b.build()
    equal(JSON.parse(JSON.stringify(graph)), graph)
    equal(await run(graph), { up: [Infinity], down: [-Infinity], none: [NaN] })
  })

  const helpers: Record<string, [(b: GraphBuilder) => Value, number[]]> = {
    gt: [(b) => b.gt(list(b, [1, 2, 3]), 2), [0, 0, 1]],
    ge: [(b) => b.ge(list(b, [1, 2, 3]), 2), [0, 1, 1]],
    ne: [(b) => b.ne(list(b, [1, 2, NaN]), 2), [1, 0, 1]],
    ceil: [(b) => b.ceil(list(b, [-1.5, 0.2, 2])), [-1, 1, 2]],
    clamp: [(b) => b.clamp(list(b, [-3, 0.5, 3, NaN]), -1, 1), [-1, 0.5, 1, NaN]],
    relu: [(b) => b.relu(list(b, [-1, 2, NaN])), [0, 2, NaN]],
    softplus: [(b) => b.softplus(list(b, [-800, 0, 800])), [0, Math.log(2), 800]],
    logSigmoid: [(b) => b.logSigmoid(list(b, [-800, 0, 800])), [-800, -Math.log(2), 0]],
    logaddexp: [(b) => b.logaddexp(list(b, [-Infinity, 1, 900]), list(b, [-Infinity, -Infinity, 900])), [-Infinity, 1, 900 + Math.log(2)]],
    logSumExp: [(b) => b.logSumExp(list(b, [1000, 1000])), [1000 + Math.log(2)]],
    softmax: [(b) => b.softmax(list(b, [-Infinity, 5, 5])), [0, 0.5, 0.5]],
    logSoftmax: [(b) => b.logSoftmax(list(b, [1000, 1000])), [-Math.log(2), -Math.log(2)]],
    mean: [(b) => b.mean(b.reshape(list(b, [1, 2, 3, 4]), [2, 2]), 0), [2, 3]],
    argmax: [(b) => b.argmax(b.reshape(list(b, [1, 5, 5, 9, 2, 9]), [2, 3])), [1, 0]],
    any: [(b) => b.any(b.lt(b.reshape(list(b, [1, 2, -1, 4]), [2, 2]), 0), 1), [0, 1]],
    all: [(b) => b.all(b.lt(b.reshape(list(b, [1, 2, -1, -4]), [2, 2]), 0), 1), [0, 1]],
    oneHot: [(b) => b.oneHot(b.iota([2], 0), 3), [1, 0, 0, 0, 1, 0]],
    takeLast: [(b) => b.takeLast(b.reshape(list(b, [1, 2, 3, 4, 5, 6]), [2, 3]), b.sub(2, b.iota([2, 2], 1))), [3, 2, 6, 5]],
    squeeze: [(b) => b.squeeze(b.expandDims(list(b, [1, 2]), 0), 0), [1, 2]],
    swapAxes: [(b) => b.swapAxes(b.reshape(list(b, [1, 2, 3, 4]), [2, 2]), 0, -1), [1, 3, 2, 4]],
    padAxis: [(b) => b.padAxis(list(b, [1, 2]), -1, 1, 2), [0, 1, 2, 0, 0]],
    uniform: [(b) => b.uniform(b.bitOr(b.full(0xffffffff, [1], 'u32'), 0)), [1 - 2 ** -24]],
    reciprocal: [(b) => b.reciprocal(list(b, [4])), [0.25]],
    mergeAxes: [(b) => b.reduceSum(b.mergeAxes(b.iota([2, 3, 2], 1, 'f32'), 0, 1), 1), [0, 2, 4, 0, 2, 4]],
  }
  for (const [name, [define, expected]] of Object.entries(helpers)) {
    test(name, async () => near((await compute((b) => [define(b)]))[0] as number[], expected, { rtol: 1e-14, atol: 1e-15 }))
  }

  test('a symbolic size is counted', async () => {
    const b = new GraphBuilder('g')
    b.fetch('mean', b.mean(b.input('x', 'f32', ['B', 'T'])))
    equal(await run(b.build(), { x: [1, 2, 3, 4, 5, 9] }, { B: 2, T: 3 }), { mean: [4] })
  })

  test('a finished body can be included', async () => {
    const inner = new GraphBuilder('inner')
    inner.fetch('0', inner.mul(rmsNorm(inner, inner.input('0', 'f32', [2]), inner.full(1, [2]), { eps: 0 }), inner.input('1', 'f32', [2])))
    const body = inner.build({ keepInputs: true })
    const [y] = await compute((b) => b.include(body, [list(b, [3, 3]), list(b, [2, -2])]))
    near(y as number[], [2, -2])
  })

  test('random bits depend on every word of key and counter', async () => {
    const results = await compute((b) => [
      b.randomBits(0, 0, 0, 0), b.randomBits(1, 0, 0, 0), b.randomBits(0, 1, 0, 0), b.randomBits(0, 0, 1, 0), b.randomBits(0, 0, 0, 1),
    ])
    is(new Set(results.map((bits) => bits[0])).size, 5)
    equal(results[0], [0x6b200159])
  })
})
