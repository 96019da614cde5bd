// Random graphs on the wasm executor against the reference executor: fusion, index arithmetic and placement in combination.
// Only ops without jumps act on floats, so that rounding cannot change a result by much.

import fc from 'fast-check'
import { GraphBuilder, type Value } from '../../compiler/graph/builder.js'
import { suite } from '../../spec/test/suite.js'
import { compare, uniform } from './wasm-compare.js'

interface Move {
  readonly op: number
  readonly a: number
  readonly b: number
  readonly n: number
}

const LARGEST = 400
const sizeOf = (shape: readonly (number | string)[]): number => shape.reduce<number>((product, size) => product * Number(size), 1)

/** Each makes a value out of others, or undefined where it does not apply. */
const moves: readonly ((b: GraphBuilder, x: Value, y: Value, n: number) => Value | undefined)[] = [
  (b, x) => b.tanh(x),
  (b, x) => b.sigmoid(x),
  (b, x) => b.sin(x),
  (b, x) => b.neg(x),
  (b, x) => b.exp(b.min(x, 1)),
  (b, x) => b.log(b.add(b.mul(x, x), 0.5)),
  (b, x, y) => sameShape(x, y) && b.add(x, y) || undefined,
  (b, x, y) => sameShape(x, y) && b.mul(b.tanh(x), y) || undefined,
  (b, x, y) => sameShape(x, y) && b.max(x, y) || undefined,
  (b, x, y, n) => (x.rank > 0 ? b.where(b.le(b.iota(x.shape, n % x.rank), n % 3), x, sameShape(x, y) ? y : b.zerosLike(x)) : undefined),
  (b, x, _, n) => (x.rank > 1 ? b.transpose(x, rotated(x.rank, 1 + (n % (x.rank - 1)))) : undefined),
  (b, x) => (x.rank > 1 ? b.mergeAxes(x, 0, 1) : undefined),
  (b, x) => (x.rank > 1 ? b.mergeAxes(x, -2, -1) : undefined),
  (b, x, _, n) => splitFirst(b, x, n),
  (b, x, _, n) => (x.rank > 0 ? b.reverse(x, n % x.rank) : undefined),
  (b, x, _, n) => {
    const axis = n % Math.max(1, x.rank)
    const size = Number(x.shape[axis] ?? 0)
    return size > 1 ? b.narrow(x, axis, n % 2, size - 1 - (n % 2 === 0 ? 0 : size > 2 ? 1 : 0)) : undefined
  },
  (b, x, _, n) => (x.rank > 0 ? b.padAxis(x, n % x.rank, n % 2, (n >> 1) % 3) : undefined),
  (b, x, y, n) => (x.rank > 0 && sameShape(x, y) ? b.concat([x, y, x], n % x.rank) : undefined),
  (b, x, _, n) => (x.rank > 0 ? b.reduceSum(x, n % x.rank) : undefined),
  (b, x, _, n) => (x.rank > 1 ? b.reduceMax(x, [0, 1 + (n % (x.rank - 1))]) : undefined),
  (b, x, _, n) => (x.rank > 0 ? b.sub(x, b.spread(b.mean(x, n % x.rank), x.shape, n % x.rank)) : undefined),
  (b, x, _, n) => (x.rank < 4 ? b.broadcastAlong(x, [...x.shape, 2 + (n % 4)], x.shape.map((_size, axis) => axis)) : undefined),
  (b, x, _, n) => (x.rank < 4 ? b.broadcastAlong(x, [2 + (n % 3), ...x.shape], x.shape.map((_size, axis) => axis + 1)) : undefined),
  (b, x, _, n) => (x.rank > 0 ? b.cumsum(x, n % x.rank, n % 2 === 0) : undefined),
  (b, x, y, n) => (x.rank > 0 && sameShape(x, y) ? b.linearScan(b.tanh(x), y, n % x.rank, n % 2 === 0) : undefined),
  (b, x, y) => (x.rank === 2 && y.rank === 2 ? product(b, x, y) : undefined),
  (b, x, _, n) => (x.rank > 0 && Number(x.shape[0]) > 0 ? b.gather(x, b.mod(b.add(b.iota([3 + (n % 4)], 0), n), Number(x.shape[0]))) : undefined),
  (b, x, _, n) => (x.rank > 0 && Number(x.shape[0]) > 0 ? b.scatterAdd(b.mod(b.iota([Number(x.shape[0])], 0), 1 + (n % 3)), x, [4, ...x.shape.slice(1)]) : undefined),
  (b, x) => (x.rank > 0 ? b.softmax(x) : undefined),
]

const sameShape = (x: Value, y: Value): boolean => x.shape.join() === y.shape.join()
const rotated = (rank: number, by: number): number[] => Array.from({ length: rank }, (_, axis) => (axis + by) % rank)

function splitFirst(b: GraphBuilder, x: Value, n: number): Value | undefined {
  const size = Number(x.shape[0] ?? 0)
  const first = [2, 3, 4, 5][n % 4] as number
  return x.rank > 0 && x.rank < 4 && size > 0 && size % first === 0 ? b.splitAxis(x, 0, first) : undefined
}

function product(b: GraphBuilder, x: Value, y: Value): Value | undefined {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      if (x.shape[transposeA ? 0 : 1] === y.shape[transposeB ? 1 : 0]) return b.mul(b.matmul(x, y, { transposeA, transposeB }), 0.2)
    }
  }
  return undefined
}

const start: readonly (readonly number[])[] = [[6, 4], [6, 4], [12], [2, 3, 5], [5], [3, 8]]

suite('wasm random graphs', (test) => {
  test('agree with the reference', async () => {
    const move = fc.record({ op: fc.nat({ max: moves.length - 1 }), a: fc.nat({ max: 99 }), b: fc.nat({ max: 99 }), n: fc.nat({ max: 60 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 4, maxLength: 30 }), async (program: readonly Move[]) => {
        const b = new GraphBuilder('random')
        const values = start.map((shape, i) => b.input(`x${i}`, 'f32', shape, i === 1 ? 'state' : 'feed'))
        for (const { op, a, b: c, n } of program) {
          // Recent values are taken more often: chains, not bushes.
          const pick = (i: number): Value => values[Math.max(0, values.length - 1 - (i % 2 === 0 ? i % 5 : i % values.length))] as Value
          const made = (moves[op] as (typeof moves)[number])(b, pick(a), pick(c), n)
          if (made && sizeOf(made.shape) <= LARGEST) values.push(made)
        }
        values.slice(-5).forEach((value, i) => b.fetch(`y${i}`, value))
        b.fetch('old', b.neg(values[1] as Value))
        const next = values.slice(2).reverse().find((value) => value.shape.join() === '6,4')
        if (next) b.assign('x1', b.tanh(next))
        const feeds = Object.fromEntries(start.flatMap((shape, i) => (i === 1 ? [] : [[`x${i}`, uniform(sizeOf(shape), i + 1)]])))
        await compare(b.build(), feeds, { states: { x1: { dtype: 'f32', shape: [6, 4], data: uniform(24, 77) } }, times: 2, rtol: 2e-4, atol: 2e-4 })
      }),
      { seed: 20240, numRuns: 150 },
    )
  })
})
