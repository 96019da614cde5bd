// What `rlpc compile --emit kernels` prints: every program of a plan as the `wasm` executor runs it, at the largest sizes that its stage would have.
// Programs whose sizes are known only when they run are shown with small ones, and say so.

import type { Graph } from '../../../spec/graph/graph.js'
import { lineage, modelInput } from '../../../spec/plan/lineage.js'
import type { Plan } from '../../../spec/plan/plan.js'
import type { Bindings } from '../../executors/executor.js'
import { printSchedule } from '../../executors/wasm/print.js'
import { bindingsOf, shapesOf } from './sizes.js'
import { turnOf } from './turn.js'

/** Stands for a size that nobody knows before a run. */
const UNKNOWN = 16

interface Use {
  readonly graph: Graph
  readonly names: string[]
  readonly sizes: Bindings | undefined
}

/** Each program once, with the stages and roles that use it. */
export function printKernels(plan: Plan): string {
  const uses = new Map<string, Use>()
  const use = (programs: readonly string[], name: string, sizes?: Bindings): void => {
    const key = `${programs.join('+')} ${JSON.stringify(sizes ?? null)}`
    const { graph, names } = uses.get(key) ?? { graph: graphOf(programs.map((program) => plan.programs[program] as Graph)), names: [] }
    uses.set(key, { graph, names: [...names, name], sizes })
  }
  const behind = lineage(plan)
  for (const stage of plan.stages) {
    const model = behind(modelInput(stage))?.model
    const shapes = model && shapesOf(plan, stage, model)
    const { sample, decode, ...others } = stage.programs
    for (const [role, program] of Object.entries(others)) use([program], `${stage.address} ${role}`, shapes && bindingsOf(shapes, role))
    if (sample !== undefined && decode !== undefined) use([sample, decode], `${stage.address} sample and decode`, shapes && bindingsOf(shapes, 'decode'))
  }
  for (const [name, { program }] of Object.entries(plan.rewards)) use([program], `reward ${name}`)
  return [...uses.values()].map(({ graph, names, sizes }) => text(graph, names, sizes)).join('\n')
}

/** A program as it runs: drawing and reading a token is one. */
const graphOf = ([first, then]: readonly Graph[]): Graph => (then ? turnOf(first as Graph, then) : (first as Graph))

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
