// From a value of the plan to the dataset it means: references, calls of sources, rows written in the spec, outputs of stages.
// Knows no store and no stage: outputs are opened by whoever calls.

import { isList, type DatasetPlan, type Plan, type Value } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import { callNow } from '../host-calls.js'
import type { HostContext, HostValue } from '../host.js'
import type { Secret } from '../secrets.js'
import { isDataset } from '../arguments.js'
import type { Dataset, Row } from './dataset.js'
import { listed } from './draws.js'
import { constant } from './expr.js'
import { select, type Called } from './select.js'
import { sources } from './sources.js'

export interface DataContext {
  /** Folder of the spec: relative paths start there. */
  readonly root: string
  /** A secret of the plan, for sources that ask for one. */
  readonly secret?: (name: string) => Secret
  /** Opens what a finished stage handed over. */
  readonly stageOutput: (stage: string, output: string) => Promise<Dataset>
  /** When given, declared datasets are opened once and kept here by address. */
  readonly opened?: Map<string, Promise<Dataset>>
}

/**
 * Opens the dataset that a value means: `{ dataset }`, `{ stage, output }`, `{ call }`, or a list of records.
 * @throws HostError of the 81xx codes; the message names file, line and field where there is one.
 */
export async function openDataset(plan: Plan, value: Value, context: DataContext): Promise<Dataset> {
  const opened = await open(plan, value, context, { root: context.root })
  if (isDataset(opened)) return opened
  if (Array.isArray(opened)) return listed(opened as Row[])
  throw failure('RLP8105', `${JSON.stringify(value).slice(0, 80)} is not a dataset`)
}

async function open(plan: Plan, value: Value, context: DataContext, host: HostContext): Promise<HostValue> {
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return Promise.all(value.map((item) => open(plan, item, context, host)))
  if ('dataset' in value) return declared(plan, value.dataset, context)
  if ('stage' in value) return context.stageOutput(value.stage, value.output)
  if ('call' in value) {
    const names = Object.keys(value.args)
    const given = await Promise.all(names.map((name) => open(plan, value.args[name] as Value, context, host)))
    const args = Object.fromEntries(names.map((name, i) => [name, given[i] as HostValue]))
    const source = Object.hasOwn(sources, value.call) ? sources[value.call] : undefined
    return source ? source(args, host) : callNow(value.call, args, host)
  }
  return constant(value, { names: {}, secret: context.secret })
}

function declared(plan: Plan, address: string, context: DataContext): Promise<Dataset> {
  const known = context.opened?.get(address)
  if (known) return known
  const phase = phaseOf(plan, address)
  const found = plan.datasets[address] ?? phase
  if (!found) throw failure('RLP8105', `the plan has no dataset \`${address}\``)
  const opening = openDeclared(plan, found, context, { name: `\`${address}\``, condition: phase ? 'select' : 'where' })
  context.opened?.set(address, opening)
  return opening
}

/** The data of one phase of a curriculum is addressed `school.basics`. */
function phaseOf(plan: Plan, address: string): DatasetPlan | undefined {
  for (const [name, { phases }] of Object.entries(plan.curricula)) {
    const phase = phases.find((one) => `${name}.${one.name}` === address)
    if (phase) return { source: phase.data, row: {}, ...(phase.where ? { where: phase.where } : {}) }
  }
  return undefined
}

async function openDeclared(plan: Plan, dataset: DatasetPlan, context: DataContext, called: Called): Promise<Dataset> {
  const host: HostContext = { root: context.root, row: dataset.row }
  const source = await open(plan, dataset.source, context, host)
  const rows = isDataset(source) ? source : Array.isArray(source) ? listed(source as Row[]) : undefined
  if (!rows) throw failure('RLP8105', 'the source of a dataset is not a dataset')
  return select(rows, dataset, { call: (name, args) => callNow(name, args, host) }, called)
}
