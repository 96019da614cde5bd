// Time of each step of the schedule of one graph of the quickstart, one thread: `node --import tsx runtime/bench/profile.ts [stage kind] [role]`.
// CPU time of the process over many calls of each step, so that it means something on a busy machine. Runs the `wasm` executor's own code; does not compare with PyTorch (`main.ts`).

import { fileURLToPath } from 'node:url'
import { compile } from '../../compiler/index.js'
import { diskHost } from '../../compiler/cli/disk-host.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Plan } from '../../spec/plan/plan.js'
import type { Session } from '../executors/executor.js'
import { declareStates } from '../executors/states.js'
import { MEETING_BYTES, prepared } from '../executors/wasm/index.js'
import { scratchBytes, writeModule } from '../executors/wasm/emit/module.js'
import { kernelModule } from '../executors/wasm/kernels.js'
import { Heap } from '../executors/wasm/memory.js'
import { count } from '../executors/wasm/plan/nest.js'
import { PackedWeights } from '../executors/wasm/packed.js'
import { lower } from '../executors/wasm/plan/lower.js'
import { place } from '../executors/wasm/plan/place.js'
import type { Step } from '../executors/wasm/plan/step.js'
import { NO_TURN, type Run } from '../executors/wasm/threads.js'

const [kind = 'Sft', role = 'gradient'] = process.argv.slice(2)
const bindings = { B: 32, T: 112, P: 21, S: 121 }
/** Calls of a step last at least this long together. */
const BUDGET_MS = 40

const compiled = await compile({ entry: 'main.rlp', host: diskHost(fileURLToPath(new URL('../../examples/quickstart', import.meta.url))), parameters: [] })
const plan = compiled.plan as Plan
const found = plan.stages.find((one) => one.kind === kind)?.programs[role]
if (found === undefined) throw new Error(`the quickstart has no stage ${kind} with a graph "${role}"; stages: ${plan.stages.map((one) => `${one.kind} (${Object.keys(one.programs).join(', ')})`).join(', ')}`)
const graph = plan.programs[found] as Graph

const heap = new Heap()
const states = new Map<string, number>()
const session = { declare: (name, _, shape) => void states.set(name, heap.allocate(count(shape) * 4)) } satisfies Pick<Session, 'declare'>
declareStates(session as Partial<Session> as Session, graph, bindings)
const schedule = lower(prepared(graph, bindings))
const placement = place(schedule)
const pool = heap.allocate(schedule.pool.length * 4)
const scratch = heap.allocate(scratchBytes(schedule))
const arena = heap.allocate(placement.arenaBytes)
heap.words.set(schedule.pool, pool / 4)
const packed = new PackedWeights(heap)
packed.declare(schedule.packings)
const bytes = writeModule(schedule, placement, { pool, meeting: heap.allocate(MEETING_BYTES), state: (name) => states.get(name) as number, packed: (name) => packed.address(name), turn: (name) => states.get(name) as number }, { each: true })
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: heap.memory }, k: new WebAssembly.Instance(kernelModule(), { env: { memory: heap.memory } }).exports })

const cpu = (): number => process.cpuUsage().user / 1000

/** Milliseconds of CPU time of one call. */
function time(call: Run): number {
  call(arena, scratch, 0, 1, NO_TURN)
  const start = cpu()
  let calls = 0
  for (; cpu() - start < BUDGET_MS; calls++) call(arena, scratch, 0, 1, NO_TURN)
  return (cpu() - start) / calls
}

const name = ({ work, label }: Step): string =>
  work.kind === 'nest' ? `loop ${label ?? ''}` : work.kernel.startsWith('gemm') ? `${work.kernel} m, n, k = ${work.args.slice(-5, -2).join(', ')}` : work.kernel

const rows = schedule.steps.flatMap((step, i) => {
  const call = exports[String(i)] as Run | undefined
  return call ? [{ i, name: name(step), ms: time(call) }] : []
})
const total = rows.reduce((sum, { ms }) => sum + ms, 0)
console.log(`${kind}.${role}: ${rows.length} steps, ${total.toFixed(1)} ms, arena ${(placement.arenaBytes / 2 ** 20).toFixed(1)} MiB, module ${(bytes.length / 1024).toFixed(0)} KiB\n`)
for (const row of rows.sort((a, b) => b.ms - a.ms)) console.log(`${row.ms.toFixed(3).padStart(9)} ms ${((100 * row.ms) / total).toFixed(1).padStart(5)}%  ${String(row.i).padStart(4)}  ${row.name}`)
