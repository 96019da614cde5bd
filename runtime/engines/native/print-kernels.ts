// What `rlpc compile --emit kernels` prints: every program of a plan as the `wasm` executor runs it, at the largest sizes that its stage would have.
// Programs whose sizes are known only when they run are shown with small ones, and say so.

import type { Graph } from '../../../spec/graph/graph.js'
import { lineage, modelInput } from '../../../spec/plan/lineage.js'
import type { Plan } from '../../../spec/plan/plan.js'
import type { Bindings } from '../../executors/executor.js'
import { printSchedule } from '../../executors/wasm/print.js'
import { bindingsOf, shapesOf } from './sizes.js'

/** Stands for a size that nobody knows before a run. */
const UNKNOWN = 16

interface Use {
  readonly names: string[]
  readonly sizes: Bindings | undefined
}

/** Each program once, with the stages and roles that use it. */
export function printKernels(plan: Plan): string {
  const uses = new Map<string, Use>()
  const use = (program: string, name: string, sizes?: Bindings): void => {
    const key = `${program} ${JSON.stringify(sizes ?? null)}`
    uses.set(key, { names: [...(uses.get(key)?.names ?? []), name], sizes })
  }
  const behind = lineage(plan)
  for (const stage of plan.stages) {
    const model = behind(modelInput(stage))?.model
    const shapes = model && shapesOf(plan, stage, model)
    for (const [role, program] of Object.entries(stage.programs)) use(program, `${stage.address} ${role}`, shapes && bindingsOf(shapes, role))
  }
  for (const [name, { program }] of Object.entries(plan.rewards)) use(program, `reward ${name}`)
  return [...uses].map(([key, { names, sizes }]) => text(plan.programs[key.split(' ', 1)[0] as string] as Graph, names, sizes)).join('\n')
}

function text(graph: Graph, names: readonly string[], sizes: Bindings | undefined): string {
  const symbols = symbolsOf(graph)
  const bindings = Object.fromEntries(symbols.map((symbol) => [symbol, sizes?.[symbol] ?? UNKNOWN]))
  const guessed = symbols.filter((symbol) => sizes?.[symbol] === undefined)
  const note = guessed.length > 0 ? `# ${guessed.join(', ')}: known only when it runs\n` : ''
  return `# ${names.join(', ')}\n${note}${printSchedule(graph, bindings)}`
}

/** The free sizes of a graph, in the order in which they first appear. */
function symbolsOf({ nodes }: Graph): string[] {
  const found = nodes.flatMap(({ type, outputs }) => (outputs ?? [type]).flatMap(({ shape }) => shape.flatMap((dim) => (typeof dim === 'number' ? [] : (dim.match(/[A-Za-z_]\w*/g) ?? [])))))
  return [...new Set(found)]
}
