// Advantage, loss and aggregation of a stage → two small programs: `weigh`, the loss's gradient per token, and `measure`, the loss.
// Does not touch the model: the gradient with respect to log-probabilities is all that training needs.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { ClosureValue } from '../elaborate/value.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import { report } from './codes.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import { poison, termOf, type TensorTerm, type Term } from './terms.js'
import type { LoweringContext } from './types.js'

/** The functions of a stage; `advantage` only where rollouts are compared. */
export interface Objective {
  readonly levels: readonly string[]
  readonly advantage: ClosureValue | undefined
  readonly loss: ClosureValue
  readonly aggregate: ClosureValue
  /** Whether a reference policy provides `ref_logp`. */
  readonly reference: boolean
  /** Advantages of tokens, which a program of the stage makes of a whole batch before (`critic.ts`): they are fed. */
  readonly fed?: boolean
  /** A batch is cut into several updates: advantages compare all of it, so a program of their own computes them before. */
  readonly divided?: boolean
}

export interface LoweredObjective {
  /** Only of a divided batch; `weigh` and `measure` are then fed what it fetches. */
  readonly advantage?: Graph
  readonly weigh: Graph
  readonly measure: Graph
  /** The gradient reaches the entropy of the policy: `gradient` needs `dentropy`. */
  readonly usesEntropy: boolean
  /** Feeds of `weigh` and `measure` together. */
  readonly reads: ReadonlySet<string>
}

/** Feeds with one number for each token, and how each enters: behind the mask, so that what stands at masked positions never matters. */
const TOKEN_FEEDS = ['logp', 'old_logp', 'engine_logp', 'ref_logp', 'entropy'] as const

/** The total, and every term in the order it was written; only where rollouts are compared. */
const REWARD_FEEDS = [['reward', 'rollout'], ['rewards', 'objective'], ['age', 'rollout']] as const

/**
 * Feeds are a subset of mask, logp, old_logp, ref_logp, entropy [levels…, T], reward [G, N] and rewards [G, N, R], only those that the result depends on.
 * `weigh` fetches dlogp (and dentropy, advantage, and loss where it reads all that the loss does), `measure` fetches loss. Undefined when there are diagnostics. Of a divided batch
 * both are fed `advantage` [G, N] instead of rewards, and the program `advantage` fetches it.
 */
export function lowerObjective(objective: Objective, context: LoweringContext): { lowered: LoweredObjective | undefined; diagnostics: readonly Diagnostic[] } {
  const b = new GraphBuilder('objective')
  const diagnostics: Diagnostic[] = []
  const built = build(b, objective, context, diagnostics)
  if (!built || diagnostics.length > 0) return { lowered: undefined, diagnostics }

  const { loss, logp, entropy, advantage } = built
  const [dlogp, dentropy] = gradient(b, [loss], [b.constant(1)], [logp, entropy]) as [Value, Value]
  const usesEntropy = dentropy !== b.zerosLike(entropy)
  if (!usesEntropy && dlogp === b.zerosLike(logp)) {
    return { lowered: undefined, diagnostics: [report('RLP5108', objective.loss.span, 'this loss does not depend on the policy', { help: 'use `logp` in the loss, outside `stop_gradient`' })] }
  }
  const fetched = { dlogp, ...(usesEntropy ? { dentropy } : {}), ...(advantage ? { advantage } : {}), loss }
  for (const [name, value] of Object.entries(fetched)) b.fetch(name, value)
  const whole = b.build()
  const before = objective.divided && advantage ? part(whole, 'advantage', (name) => name === 'advantage') : undefined
  const weights = (name: string): boolean => name !== 'loss' && !(before && name === 'advantage')
  const alone = part(whole, 'weigh', weights)
  const measure = part(whole, 'measure', (name) => name === 'loss')
  // Where the gradient reads all that the loss does, one pass over the tokens gives both.
  const known = new Set(feedsOf(alone))
  const weigh = feedsOf(measure).every((name) => known.has(name)) ? part(whole, 'weigh', (name) => name === 'loss' || weights(name)) : alone
  const reads = new Set([...(before ? [before] : []), weigh, measure].flatMap(feedsOf))
  if (reads.has('ref_logp') && !objective.reference) {
    return {
      lowered: undefined,
      diagnostics: [report('RLP5106', objective.loss.span, 'this loss compares with a reference policy, and there is none', { notes: ['It reads `ref_logp`.'], help: 'give the stage `reference = …`, for example the policy it starts from' })],
    }
  }
  return { lowered: { ...(before ? { advantage: before } : {}), weigh, measure, usesEntropy, reads }, diagnostics }
}

interface Built {
  readonly loss: Value
  readonly logp: Value
  readonly entropy: Value
  readonly advantage: Value | undefined
}

function build(b: GraphBuilder, objective: Objective, context: LoweringContext, diagnostics: Diagnostic[]): Built | undefined {
  const levels = new Levels(objective.levels)
  const token = levels.innermost
  const counted = b.label(b.lt(0, b.input('mask', 'f32', levels.shapeAt(token))), 'counted')
  const evaluator = new Evaluator(b, levels, new Map([[token, counted]]), context)
  const at = (value: Value, depth: number): TensorTerm => ({ type: 'tensor', value, depth })

  const feeds = new Map(TOKEN_FEEDS.map((name) => [name, b.input(name, 'f32', levels.shapeAt(token))]))
  const provided = new Map<string, Term>([...feeds].map(([name, value]) => [name, at(b.label(b.where(counted, value, 0), name), token)]))
  const row = levels.depthOf('rollout')
  for (const [name, level] of REWARD_FEEDS) {
    const depth = levels.depthOf(level)
    if (depth !== undefined) provided.set(name, at(b.input(name, 'f32', levels.shapeAt(depth)), depth))
  }
  provided.set('length', at(b.reduceSum(b.cast(counted, 'f32'), [token - 1]), levels.outside(token)))

  const advantage = objective.advantage && call(evaluator, objective.advantage, provided, ['reward', 'rewards', 'length'], row ?? 0)
  if (advantage) {
    const value = objective.divided ? b.input('advantage', 'f32', levels.shapeAt(advantage.depth)) : b.label(advantage.value, 'advantage')
    provided.set('advantage', at(b.stopGradient(value), advantage.depth))
  }
  if (objective.fed) provided.set('advantage', at(b.stopGradient(b.where(counted, b.input('advantage', 'f32', levels.shapeAt(token)), 0)), token))
  // Preferences lose once for each pair, everything else for each token.
  const loss = call(evaluator, objective.loss, provided, [...TOKEN_FEEDS, 'advantage', 'length', 'age'], levels.depthOf('pair') ?? token)
  const total = loss && call(evaluator, objective.aggregate, provided.set('loss', at(b.label(loss.value, 'loss'), loss.depth)), ['loss', 'entropy', 'advantage'], 0)
  diagnostics.push(...evaluator.diagnostics)
  const [logp, entropy] = [feeds.get('logp'), feeds.get('entropy')]
  return total && logp && entropy ? { loss: total.value, logp, entropy, advantage: advantage?.value } : undefined
}

/** Result of a stage's function as a tensor of the level that the stage wants. */
export function call(evaluator: Evaluator, closure: ClosureValue, provided: ReadonlyMap<string, Term>, names: readonly string[], depth: number): TensorTerm | undefined {
  const { span } = closure
  const fn = termOf(closure)
  if (fn?.type !== 'function') {
    evaluator.diagnostics.push(report('RLP5103', span, `\`${closure.symbol.name}\` is bound to a value that has no meaning inside an objective`))
    return undefined
  }
  const open = new Map(names.flatMap((name) => (provided.has(name) ? [[name, provided.get(name) as Term] as const] : [])))
  const result = evaluator.apply(fn, open, span)
  return result === poison ? undefined : evaluator.real(result, depth, span)
}

/** The program of some fetches: what only the others need is dropped, feeds too. */
export function part(whole: Graph, name: string, wanted: (fetch: string) => boolean): Graph {
  return simplify({ ...whole, name, outputs: whole.outputs.filter((output) => output.kind === 'fetch' && wanted(output.name)) })
}

const feedsOf = (graph: Graph): string[] => graph.nodes.flatMap(({ op, attributes }) => (op === 'input' && attributes.storage === 'feed' ? [String(attributes.name)] : []))
