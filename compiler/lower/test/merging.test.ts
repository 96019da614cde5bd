// Ways to merge policies, against plain loops over three task vectors of five weights.

import { near, suite } from '../../../spec/test/suite.js'
import { planOf, stageOf } from '../../plan/test/harness.js'
import { run } from './harness.js'

const delta = [[0.5, -1, 0, 2, 0.25], [1, 1, 0.5, -1, 0.25], [-0.25, 2, 0.5, 0.5, 0]]
const noise = [[0.1, 0.9, 0.5, 0.2, 0.7], [0.6, 0.05, 0.4, 0.8, 0.3], [0.35, 0.5, 0.15, 0.95, 0.6]]
type Table = readonly (readonly number[])[]

const column = (table: Table, w: number): number[] => table.map((row) => row[w] as number)
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const norm = (row: readonly number[]): number => Math.sqrt(sum(row.map((x) => x * x)))
const each = (table: Table, f: (x: number, p: number, w: number) => number): number[][] => table.map((row, p) => row.map((x, w) => f(x, p, w)))

const length = sum(delta.map(norm)) / delta.length
const sameLength = each(delta, (x, p) => (x * length) / norm(delta[p] as number[]))
const drop = (table: Table, rate: number): number[][] => each(table, (x, p, w) => ((noise[p]?.[w] as number) < rate ? 0 : x / (1 - rate)))
const elect = (table: Table): number[][] => each(table, (x, _, w) => (Math.sign(x) === Math.sign(sum(column(table, w))) ? x : 0))
const rest = (table: Table): number[][] => each(table, (x, _, w) => x / Math.max(column(table, w).filter((y) => y !== 0).length, 1))

const ways: Readonly<Record<string, Table>> = {
  averaged: each(delta, (x) => x / 3),
  'added(scale = 0.4)': each(delta, (x) => 0.4 * x),
  same_length: sameLength,
  'dropped(rate = 0.3)': drop(delta, 0.3),
  elected: elect(delta),
  mean_of_rest: rest(delta),
  'dare_elected(rate = 0.3, scale = 0.5)': each(rest(elect(drop(delta, 0.3))), (x) => 0.5 * x),
  'fused(rate = 0.3)': rest(elect(drop(sameLength, 0.3))),
}

suite('merging', (test) => {
  for (const [way, expected] of Object.entries(ways)) {
    test(way, async () => {
      const plan = await planOf(`rlp 1
import { ${way.split('(')[0]}, Merge } from "std/merging"
model tiny: Transformer for seed in [0, 1, 2, 3] { layers = 1, width = 8, heads = 2, mlp = 8, context = 8 tokens, vocabulary = ["a"], seed = seed }
stage one: Merge { policy = tiny[0], policies = [tiny[1], tiny[2], tiny[3]], combine = ${way} }
`)
      const program = plan.programs[stageOf(plan, 'one').programs['combine'] ?? '']
      if (!program) throw new Error('no program `combine`')
      const found = await run(program, { POLICY: 3, WEIGHT: 5 }, { delta: delta.flat(), noise: noise.flat(), mask: Array<number>(15).fill(1) })
      near(found['value'] as number[], expected.flat())
    })
  }

})
