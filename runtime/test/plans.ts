// Small plans for tests of the runtime: a tiny transformer, inline data, and objectives written as graphs.
// Programs of the model come from the compiler, as in real plans.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraphBuilder, type Value as Node } from '../../compiler/graph/builder.js'
import { gradient } from '../../compiler/graph/gradient.js'
import { simplify } from '../../compiler/graph/simplify.js'
import { decodeProgram, prefillProgram, sampleProgram } from '../../compiler/model/decoding.js'
import { applyProgram, gradientProgram, normProgram, scoreProgram } from '../../compiler/model/programs.js'
import { freshModel } from '../../compiler/model/transformer.js'
import type { CompileValue } from '../../compiler/elaborate/value.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { Expr, ModelPlan, Plan, RewardPlan, StagePlan, Value } from '../../spec/plan/plan.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { reference } from '../executors/reference/reference.js'
import type { RunEvent, RunResult } from '../scheduler/events.js'
import { runPlan, type RunOptions } from '../scheduler/run.js'

export function tinyModel(vocabulary: readonly string[], options: { context?: number; layers?: number; width?: number; seed?: number; kvHeads?: number; tied?: boolean; std?: number } = {}): ModelPlan {
  const { context = 32, layers = 1, width = 16, seed = 0, kvHeads = 2, tied = false, std = 0.2 } = options
  const number = (value: number): CompileValue => ({ type: 'number', value, unit: undefined })
  const attributes = new Map<string, CompileValue>([
    ['layers', number(layers)], ['width', number(width)], ['heads', number(2)], ['kv_heads', number(kvHeads)], ['mlp', number(2 * width)], ['context', number(context)],
    ['rotary_base', number(100)], ['norm_eps', number(1e-6)], ['init_std', number(std)], ['seed', number(seed)],
    ['tied', { type: 'boolean', value: tied }],
    ['vocabulary', { type: 'list', items: vocabulary.map((value) => ({ type: 'text', value })) }],
  ])
  const { model } = freshModel(attributes, undefined as never)
  if (!model) throw new Error('the sizes of the tiny model do not fit')
  return model
}

/** Programs are built once for each model and option. */
function memoised(build: (model: ModelPlan, option: boolean) => Record<string, Graph>): typeof build {
  const known = new WeakMap<ModelPlan, Map<boolean, Record<string, Graph>>>()
  return (model, option) => {
    const of = known.get(model) ?? new Map<boolean, Record<string, Graph>>()
    known.set(model, of)
    const programs = of.get(option) ?? build(model, option)
    of.set(option, programs)
    return programs
  }
}

const modelPrograms = memoised((model, packed) => ({
  score: scoreProgram(model, { packed }),
  gradient: gradientProgram(model, { packed, entropy: false }),
  norm: normProgram(model),
  apply: applyProgram(model, { beta1: 0.9, beta2: 0.98, eps: 1e-8, decay: 0 }),
}))

const rolloutPrograms = memoised((model, greedy) => ({
  prefill: prefillProgram(model),
  decode: decodeProgram(model),
  sample: sampleProgram(model, { topK: 0, topP: 1, greedy }),
}))

/** `weigh` and `measure` of a loss over feeds; the loss is built twice, as dead feeds must not stay in a program. */
function objective(loss: (b: GraphBuilder, feed: (name: string) => Node) => Node, levels: readonly string[]): Record<string, Graph> {
  const shape = [...levels, 'T']
  const build = (name: string, fetch: (b: GraphBuilder, loss: Node, feeds: Record<string, Node>) => void): Graph => {
    const b = new GraphBuilder(name)
    const feeds: Record<string, Node> = {}
    const feed = (of: string) => (feeds[of] ??= b.input(of, 'f32', of === 'reward' ? levels : shape))
    const made = loss(b, feed)
    feed('logp')
    fetch(b, made, feeds)
    return simplify(b.build())
  }
  return {
    weigh: build('weigh', (b, made, feeds) => {
      b.fetch('dlogp', gradient(b, [made], [b.constant(1)], [feeds['logp'] as Node])[0] as Node)
    }),
    measure: build('measure', (b, made) => b.fetch('loss', made)),
  }
}

/** −mean logp of the learned tokens. */
export const nll = objective((b, feed) => b.div(b.neg(b.reduceSum(b.mul(feed('mask'), feed('logp')))), b.max(b.reduceSum(feed('mask')), 1)), ['N'])

const centred = (b: GraphBuilder, feed: (name: string) => Node): Node => {
  const reward = feed('reward')
  const mean = b.div(b.reduceSum(reward, [1]), b.size('N'))
  return b.expandDims(b.sub(reward, b.expandDims(mean, 1)), 2)
}

const perRollout = (b: GraphBuilder, perToken: Node): Node => b.div(b.reduceSum(perToken), b.size('G*N'))

/** −Σ A·logp, A = reward − mean of the group, per rollout. */
export const policyGradient = objective((b, feed) => perRollout(b, b.mul(b.mul(feed('mask'), b.neg(centred(b, feed))), feed('logp'))), ['G', 'N'])

/** PPO's clipped surrogate with the same advantage. */
export const clipped = objective((b, feed) => {
  const ratio = b.exp(b.sub(feed('logp'), feed('old_logp')))
  const minus = b.neg(centred(b, feed))
  const surrogate = b.max(b.mul(minus, ratio), b.mul(minus, b.clamp(ratio, 0.8, 1.2)))
  return perRollout(b, b.mul(feed('mask'), surrogate))
}, ['G', 'N'])

/** The policy gradient with a penalty (logp − ref_logp)² / 2. */
export const withReference = objective((b, feed) => perRollout(b, b.mul(feed('mask'), b.add(b.mul(b.neg(centred(b, feed)), feed('logp')), b.mul(0.05, b.square(b.sub(feed('logp'), feed('ref_logp'))))))), ['G', 'N'])

export function constantRate(lr: number): Graph {
  const b = new GraphBuilder('lr')
  b.fetch('lr', b.constant(lr))
  return b.build()
}

const text = (value: string): Value => value
export const rows = (items: readonly Readonly<Record<string, Value>>[]): Value => items.map((record) => ({ record }))
export const quantity = (value: number, unit: string): Value => ({ value, unit })

const optimizer = (lr: number, clip: number | null): Value => ({ record: { lr, beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0, clip_norm: clip } })

const saving = ({ every, best }: { readonly every?: number; readonly best?: string }): Value => ({ record: { every: every === undefined ? null : quantity(every, 'steps'), keep: 2, best: best ?? 'last' } })

type RewardOptions = Partial<Pick<RewardPlan, 'onError' | 'onMissing' | 'onTimeout'>>

/** Collects programs, stages and their fingerprints into a plan. */
export class PlanBuilder {
  private readonly programs: Record<string, Graph> = {}
  private readonly stages: StagePlan[] = []
  private readonly rewards: Record<string, RewardPlan> = {}
  claims: Plan['claims'] = []
  curricula: Plan['curricula'] = {}
  datasets: Plan['datasets'] = {}

  constructor(readonly models: Readonly<Record<string, ModelPlan>>) {}

  private add(graphs: Readonly<Record<string, Graph>>): Record<string, string> {
    return Object.fromEntries(Object.entries(graphs).map(([role, graph]) => {
      const key = contentHash(graph)
      this.programs[key] ??= graph
      return [role, key]
    }))
  }

  stage(address: string, kind: string, attributes: Readonly<Record<string, Value>>, inputs: Readonly<Record<string, Value>>, graphs: Readonly<Record<string, Graph>>, seed = 0): this {
    const programs = this.add(graphs)
    const needs = Object.values(inputs).flatMap((value) => (typeof value === 'object' && value !== null && 'stage' in value ? [value.stage] : []))
    const fingerprint = contentHash({ kind, attributes, inputs, programs, seed, needs: needs.map((need) => this.stages.find((stage) => stage.address === need)?.fingerprint) })
    this.stages.push({ address, name: address, keys: {}, kind, engine: 'native', attributes, written: [], inputs, programs, seed, needs, estimate: {}, fingerprint })
    return this
  }

  sft(address: string, model: ModelPlan, policy: Value, data: Value, options: { steps: number; batch?: number; lr?: number; packing?: boolean; every?: number; best?: string; length?: Value; context?: number }): this {
    const { steps, batch = 4, lr = 0.02, packing = false } = options
    const attributes = {
      length: options.length ?? quantity(steps, 'steps'), batch: quantity(batch, 'samples'), context: options.context ?? null, packing, until: null,
      optimizer: optimizer(lr, 1), save: saving(options),
    }
    return this.stage(address, 'Sft', attributes, { policy, data }, { ...modelPrograms(model, packing), ...nll, lr: constantRate(lr) })
  }

  grpo(address: string, model: ModelPlan, inputs: { policy: Value; prompts: Value; reward: Value; reference?: Value }, options: { steps: number; prompts?: number; size?: number; maxNew?: number; lr?: number; passes?: number; splits?: number; loss?: Record<string, Graph>; every?: number; best?: string }): this {
    const { steps, prompts = 4, size = 4, maxNew = 4, lr = 0.02, passes = 1, splits = 1, loss = policyGradient } = options
    const attributes = {
      length: quantity(steps, 'steps'), group_size: quantity(size, 'rollouts'), optimizer: optimizer(lr, 1), save: saving(options),
      rollout: { record: { per_step: quantity(prompts, 'prompts'), max_new: quantity(maxNew, 'tokens'), temperature: 1, top_p: 1, top_k: 0 } },
      update: { record: { passes, splits } },
    }
    return this.stage(address, 'Grpo', attributes, inputs, { ...modelPrograms(model, false), ...rolloutPrograms(model, false), ...loss, lr: constantRate(lr) })
  }

  completing(address: string, kind: 'Evaluate' | 'Generate', model: ModelPlan, inputs: Readonly<Record<string, Value>>, { samples = 1, k = 1, temperature = 0, maxNew = 4 } = {}): this {
    const attributes = { samples: quantity(samples, 'rollouts'), k, temperature, top_p: 1, top_k: 0, max_new: quantity(maxNew, 'tokens') }
    return this.stage(address, kind, attributes, inputs, rolloutPrograms(model, temperature === 0))
  }

  /** One term, `correct`: the completion is the row's `answer`. */
  exactReward(name: string, options: RewardOptions = {}, total = (b: GraphBuilder, correct: Node): Node => b.mul(correct, 2)): this {
    return this.reward(name, { call: 'std/signals.exact', args: { a: { field: 'text', of: { name: 'completion' } }, b: { field: 'answer', of: { name: 'row' } } } }, options, total)
  }

  /** One term, `correct`, that is this signal. */
  reward(name: string, expr: Expr, options: RewardOptions = {}, total = (_: GraphBuilder, correct: Node): Node => correct): this {
    const b = new GraphBuilder('reward')
    const signal = b.input('s0', 'f32', ['N'])
    b.fetch('correct', signal)
    b.fetch('total', total(b, signal))
    const program = this.add({ reward: b.build() })['reward'] as string
    const range = { low: 0, high: 1 }
    this.rewards[name] = { signals: [{ name: 's0', expr, range }], terms: [{ name: 'correct', range }], total: { low: 0, high: 2 }, program, onError: 'stop', onTimeout: 0, onMissing: 0, ...options }
    return this
  }

  plan(): Plan {
    return {
      format: 1, edition: 1, compiler: 'test', name: 'test', variant: null, parameters: [], models: this.models, datasets: this.datasets, rewards: this.rewards, curricula: this.curricula,
      programs: this.programs, stages: [...this.stages].sort((a, b) => (a.address < b.address ? -1 : 1)), claims: this.claims, outputs: {}, secrets: [],
    }
  }
}

export const LETTERS = ['<pad>', '<bos>', '<eos>', 'a', 'b', 'c', 'd', '?']

/** Every pair of two letters, to be copied: `a b ?` → `a b`. */
export const copyRows: Value = rows(['a', 'b', 'c', 'd'].flatMap((x) => ['a', 'b', 'c', 'd'].map((y) => ({ prompt: text(`${x} ${y} ?`), completion: text(`${x} ${y}`), answer: text(`${x} ${y}`) }))))

/** Run a plan in a folder of its own, which is removed afterwards. */
export async function inHome<T>(body: (home: string, run: (plan: Plan, options?: Partial<RunOptions>) => Promise<{ result: RunResult; events: RunEvent[] }>) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'rlpc-run-'))
  try {
    return await body(home, async (plan, options = {}) => {
      const events: RunEvent[] = []
      const result = await runPlan(plan, { root: home, home: join(home, '.rlp'), executor: reference, report: (event) => events.push(event), ...options })
      return { result, events }
    })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
