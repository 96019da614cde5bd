// The objectives of a plan as one Python module: for each distinct program its loss and the loss's gradient per token.
// Model programs stay graphs: on the engines that read this, the model is PyTorch's own.

import type { Graph } from '../../../spec/graph/graph.js'
import type { Plan, StagePlan, Value } from '../../../spec/plan/plan.js'
import { identifier, Names } from './names.js'
import { printTorchModule, type FunctionToPrint } from './print.js'

/** Roles that are printed: what the function is called, and what it is. */
const ROLES: readonly (readonly [role: string, suffix: string, title: string])[] = [
  ['measure', 'loss', 'Loss'],
  ['weigh', 'weigh', 'Gradient of the loss per token'],
]

/** Functions are named after the first stage that has them; equal programs are printed once. */
export function printPlanTorch(plan: Plan): string {
  const names = new Names([])
  const functions = ROLES.flatMap(([role, suffix, title]) => {
    const users = new Map<string, StagePlan[]>()
    for (const stage of plan.stages) {
      const key = stage.programs[role]
      if (key !== undefined) users.set(key, [...(users.get(key) ?? []), stage])
    }
    return [...users].map(([key, stages]): FunctionToPrint & { readonly stages: readonly StagePlan[] } => {
      const first = stages[0] as StagePlan
      return { graph: plan.programs[key] as Graph, name: names.fresh(`${identifier(first.name)}_${suffix}`), doc: `${title} of ${listed(stages.map(({ address }) => address))}.${objective(first)}`, stages }
    })
  })
  const order = (printed: (typeof functions)[number]): number => plan.stages.indexOf(printed.stages[0] as StagePlan)
  if (functions.length === 0) return `# No stage of ${plan.name} has an objective.\n`
  return printTorchModule(functions.sort((a, b) => order(a) - order(b)), `Objectives of ${plan.name}, as PyTorch. Written by ${plan.compiler}.`)
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
