// Preference losses that no recorded case covers, against formulas written out by hand in float64, and gradients against finite differences.
// The others are compared with TRL in `spec/test/parity.test.ts`.

import { equal, near, ok, suite } from '../../../spec/test/suite.js'
import { lowerObjective } from '../objective.js'
import { closure, modulesOf, noConstants, number, run } from './harness.js'

const modules = modulesOf(`rlp 1
import * as preferences from "std/preferences"
fn by_length(logp: Real per token, length: Real per side): Real per pair = preferences.margin(sum(logp, over = side) / length)
fn unused() = [preferences.dpo]
`)
const [N, T] = [2, 3]
/** Completions of 3, 1, 2 and 3 tokens: chosen, rejected, chosen, rejected. */
const mask = [1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1]
const logp = [-0.5, -1.25, -0.75, -2, NaN, NaN, -0.125, -1.5, NaN, -0.625, -0.875, -1]
const refLogp = [-0.75, -1, -1.5, -1.75, NaN, NaN, -0.25, -1.25, NaN, -0.5, -1.125, -0.375]

const rows = (values: readonly number[]): number[][] => Array.from({ length: 2 * N }, (_, i) => values.slice(i * T, (i + 1) * T).filter((_, t) => mask[i * T + t] === 1))
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const logSigmoid = (x: number): number => -Math.log(1 + Math.exp(-x))
/** The mean over pairs of f(chosen row, rejected row). */
const overPairs = (values: readonly number[], f: (chosen: number[], rejected: number[]) => number): number => {
  const all = rows(values)
  return mean([0, 1].map((pair) => f(all[2 * pair] as number[], all[2 * pair + 1] as number[])))
}
const odds = (row: readonly number[]): number => mean(row) - Math.log(1 - Math.exp(mean(row)))

const formulas: readonly (readonly [name: string, bound: Record<string, number>, (x: readonly number[]) => number])[] = [
  ['simpo', { beta: 2, target: 0.5 }, (x) => overPairs(x, (c, r) => -logSigmoid(2 * (mean(c) - mean(r)) - 0.5))],
  ['cpo', { beta: 0.3, imitation: 0.7 }, (x) => overPairs(x, (c, r) => -logSigmoid(0.3 * (sum(c) - sum(r))) - 0.7 * mean(c))],
  ['orpo', { weight: 0.2 }, (x) => overPairs(x, (c, r) => -mean(c) - 0.2 * logSigmoid(odds(c) - odds(r)))],
  ['dpo_with_imitation', { beta: 0.4, imitation: 0.3 }, (x) => {
    const reference = rows(refLogp).map(sum)
    const all = rows(x)
    const ratios = all.map((row, i) => sum(row) - (reference[i] as number))
    return mean([0, 1].map((pair) => -logSigmoid(0.4 * ((ratios[2 * pair] as number) - (ratios[2 * pair + 1] as number))) - 0.3 * mean(all[2 * pair] as number[])))
  }],
  ['conservative_dpo', { beta: 0.4, smoothing: 0.1 }, (x) => {
    const reference = rows(refLogp).map(sum)
    const ratios = rows(x).map((row, i) => sum(row) - (reference[i] as number))
    const margins = [0, 1].map((pair) => 0.4 * ((ratios[2 * pair] as number) - (ratios[2 * pair + 1] as number)))
    return mean(margins.map((margin) => -0.9 * logSigmoid(margin) - 0.1 * logSigmoid(-margin)))
  }],
]

function lower(loss: ReturnType<typeof closure>) {
  const { lowered, diagnostics } = lowerObjective(
    { levels: ['token', 'side', 'pair', 'batch'], advantage: undefined, loss, aggregate: closure(modules.get('std/preferences'), 'pair_mean'), reference: true },
    noConstants,
  )
  equal(diagnostics.map(({ title }) => title), [])
  if (!lowered) throw new Error('not lowered')
  return lowered
}

suite('preferences', (test) => {
  for (const [name, bound, formula] of formulas) {
    test(name, async () => {
      const { weigh, measure } = lower(closure(modules.get('std/preferences'), name, Object.fromEntries(Object.entries(bound).map(([key, value]) => [key, number(value)]))))
      const feeds = { mask, logp, ref_logp: refLogp }
      near((await run(measure, { N, T }, feeds))['loss'] as number[], [formula(logp)])
      const step = 1e-6
      const slopes = logp.map((_, i) => (mask[i] === 0 ? 0 : (formula(logp.with(i, (logp[i] as number) + step)) - formula(logp.with(i, (logp[i] as number) - step))) / (2 * step)))
      near((await run(weigh, { N, T }, feeds))['dlogp'] as number[], slopes, { rtol: 1e-7, atol: 1e-9 })
    })
  }

  test('the length of a side is its number of tokens', async () => {
    const { measure } = lower(closure(modules.get('main.rlp'), 'by_length'))
    near((await run(measure, { N, T }, { mask, logp }))['loss'] as number[], [overPairs(logp, (c, r) => mean(c) - mean(r))])
  })

  test('chosen up, rejected down', async () => {
    const { weigh } = lower(closure(modules.get('std/preferences'), 'dpo'))
    const dlogp = (await run(weigh, { N, T }, { mask, logp, ref_logp: refLogp }))['dlogp'] as number[]
    const sides = Array.from({ length: 2 * N }, (_, side) => sum(dlogp.slice(side * T, (side + 1) * T)))
    ok(sides.every((slope, side) => (side % 2 === 0 ? slope < 0 : slope > 0)), sides.join(' '))
  })
})
