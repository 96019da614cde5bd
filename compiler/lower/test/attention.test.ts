// The objective on attention against its formula, its gradient against finite differences; formulas of searches at numbers worked by hand.

import { near, ok, suite } from '../../../spec/test/suite.js'
import type { Graph } from '../../../spec/graph/graph.js'
import { SourceFile } from '../../../grammar/source/source.js'
import { lowerAttention } from '../attention.js'
import { lowerScalar } from '../schedule.js'
import { closure, modulesOf, noConstants, run } from './harness.js'

const modules = modulesOf(`rlp 1
import * as attention from "std/attention"
import * as inference from "std/inference"
fn unused() = [attention.anchored, inference.ucb]
`)
const span = new SourceFile('main.rlp', '').span(0, 0)

/** Two samples of three heads. */
const image = [0.4, 0.01, 0.25, 0.6, 0.09, 0.3]
const system = [0.1, 0.5, 0, 0.02, 0.3, 0.25]
const byHand = (on: readonly number[], off: readonly number[]): number => {
  let sum = 0
  for (let i = 0; i < on.length; i++) sum += 0.15 * Math.log((off[i] as number) + 1e-6) - 0.15 * Math.log(on[i] as number)
  return sum / on.length
}

suite('attention', (test) => {
  test('anchored: L_enh and L_sup with 0.15 each, in the mean over heads', async () => {
    const { program, diagnostics } = lowerAttention(closure(modules.get('std/attention'), 'anchored', {}), span, noConstants)
    ok(program && diagnostics.length === 0)
    const sizes = { N: 2, HEAD: 3 }
    const { attention, dimage, dsystem } = await run(program as Graph, sizes, { image, system })
    near((attention as number[])[0] as number, byHand(image, system), { rtol: 1e-12 })
    near(dimage as number[], image.map((x) => -0.15 / x / 6), { rtol: 1e-9 })
    near(dsystem as number[], system.map((x) => 0.15 / (x + 1e-6) / 6), { rtol: 1e-9 })
  })
})

suite('formulas of a search', (test) => {
  const formula = async (name: string, feeds: Readonly<Record<string, number>>): Promise<number> => {
    const { program } = lowerScalar('it', 'no formula', closure(modules.get('std/inference'), name, {}), Object.keys(feeds), span, noConstants)
    return ((await run(program as Graph, {}, Object.fromEntries(Object.entries(feeds).map(([key, value]) => [key, [value]]))))['it'] as number[])[0] as number
  }

  test('UCB, the value with an association, and the running mean', async () => {
    near(await formula('ucb', { value: 0.5, visits: 4, parent_visits: 16 }), 0.5 + 1.4 * Math.sqrt(Math.log(16) / 4))
    near(await formula('with_association', { quality: 0.5, association: 0.8 }), 0.58)
    near(await formula('running_mean', { value: 0.5, visits: 4, children: 2, children_value: 1.5 }), (4 * 0.5 + 1.5) / 6)
  })
})
