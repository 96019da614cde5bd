// From the graph of a gradient to a program that can run: schedule, memory, generated code.

import type { StagePlan } from '../../../spec/plan/plan.js'
import { graphsOf } from '../../engines/native/programs.js'
import { declareStates } from '../../executors/states.js'
import { wasmWith } from '../../executors/wasm/index.js'
import { planOf } from './spec.js'
import { task, turns } from './turns.js'

const { row, threads } = task
const plan = await planOf(task)
const graph = graphsOf(plan, plan.stages[0] as StagePlan)['gradient'] as ReturnType<typeof graphsOf>[string]
const bindings = { B: row.batch, T: row.tokens }
await turns(async () => {
  const session = await wasmWith(threads).open()
  declareStates(session, graph, bindings)
  session.load(graph, bindings)
  session.close()
})
