// From the graph of a gradient to a program that can run: schedule, memory, generated code; on TensorFlow what XLA compiles, which takes a first run.

import { bind } from '../../../spec/graph/bind.js'
import type { DType } from '../../../spec/graph/graph.js'
import type { StagePlan } from '../../../spec/plan/plan.js'
import { executorNamed } from '../../backends.js'
import { graphsOf, inputs } from '../../engines/native/programs.js'
import type { Executor, Feeds } from '../../executors/executor.js'
import { declareStates } from '../../executors/states.js'
import { planOf } from './spec.js'
import { task, turns } from './turns.js'

const { row, threads } = task
const plan = await planOf(task)
const graph = graphsOf(plan, plan.stages[0] as StagePlan)['gradient'] as ReturnType<typeof graphsOf>[string]
const bindings = { B: row.batch, T: row.tokens }
const backend = process.env['RLPC_BACKEND'] ?? 'wasm'
// What was compiled before would be loaded.
process.env['TF_XLA_FLAGS'] = '--tf_xla_persistent_cache_directory='
const executor = (await executorNamed(backend, { threads })) as Executor

const ZEROS: Readonly<Record<DType, (length: number) => Feeds[string]>> = { f32: (n) => new Float32Array(n), i32: (n) => new Int32Array(n), u32: (n) => new Uint32Array(n), bool: (n) => new Uint8Array(n) }
const feeds = Object.fromEntries(inputs(bind(graph, bindings), 'feed').map(({ attributes, type }) => [String(attributes['name']), ZEROS[type.dtype]((type.shape as number[]).reduce((x, y) => x * y, 1))]))

await turns(async () => {
  const session = await executor.open()
  declareStates(session, graph, bindings)
  const program = session.load(graph, bindings)
  if (backend !== 'wasm') await program.run(feeds)
  session.close()
})
