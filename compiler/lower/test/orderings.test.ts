// Functions along a level, reductions by a place, vector rewards and `iterate`, against plain loops over ragged rollouts.

import { equal, is, near, suite } from '../../../spec/test/suite.js'
import { GraphBuilder, type Value } from '../../graph/builder.js'
import { gradient } from '../../graph/gradient.js'
import { Evaluator } from '../evaluate.js'
import { Levels } from '../levels.js'
import type { Term } from '../terms.js'
import { modulesOf, noConstants, run } from './harness.js'

const [G, N, T, R] = [2, 3, 4, 2]
/** Groups of 3 and 2 rollouts; a hole in the first, nothing in the third. */
const mask = [[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
const present = [1, 1, 1, 1, 1, 0]
const x = mask.map((row, i) => row.map((_, t) => Math.round(64 * Math.sin(3 * i + 1.7 * t)) / 64))
const rewards = present.flatMap((_, i) => [0.25 * i - 0.5, (i * i) % 3])

async function evaluate(body: string, result: string, wanted = 'y', own = ''): Promise<number[]> {
  const module = modulesOf(`rlp 1\n${own}\nfn f(x: Real per token, rewards: Real per objective): Real per ${result} = ${body}\n`).get('main.rlp')
  const symbol = module?.declared.get('f')
  if (symbol?.declaration.node !== 'Function') throw new Error('no function')
  const b = new GraphBuilder('case')
  const levels = new Levels(['token', 'rollout', 'group', 'batch'])
  const depth = (level: string): number => levels.depthOf(level) as number
  const input = (name: string, level: string): Value => b.input(name, 'f32', levels.shapeAt(depth(level)))
  const at = (value: Value, level: string): Term => ({ type: 'tensor', value, depth: depth(level) })
  const masks = new Map([[depth('token'), b.lt(0, input('mask', 'token'))], [depth('rollout'), b.lt(0, input('present', 'rollout'))]])
  const evaluator = new Evaluator(b, levels, masks, noConstants)
  const feed = input('x', 'token')
  const { declaration } = symbol
  const term = evaluator.apply({ type: 'function', symbol, declaration, bound: new Map() }, new Map([['x', at(feed, 'token')], ['rewards', at(input('rewards', 'objective'), 'objective')]]), declaration.span)
  const value = evaluator.real(term, depth(result), declaration.span)?.value
  if (!value) throw new Error(evaluator.diagnostics.map(({ title }) => title).join('\n'))
  b.fetch('y', value)
  b.fetch('dx', gradient(b, [value], [b.full(1, value.shape)], [feed])[0] as Value)
  return (await run(b.build(), { G, N, T, R }, { x: x.flat(), mask: mask.flat(), present, rewards }))[wanted] as number[]
}

/** Values of the tokens that count, rollout by rollout. */
const counted = x.map((row, i) => row.filter((_, t) => mask[i]?.[t]))
const onlyCounted = (values: readonly number[]): number[][] => mask.map((row, i) => row.flatMap((m, t) => (m ? [values[i * T + t] as number] : [])))

suite('functions along a level', (test) => {
  test('scan skips what does not count, and holds its value there', async () => {
    const forward = await evaluate('scan(x, decay = 0.5)', 'token')
    equal(onlyCounted(forward), counted.map((row) => row.reduce<number[]>((y, value) => [...y, value + 0.5 * (y.at(-1) ?? 0)], [])))
    is(forward[1], forward[0])
    const backward = await evaluate('scan(x, decay = 0.5, reverse = true)', 'token')
    equal(onlyCounted(backward), counted.map((row) => row.toReversed().reduce<number[]>((y, value) => [...y, value + 0.5 * (y.at(-1) ?? 0)], []).toReversed()))
    near(await evaluate('sum(scan(x, reverse = true), over = batch)', 'batch', 'dx'), mask.flatMap((row) => row.map((m, t) => (m ? row.slice(0, t + 1).filter((each) => each > 0).length : 0))))
  })

  test('previous, next, index and counted', async () => {
    equal(onlyCounted(await evaluate('previous(x, default = 9)', 'token')), counted.map((row) => row.map((_, k) => row[k - 1] ?? 9)))
    equal(onlyCounted(await evaluate('next(x)', 'token')), counted.map((row) => row.map((_, k) => row[k + 1] ?? 0)))
    equal(onlyCounted(await evaluate('index(x)', 'token')), counted.map((row) => row.map((_, k) => k)))
    equal(onlyCounted(await evaluate('index(x, padding = true)', 'token')), mask.map((row) => row.flatMap((m, t) => (m ? [t] : []))))
    equal(await evaluate('where(counted(x), 1, 0)', 'token'), mask.flat())
  })

  test('rank and sort over a rollout and over the batch; equal values keep their order', async () => {
    const ranks = (values: readonly number[]): number[] => values.map((value, i) => values.filter((other, j) => other < value || (other === value && j < i)).length)
    equal(onlyCounted(await evaluate('rank(x, over = rollout)', 'token')), counted.map(ranks))
    equal(onlyCounted(await evaluate('rank(floor(x), over = batch)', 'token')).flat(), ranks(counted.flat().map(Math.floor)))
    equal(onlyCounted(await evaluate('sort(x, over = rollout)', 'token')), counted.map((row) => row.toSorted((a, b) => a - b)))
    near(await evaluate('sum(index(x) * sort(x, over = rollout), over = batch)', 'batch', 'dx'), mask.flatMap((row, i) => row.map((m, t) => (m ? (counted[i] as number[]).filter((other) => other < (x[i]?.[t] as number)).length : 0))))
  })
})

suite('reductions', (test) => {
  const group = (i: number): number => Math.floor(i / N)
  test('rollouts that only fill up a group do not count', async () => {
    equal((await evaluate('count(sum(x, over = rollout), over = group)', 'group')), [3, 2])
    near(await evaluate('mean(count(x, over = rollout), over = group)', 'group'), [(3 + 2 + 0) / 3, (2 + 4) / 2])
  })

  test('by = token takes the k-th tokens that count together, with padding the columns', async () => {
    const byPlace = onlyCounted(await evaluate('sum(x, over = group, by = token)', 'token'))
    byPlace.forEach((row, i) => near(row, row.map((_, k) => counted.reduce((sum, other, j) => sum + (group(j) === group(i) ? (other[k] ?? 0) : 0), 0))))
    const byColumn = await evaluate('mean(x, over = group, by = token, padding = true)', 'token')
    near(byColumn.slice(0, T), [0, 1, 2, 3].map((t) => (x.slice(0, 3) as number[][]).reduce((sum, row) => sum + (row[t] as number), 0) / 3))
  })

  test('padding = true counts what the mask hides', async () => {
    near((await evaluate('sum(x, over = rollout, padding = true)', 'rollout')).slice(0, 5), x.slice(0, 5).map((row) => row.reduce((a, b) => a + b, 0)))
  })

  test('vector rewards: statistics of each term, weights as a list', async () => {
    const weights = [1, -0.5]
    const mean = (g: number, k: number): number => {
      const members = present.flatMap((p, i) => (p && group(i) === g ? [rewards[i * R + k] as number] : []))
      return members.reduce((a, b) => a + b, 0) / members.length
    }
    const ours = await evaluate('weigh(rewards, [1, -0.5])', 'rollout', 'y', `fn weigh(rewards: Real per objective, weights: Real per objective): Real per rollout =
      sum(weights * (rewards - mean(rewards, over = group, by = objective)), over = rollout)`)
    near(ours.slice(0, 5), present.slice(0, 5).map((_, i) => weights.reduce((sum, w, k) => sum + w * ((rewards[i * R + k] as number) - mean(group(i), k)), 0)))
  })

  test('iterate: Newton\'s root', async () => {
    near(await evaluate('iterate(newton(a = 2), 1, rounds = 6)', 'batch', 'y', 'fn newton(a: Real, root: Real): Real = (root + a / root) / 2'), [Math.SQRT2], { rtol: 1e-14 })
  })
})
