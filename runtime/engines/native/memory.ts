// How much memory a stage takes at its peak, by what it is for: the same states and programs as the stage would have, at their
// largest sizes, placed by the executor's own rules. Rows are taken to fill the context, so shorter data takes less.

import type { Graph } from '../../../spec/graph/graph.js'
import { trainedWeights } from '../../../spec/plan/adapters.js'
import { withScoreHead } from '../../../spec/plan/heads.js'
import { makesModel } from '../../../spec/plan/changes.js'
import { lineage, modelInput } from '../../../spec/plan/lineage.js'
import type { ModelPlan, Plan, StagePlan } from '../../../spec/plan/plan.js'
import type { Bindings } from '../../executors/executor.js'
import { Arenas, Footprint } from '../../executors/wasm/footprint.js'
import { criticGraphs, graphsOf, inputs, ofReference } from './programs.js'
import { WAVE } from './rollout.js'
import { bindingsOfWave, lookedAt, rowsOfPrefill, shapesOf, waves, type Rolled, type Shapes } from './sizes.js'
import { turnOf, TURNS } from './turn.js'

export interface StageMemory {
  /** Bytes at the worst moment, those outside of the executor included. */
  readonly peak: number
  /** Of these, those of the executor's memories: what `WasmSession.peak` of all sessions sums to. */
  readonly executor: number
  readonly parts: Readonly<Record<Part, number>>
}

export type Part = 'weights' | 'gradients' | 'optimiser' | 'KV cache' | 'logits' | 'activations' | 'reference' | 'critic' | 'recall' | 'copies' | 'checkpoint'

/** A part of a prefix of state names; `w/…` and so on (spec/plan/README.md). */
const STATES: readonly (readonly [prefix: string, part: Part])[] = [
  ['w/', 'weights'],
  ['g/', 'gradients'],
  ['m/', 'optimiser'],
  ['v/', 'optimiser'],
]

const EMPTY: Graph = { name: 'none', nodes: [], outputs: [], bodies: [] }

type Graphs = Readonly<Record<string, Graph>>

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
    const given = behind(makesModel(stage.kind) ? { stage: stage.address, output: 'agent' } : modelInput(stage))?.model
    // It trains what it hands over.
    const model = given && stage.kind === 'RewardModel' ? withScoreHead(given) : given
    const shapes = model && shapesOf(plan, stage, model)
    if (!model || !shapes) return undefined
    const ofModel = known.get(model) ?? new Map<string, StageMemory>()
    known.set(model, ofModel)
    const other = (input: string): ModelPlan => behind(stage.inputs[input] ?? null)?.model ?? model
    const others = { reference: other('reference'), recall: other('recall') }
    const key = `${programs(stage)} ${number(others.reference)} ${number(others.recall)} ${JSON.stringify(shapes)}`
    const memory = ofModel.get(key) ?? new Measured(model, graphsOf(plan, stage), shapes, arenas).with(others)
    ofModel.set(key, memory)
    return memory
  }
}

/** The sessions of one stage, in the order that it opens and fills them. */
class Measured {
  private readonly parts: Record<Part, number> = { weights: 0, gradients: 0, optimiser: 0, 'KV cache': 0, logits: 0, activations: 0, reference: 0, critic: 0, recall: 0, copies: 0, checkpoint: 0 }

  constructor(
    private readonly model: ModelPlan,
    private readonly graphs: Graphs,
    private readonly shapes: Shapes,
    private readonly arenas: Arenas,
  ) {}

  with({ reference, recall }: { readonly reference: ModelPlan; readonly recall: ModelPlan }): StageMemory {
    const { parts, model, graphs, shapes } = this
    const { micro, levels, rollouts = [], alone = [], merged, acting } = shapes
    const session = merged || (rollouts.length === 0 && !micro && alone.length === 0 && acting === undefined) ? new Footprint(this.arenas) : this.holding(model, parts)
    if (levels || shapes.slopes) this.declareTraining(session, graphs, parts)
    for (const each of rollouts) this.roll(session, graphs, each, model)
    this.learn(session, graphs, shapes)
    for (const role of alone) session.load(graphs[role] as Graph, {})
    if (merged) session.load(graphs['combine'] as Graph, merged)
    if (acting !== undefined) session.load(graphs['act'] as Graph, { N: acting })
    parts.activations = Math.max(0, session.arenaBytes - parts.logits)
    const used = merged || session.arenaBytes > 0 ? session.peak : 0
    const objective = reads(graphs, 'weigh', 'ref_logp') || reads(graphs, 'measure', 'ref_logp') || reads(graphs, 'estimate', 'ref_logp')
    parts.reference = objective && micro && graphs['score'] ? this.frozen(reference, ofReference(graphs)['score'] as Graph, shapes) : 0
    parts.critic = shapes.critic ? this.critic() : 0
    parts.recall = shapes.recall ? this.recall(recall, shapes.recall) : 0

    // Beside the executor: while a state is saved a copy of weights and moments; before that, one weight at a time as it is read.
    const all = weightBytes(model.weights)
    const trained = weightBytes(trainedWeights(model))
    parts.checkpoint = levels ? 3 * trained + (shapes.critic ? 3 * all : 0) : 0
    // What operations on weights hold: base and sum, and of each policy what it adds, noise, mask and share; noise and a copy; the merged weights.
    parts.copies = merged ? (2 + 4 * (merged['POLICY'] as number)) * all : alone.length > 0 ? 2 * all : 0
    const largest = 4 * Math.max(...model.weights.map(({ shape }) => size(shape)))
    const executor = used + parts.reference + parts.critic + parts.recall
    return { peak: executor + Math.max(parts.checkpoint, parts.copies, used > 0 ? largest : trained), executor, parts }
  }

  /** A session with the weights of a model. */
  private holding({ weights }: ModelPlan, parts?: Record<Part, number>): Footprint {
    const session = new Footprint(this.arenas)
    for (const { name, shape } of weights) {
      const bytes = session.declare(`w/${name}`, shape)
      if (parts) parts.weights += bytes
    }
    return session
  }

  /** What a trainer declares when it is made, or who asks for a gradient alone. */
  private declareTraining(session: Footprint, graphs: Graphs, parts?: Record<Part, number>): void {
    for (const role of ['gradient', 'norm', 'apply']) {
      for (const node of inputs(graphs[role] ?? EMPTY, 'state')) {
        const name = String(node.attributes['name'])
        const part = STATES.find(([prefix]) => name.startsWith(prefix))?.[1]
        const bytes = session.declare(name, node.type.shape as readonly number[])
        if (part && parts) parts[part] += bytes
      }
    }
  }

  private roll(session: Footprint, graphs: Graphs, rolled: Rolled, { config }: ModelPlan): void {
    const drawn = turnOf(graphs['sample'] as Graph, graphs['decode'] as Graph)
    for (const [wave, { rows: B, group, groups }] of waves(rolled.rows, session.threads).entries()) {
      const sizes = bindingsOfWave(rolled, B)
      this.declareCaches(session, graphs, sizes, group)
      if (wave === 0) {
        const read = bindingsOfWave(rolled, rowsOfPrefill(rolled, B))
        this.declareCaches(session, graphs, read, group)
        session.load(graphs['prefill'] as Graph, read, groups)
      }
      session.load(drawn, sizes, groups, TURNS)
    }
    if (graphs['look']) session.load(graphs['look'], ...lookedAt(rolled))
    this.parts.logits = Math.max(this.parts.logits, Math.min(WAVE, rolled.rows) * Number(config['vocab_size'] ?? 0) * 4)
  }

  private declareCaches(session: Footprint, graphs: Graphs, sizes: Bindings, group: number): void {
    this.parts['KV cache'] += session.declareStates(graphs['decode'] as Graph, sizes, (name) => (name.startsWith('cache.') ? `${name}@${sizes['B']}x${sizes['S']}.${group}` : name))
  }

  /** The programs that score, weigh and update. */
  private learn(session: Footprint, graphs: Graphs, { micro, micros, shorter, levels, slopes, looked, looks, scored = false, once = false }: Shapes): void {
    const load = (role: string, sizes: Bindings, calls = 1) => graphs[role] && session.load(graphs[role], sizes, calls)
    if (micro && (!levels || scored || reads(graphs, 'weigh', 'entropy', ...(once ? [] : ['logp', 'value'])))) load('score', micro, micros)
    if (levels) {
      load('look', micro as Bindings, micros)
      load('advantage', levels)
      load('weigh', levels)
      load('gradient', micro as Bindings, micros)
      if (shorter) load('gradient', shorter.micro, shorter.micros)
      load('measure', levels)
      load('norm', {})
      load('apply', {})
    }
    if (slopes) {
      load('gradient', micro as Bindings)
      load('norm', {})
    }
    if (looked) load('score', looked, looks)
  }

  private frozen(model: ModelPlan, score: Graph, { micro, micros }: Shapes): number {
    const session = this.holding(model)
    session.load(score, micro as Bindings, micros)
    return session.peak
  }

  /** It judges every batch before it learns from it. */
  private critic(): number {
    const graphs = criticGraphs(this.graphs)
    const session = new Footprint(this.arenas)
    session.declareStates(graphs['score'] as Graph, {})
    this.declareTraining(session, graphs)
    this.learn(session, graphs, { ...this.shapes, scored: true })
    return session.peak
  }

  private recall(model: ModelPlan, recalled: readonly Rolled[]): number {
    const session = this.holding(model)
    for (const each of recalled) this.roll(session, this.graphs, each, model)
    return session.peak
  }
}

const reads = (graphs: Graphs, role: string, ...names: string[]): boolean => inputs(graphs[role] ?? EMPTY, 'feed').some(({ attributes }) => names.includes(String(attributes['name'])))

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

const weightBytes = (weights: ModelPlan['weights']): number => weights.reduce((sum, { shape }) => sum + 4 * size(shape), 0)
