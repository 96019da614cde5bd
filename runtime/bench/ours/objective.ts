// The objective alone: from rewards and log-probabilities to the loss and the weight of every token.

import type { StagePlan } from '../../../spec/plan/plan.js'
import { graphsOf } from '../../engines/native/programs.js'
import { wasmWith } from '../../executors/wasm/index.js'
import { GROUP, planOf } from './spec.js'
import { task, turns } from './turns.js'

const { row, threads } = task
const plan = await planOf(task)
const { weigh, measure } = graphsOf(plan, plan.stages[0] as StagePlan)
const session = await wasmWith(threads).open()
const sizes = { G: row.batch / GROUP, N: GROUP, T: row.tokens, R: 1 }
// As an update does: the loss is measured by itself only where the weights do not come with it.
const once = weigh?.outputs.some((output) => output.kind === 'fetch' && output.name === 'loss')
const programs = (once ? [weigh] : [weigh, measure]).map((graph) => ({ graph, program: session.load(graph as NonNullable<typeof graph>, sizes) }))

const numbers = (length: number, of: (i: number) => number): Float32Array => Float32Array.from({ length }, (_, i) => of(((i * 2654435761) >>> 0) / 2 ** 32))
const cells = row.batch * row.tokens
const feeds: Record<string, Float32Array> = {
  mask: Float32Array.from({ length: cells }, (_, i) => Number(i % row.tokens >= 16 && i % row.tokens < 512 + (Math.floor(i / row.tokens) % 512))),
  logp: numbers(cells, (x) => -2 * x),
  old_logp: numbers(cells, (x) => -2 * x + 0.3 * ((x * 1000) % 1) - 0.15),
  reward: numbers(row.batch, (x) => Math.round(x * 4) / 4),
}
const named = ({ nodes }: (typeof programs)[number]['graph'] & object): Record<string, Float32Array> =>
  Object.fromEntries(nodes.flatMap(({ op, attributes }) => (op === 'input' && attributes['storage'] === 'feed' ? [[String(attributes['name']), feeds[String(attributes['name'])] as Float32Array]] : [])))
const calls = programs.map(({ graph, program }) => ({ program, fed: named(graph as NonNullable<typeof graph>) }))
await turns(async () => {
  for (const { program, fed } of calls) await program.run(fed)
})
