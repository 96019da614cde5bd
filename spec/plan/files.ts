// Which files a stage reads, as the plan names them: data files and folders of models. Their contents are no part of the plan;
// whoever stores a result or pins versions hashes them. Outputs of other stages are not among them.

import { lineage, modelInput } from './lineage.js'
import { isList, type Plan, type StagePlan, type Value } from './plan.js'

export interface PlanFile {
  /** Relative to the folder of the spec, or absolute. */
  readonly path: string
  readonly what: 'data' | 'model'
}

/** Calls that read a file: qualified name → the argument that names it. */
export const FILE_CALLS: Readonly<Record<string, string>> = {
  'std/prelude.jsonl': 'path',
  'std/prelude.csv': 'path',
  'std/prelude.parquet': 'path',
}

const NONE: readonly PlanFile[] = []

/** Of a plan: the files of any of its stages, sorted by path, each once. Datasets are walked once for all stages. */
export function stageFiles(plan: Plan): (stage: StagePlan) => readonly PlanFile[] {
  const known = new Map<string, readonly PlanFile[]>()
  const once = (name: string, values: () => readonly Value[]): readonly PlanFile[] => {
    const found = known.get(name) ?? values().flatMap(filesOf)
    known.set(name, found)
    return found
  }
  // Stages share the values that are the same for all of them.
  const seen = new WeakMap<object, readonly PlanFile[]>()
  const filesOf = (value: Value): readonly PlanFile[] => {
    if (value === null || typeof value !== 'object') return NONE
    const found = seen.get(value) ?? within(value)
    seen.set(value, found)
    return found
  }
  const within = (value: Value & object): readonly PlanFile[] => {
    if (isList(value)) return value.flatMap(filesOf)
    if ('record' in value) return Object.values(value.record).flatMap(filesOf)
    if ('call' in value) {
      const path = value.args[FILE_CALLS[value.call] ?? '']
      return [...(typeof path === 'string' ? [{ path, what: 'data' } as const] : []), ...Object.values(value.args).flatMap(filesOf)]
    }
    if ('dataset' in value) return once(value.dataset, () => sourcesOf(plan, value.dataset))
    if ('curriculum' in value) return once(value.curriculum, () => plan.curricula[value.curriculum]?.phases.map(({ data }) => data) ?? [])
    if ('model' in value) {
      const source = plan.models[value.model]?.source
      return source && 'folder' in source ? [{ path: source.folder, what: 'model' }] : []
    }
    return []
  }
  const behind = lineage(plan)
  return (stage) => {
    const { inputs, attributes } = stage
    const found = new Map<string, PlanFile>()
    // What stands still under an adapter is read by every stage that has it.
    for (const file of filesOf(behind(modelInput(stage))?.base ?? null)) found.set(file.path, file)
    const { start } = attributes
    if (stage.kind === 'Lora' && typeof start === 'string') found.set(start, { path: start, what: 'model' })
    for (const values of [inputs, attributes]) for (const name in values) for (const file of filesOf(values[name] ?? null)) found.set(file.path, file)
    return found.size === 0 ? NONE : [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }
}

/** A declared dataset, or `school.basics`, the data of one phase of a curriculum. */
function sourcesOf({ datasets, curricula }: Plan, address: string): readonly Value[] {
  const declared = datasets[address]
  if (declared) return [declared.source]
  return Object.entries(curricula).flatMap(([name, { phases }]) => phases.filter((phase) => `${name}.${phase.name}` === address).map(({ data }) => data))
}
