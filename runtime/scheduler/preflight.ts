// Looks at all data and model folders before the first step, and at what this machine lacks: a typo in the file of the last stage is found before the first one has trained.
// Opens what does not depend on a stage's output and makes each stage's own checks of rows; changes and stores nothing.

import { lineage, modelInput } from '../../spec/plan/lineage.js'
import { isList, type ModelPlan, type Plan, type StagePlan, type Value } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import type { Dataset } from '../data/dataset.js'
import { originOf } from '../data/origin.js'
import { written } from '../engines/native/attributes.js'
import { placeOf, type Drawn } from '../engines/native/course.js'
import { countsEpochs, withoutBatch, withoutEpoch } from '../engines/native/length.js'
import type { Reader } from '../engines/native/policy.js'
import { rowDemands, type ModelOfStage } from '../engines/native/rows.js'
import { HostError } from '../host.js'
import type { Secrets } from '../secrets.js'
import type { RunError } from './events.js'
import { lacking } from './lacking.js'

/** Rows tried of what a task makes, with an end or without: its rows are all of one form. */
const TRIED = 64
/** Rows walked of a file; the rest of a larger one is checked as it is read. Bounds the wait before the first step. */
const WALKED = 200_000

/** What `Artefacts` can open. */
export interface Opening {
  dataset(value: Value): Promise<Dataset>
  reader(policy: Value): Reader
  modelOf(value: Value): ModelPlan
  /** Throws when the weights of a model that is read from a folder are not there, or are another model's. */
  look(value: Value): void
  readonly secrets: Secrets
}

/** What is wrong with the data of `stages`, by address: one error for each, which tells of all its datasets. Empty when nothing is. */
export async function preflight(plan: Plan, stages: readonly StagePlan[], opening: Opening): Promise<ReadonlyMap<string, RunError>> {
  const found = new Map<string, RunError>()
  // Stages that differ in their seeds alone demand the same of the same rows: once is enough.
  const known = new Map<string, Promise<HostError | undefined>>()
  const folders = new Map<string, HostError | undefined>()
  const reading = readings(plan)
  const lacks = lacking(plan, opening.secrets)
  for (const stage of stages) {
    const demand = rowDemands[stage.kind]
    const problems = [...(await lacks(stage)), ...missingWeights(stage, opening, folders)]
    // Without a secret its data cannot be opened.
    const inputs = demand && problems.length === 0 ? datasetsOf(plan, stage.inputs[demand.input] ?? null) : []
    for (const value of inputs) {
      if (needsStage(plan, value)) {
        if (drawnForever(plan, value)) problems.push(...endless(stage, written(value)))
        continue
      }
      const input = modelInput(stage)
      const model = { plan: () => opening.modelOf(input), reader: () => opening.reader(input) }
      const { context, max_new, rollout } = stage.attributes
      const key = JSON.stringify([value, stage.kind, context, max_new, rollout, reading(stage)])
      const problem = known.get(key) ?? problemOf(stage, value, opening, model)
      known.set(key, problem)
      const one = await problem
      if (one) problems.push(one)
    }
    // Phases of a curriculum may read the same damaged file.
    const [first, ...others] = new Map(problems.map((problem) => [`${problem.code} ${problem.message}`, problem])).values()
    if (!first) continue
    const message = [first.message, ...others.map(({ code, message }) => `${code}: ${message}`)].join('; ')
    found.set(stage.address, { code: first.code, message, ...(first.help === undefined ? {} : { help: first.help }) })
  }
  return found
}

/** What is wrong with the folders of the models that a stage names itself; each is looked at once. */
function missingWeights({ inputs }: StagePlan, opening: Opening, known: Map<string, HostError | undefined>): HostError[] {
  return Object.values(inputs).flatMap((value) => {
    if (typeof value !== 'object' || value === null || !('model' in value)) return []
    if (!known.has(value.model)) known.set(value.model, failureOf(() => opening.look(value)))
    return known.get(value.model) ?? []
  })
}

function failureOf(look: () => void): HostError | undefined {
  try {
    look()
    return undefined
  } catch (cause) {
    if (cause instanceof HostError) return cause
    throw cause
  }
}

async function problemOf(stage: StagePlan, value: Value, opening: Opening, model: ModelOfStage): Promise<HostError | undefined> {
  const { check } = rowDemands[stage.kind] as (typeof rowDemands)[string]
  const source = written(value)
  try {
    const data = await opening.dataset(value)
    const [problem] = data.size === Infinity ? endless(stage, source) : withoutBatch(stage, data.size, source)
    if (problem) return problem
    return check && firstProblem(data, source, check(stage, model))
  } catch (cause) {
    if (cause instanceof HostError) return cause
    // A fault of rlpc: the stage meets it again and reports it as such.
    return undefined
  }
}

/** What is wrong when data has no end: whoever reads every row would not end, and epochs have no length. */
function endless(stage: StagePlan, source: string): HostError[] {
  if (rowDemands[stage.kind]?.everyRow) return [failure('RLP8007', `\`${source}\` has no end, and ${stage.address} reads every row`, 'cut it with `take`')]
  return countsEpochs(stage) ? [withoutEpoch(stage, source)] : []
}

/** The first row that cannot be read, and how many others cannot. */
function firstProblem(data: Dataset, source: string, check: (drawn: Drawn) => void): HostError | undefined {
  let first: HostError | undefined
  let others = 0
  for (const part of partsOf(data)) {
    const rows = Math.min(part.size, fromFile(part) ? WALKED : TRIED)
    for (let i = 0; i < rows; i++) {
      try {
        const row = part.row(i)
        check({ row, place: placeOf(row, source, `row ${i + 1} of`) })
      } catch (cause) {
        if (!(cause instanceof HostError)) throw cause
        if (first) others++
        else first = cause
      }
    }
  }
  return first && others > 0 ? new HostError(first.code, `${first.message} (and ${others} more ${others === 1 ? 'row' : 'rows'} of \`${source}\`)`, first.help) : first
}

/** People write files; their mistakes are anywhere. */
const fromFile = (data: Dataset): boolean => data.size > 0 && data.size < Infinity && originOf(data.row(0)) !== undefined

/** What a mixture draws from: its files are walked whole although it has no end. */
const partsOf = (data: Dataset): readonly Dataset[] => data.parts?.flatMap(partsOf) ?? [data]

/** One dataset, or those of a curriculum's phases. */
function datasetsOf(plan: Plan, value: Value): readonly Value[] {
  if (typeof value !== 'object' || value === null || !('curriculum' in value)) return value === null ? [] : [value]
  return (plan.curricula[value.curriculum]?.phases ?? []).map(({ name }) => ({ dataset: `${value.curriculum}.${name}` }))
}

/** Whether a dataset is made of what a stage hands over, which is not there yet. */
function needsStage(plan: Plan, value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isList(value)) return value.some((item) => needsStage(plan, item))
  if ('stage' in value) return true
  if ('call' in value) return Object.values(value.args).some((item) => needsStage(plan, item))
  if (!('dataset' in value)) return false
  const declared = plan.datasets[value.dataset]?.source ?? phaseData(plan, value.dataset)
  return declared !== undefined && needsStage(plan, declared)
}

function phaseData(plan: Plan, address: string): Value | undefined {
  for (const [name, { phases }] of Object.entries(plan.curricula)) {
    const phase = phases.find((one) => `${name}.${one.name}` === address)
    if (phase) return phase.data
  }
  return undefined
}

/** Whether data is a mixture, which has no end whatever stages hand over to it. */
function drawnForever(plan: Plan, value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ('call' in value) return value.call === 'std/prelude.mixture'
  if (!('dataset' in value)) return false
  const declared = plan.datasets[value.dataset]
  const source = declared ? (declared.take === null ? declared.source : null) : phaseData(plan, value.dataset)
  return source !== undefined && drawnForever(plan, source)
}

/** Of a stage: the number of the way in which its model reads rows. Policies of one model read them alike, trained or not. */
function readings(plan: Plan): (stage: StagePlan) => number {
  const behind = lineage(plan)
  const known = new Map<ModelPlan | undefined, number>([[undefined, -1]])
  const ways = new Map<string, number>()
  return (stage) => {
    const model = behind(modelInput(stage))?.model
    const before = known.get(model)
    if (before !== undefined || !model) return before ?? -1
    // Seeds of fresh weights change no token.
    const text = JSON.stringify([model.tokenizer, model.config, 'folder' in model.source ? model.source : null])
    const way = ways.get(text) ?? ways.size
    ways.set(text, way)
    known.set(model, way)
    return way
  }
}
