// The objectives of a plan as one Python module: for each distinct one its advantage, its loss, and the loss's gradient per token.
// Model programs stay graphs: on the engines that read this, the model is PyTorch's own.

import type { Graph } from '../../../spec/graph/graph.js'
import type { Plan, StagePlan, Value } from '../../../spec/plan/plan.js'
import { identifier, Names } from './names.js'
import { splitObjective, type Objective } from './objective.js'
import { printTorchModule, type FunctionToPrint } from './print.js'

/** What is printed of an objective: the ending of the function's name, what it is, and its graph. */
const PARTS: readonly (readonly [ending: string, title: string, graph: (programs: Objective) => Graph | undefined])[] = [
  ['advantage', 'Advantage', (programs) => splitObjective(programs).advantage],
  ['loss', 'Loss', (programs) => splitObjective(programs).loss],
  ['weigh', 'Gradient of the loss per token', ({ weigh }) => weigh],
]

/** Functions are named after the first stage that has them; equal objectives are printed once. */
export function printPlanTorch(plan: Plan): string {
  const users = new Map<string, StagePlan[]>()
  for (const stage of plan.stages) {
    const key = `${stage.programs['advantage']} ${stage.programs['measure']} ${stage.programs['weigh']}`
    if (stage.programs['measure'] !== undefined && stage.programs['weigh'] !== undefined) users.set(key, [...(users.get(key) ?? []), stage])
  }
  if (users.size === 0) return `# No stage of ${plan.name} has an objective.\n`
  const names = new Names([])
  const functions = [...users.values()].flatMap((stages): FunctionToPrint[] => {
    const first = stages[0] as StagePlan
    const graph = (role: string): Graph | undefined => plan.programs[first.programs[role] ?? '']
    const programs = { measure: graph('measure') as Graph, weigh: graph('weigh') as Graph, advantage: graph('advantage') }
    return PARTS.flatMap(([ending, title, graphOf]) => {
      const graph = graphOf(programs)
      return graph ? [{ graph, name: names.fresh(`${identifier(first.name)}_${ending}`), doc: `${title} of ${listed(stages.map(({ address }) => address))}.${objective(first)}` }] : []
    })
  })
  return printTorchModule(functions, `Objectives of ${plan.name}, as PyTorch. Written by ${plan.compiler}.`)
}

function listed(addresses: readonly string[]): string {
  const [shown, rest] = [addresses.slice(0, 4), addresses.length - 4]
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** The functions of the language that were lowered, as written: one line each. */
function objective({ attributes }: StagePlan): string {
  const lines = ['advantage', 'loss', 'aggregate'].flatMap((name) => (attributes[name] === undefined ? [] : [`    ${name} = ${valueText(attributes[name] as Value)}`]))
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`
}

function valueText(value: Value): string {
  if (value === null) return 'none'
  if (typeof value !== 'object') return JSON.stringify(value)
  if ('fn' in value) {
    const args = Object.entries(value.args).map(([name, argument]) => `${name} = ${valueText(argument)}`)
    return `${value.fn}${args.length > 0 ? `(${args.join(', ')})` : ''}`
  }
  if ('unit' in value) return `${value.value} ${value.unit}`
  if ('low' in value) return `${value.low ?? ''}..${value.high ?? ''}`
  return JSON.stringify(value)
}
