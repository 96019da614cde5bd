// How much memory a stage takes at its peak, by what it is for: the same states and programs as the stage would have, at their
// largest sizes, placed by the executor's own rules. Rows are taken to fill the context, so shorter data takes less.

import type { Graph } from '../../../spec/graph/graph.js'
import { trainedWeights } from '../../../spec/plan/adapters.js'
import { lineage, modelInput } from '../../../spec/plan/lineage.js'
import type { ModelPlan, Plan, StagePlan } from '../../../spec/plan/plan.js'
import type { Bindings } from '../../executors/executor.js'
import { Arenas, Footprint } from '../../executors/wasm/footprint.js'
import { bucket } from './batching.js'
import { graphsOf, inputs, ofReference } from './programs.js'
import { shapesOf, waves, type Shapes } from './sizes.js'

export interface StageMemory {
  /** Bytes at the worst moment, those outside of the executor included. */
  readonly peak: number
  /** Of these, those of the executor's memories: what `WasmSession.peak` of all sessions sums to. */
  readonly executor: number
  readonly parts: Readonly<Record<Part, number>>
}

export type Part = 'weights' | 'gradients' | 'optimiser' | 'KV cache' | 'logits' | 'activations' | 'reference' | 'checkpoint'

/** A part of a prefix of state names; `w/…` and so on (spec/plan/README.md). */
const STATES: readonly (readonly [prefix: string, part: Part])[] = [
  ['g/', 'gradients'],
  ['m/', 'optimiser'],
  ['v/', 'optimiser'],
]

const EMPTY: Graph = { name: 'none', nodes: [], outputs: [], bodies: [] }

/** Of a plan: what each stage takes; undefined for kinds and models that are not foreseen. Stages of the same shapes share the work. */
export function memoryOf(plan: Plan): (stage: StagePlan) => StageMemory | undefined {
  const arenas = new Arenas()
  const known = new Map<ModelPlan, Map<string, StageMemory>>()
  const behind = lineage(plan)
  // Stages with the same programs mostly have them in one object, and models are few.
  const texts = new WeakMap<StagePlan['programs'], string>()
  const programs = ({ programs: each }: StagePlan): string => {
    const text = texts.get(each) ?? Object.entries(each).join(' ')
    texts.set(each, text)
    return text
  }
  const numbers = new Map<ModelPlan, number>()
  const number = (model: ModelPlan): number => {
    const found = numbers.get(model) ?? numbers.size
    numbers.set(model, found)
    return found
  }
  return (stage) => {
    const model = behind(modelInput(stage))?.model
    const shapes = model && shapesOf(plan, stage, model)
    if (!model || !shapes) return undefined
    const ofModel = known.get(model) ?? new Map<string, StageMemory>()
    known.set(model, ofModel)
    const reference = behind(stage.inputs['reference'] ?? null)?.model ?? model
    const key = `${programs(stage)} ${number(reference)} ${JSON.stringify(shapes)}`
    const memory = ofModel.get(key) ?? measure(model, reference, graphsOf(plan, stage), shapes, arenas)
    ofModel.set(key, memory)
    return memory
  }
}

function measure(model: ModelPlan, reference: ModelPlan, graphs: Readonly<Record<string, Graph>>, { micro, levels, rollouts, scored = false, once = false }: Shapes, arenas: Arenas): StageMemory {
  const parts: Record<Part, number> = { weights: 0, gradients: 0, optimiser: 0, 'KV cache': 0, logits: 0, activations: 0, reference: 0, checkpoint: 0 }
  const session = new Footprint(arenas)
  for (const { name, shape } of model.weights) parts.weights += session.declare(`w/${name}`, shape)
  const trained = trainedWeights(model).reduce((sum, { shape }) => sum + 4 * size(shape), 0)
  const largest = 4 * Math.max(...model.weights.map(({ shape }) => size(shape)))
  for (const role of levels ? ['gradient', 'norm', 'apply'] : []) {
    for (const node of inputs(graphs[role] as Graph, 'state')) {
      const name = String(node.attributes['name'])
      const part = STATES.find(([prefix]) => name.startsWith(prefix))?.[1]
      const bytes = session.declare(name, node.type.shape as readonly number[])
      if (part) parts[part] += bytes
    }
  }
  const load = (role: string, sizes: Bindings) => graphs[role] && session.load(graphs[role], sizes)
  if (rollouts) {
    const { rows, prompt, maxNew } = rollouts
    const S = bucket(prompt) + maxNew
    for (const B of waves(rows)) {
      parts['KV cache'] += session.declareStates(graphs['decode'] as Graph, { B, S }, (name) => (name.startsWith('cache.') ? `${name}@${B}` : name))
      if (B === rows) load('prefill', { B, S, P: bucket(prompt) })
      load('sample', { B })
      load('decode', { B, S })
    }
    parts.logits = rows * Number(model.config['vocab_size'] ?? 0) * 4
  }
  const reads = (role: string, ...names: string[]) => inputs(graphs[role] ?? EMPTY, 'feed').some(({ attributes }) => names.includes(String(attributes['name'])))
  if (micro && (!levels || scored || reads('weigh', 'entropy', ...(once ? [] : ['logp'])))) load('score', micro)
  if (levels) {
    load('advantage', levels)
    load('weigh', levels)
    load('gradient', micro as Bindings)
    load('measure', levels)
    load('norm', {})
    load('apply', {})
  }
  parts.activations = Math.max(0, session.arenaBytes - parts.logits)
  const sessions = [session.peak]
  if ((reads('weigh', 'ref_logp') || reads('measure', 'ref_logp')) && micro && graphs['score']) {
    const frozen = new Footprint(arenas)
    for (const { name, shape } of reference.weights) frozen.declare(`w/${name}`, shape)
    frozen.load(ofReference(graphs)['score'] as Graph, micro)
    parts.reference = frozen.peak
    sessions.push(frozen.peak)
  }
  // Beside the executor: while a state is saved a copy of weights and moments; before that, one weight at a time as it is read.
  parts.checkpoint = levels ? 3 * trained : 0
  const executor = sessions.reduce((a, b) => a + b, 0)
  return { peak: executor + Math.max(parts.checkpoint, largest), executor, parts }
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
