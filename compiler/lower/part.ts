// One function of an objective (advantage, loss or aggregate) → a graph of its value and its gradients, by itself.
// For comparing functions with each other; what a stage trains with is lowered whole, in `objective.ts`.

import type { Graph } from '../../spec/graph/graph.js'
import { inlineComposites } from '../../spec/graph/inline.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import type { FunctionTerm, TensorTerm, Term } from './terms.js'
import type { LoweringContext } from './types.js'

export type PartName = 'advantage' | 'loss' | 'aggregate'

interface Part {
  /** What a stage provides, and the level of each. `token` and `result` stand for the innermost level and that of the loss. */
  readonly provides: Readonly<Record<string, string>>
  /** A function that reads none of these is another thing. */
  readonly about: readonly string[]
  readonly result: string
  /** Provided values that training differentiates for. */
  readonly by: readonly string[]
}

export const PARTS: Readonly<Record<PartName, Part>> = {
  advantage: { provides: { reward: 'rollout', rewards: 'objective', length: 'rollout' }, about: ['reward', 'rewards'], result: 'rollout', by: [] },
  loss: {
    provides: { logp: 'token', old_logp: 'token', ref_logp: 'token', entropy: 'token', advantage: 'rollout', length: 'rollout' },
    about: ['logp'],
    result: 'result',
    by: ['logp', 'entropy'],
  },
  aggregate: { provides: { loss: 'result', entropy: 'token', advantage: 'rollout' }, about: ['loss'], result: 'batch', by: ['loss', 'entropy'] },
}

/** Names that other systems have for what a stage provides. */
export const ALIASES: Readonly<Record<string, string>> = { log_prob: 'logp', old_log_prob: 'old_logp', ref_log_prob: 'ref_logp', advantages: 'advantage', scores: 'reward' }

/** What a parameter is filled with in a part; `undefined` when the stage provides nothing for it. */
export function providedFor(part: PartName, parameter: string): string | undefined {
  const name = ALIASES[parameter] ?? parameter
  return Object.hasOwn(PARTS[part].provides, name) ? name : undefined
}

/** Whether a function could stand in a part by its parameters: it reads what the part is about, and lacks nothing. */
export function fitsPart(part: PartName, { declaration, bound }: FunctionTerm): boolean {
  const open = declaration.parameters.filter(({ name }) => !bound.has(name.name))
  const about = open.some(({ name }) => PARTS[part].about.includes(providedFor(part, name.name) ?? ''))
  return declaration.body !== undefined && about && open.every((parameter) => parameter.default !== undefined || providedFor(part, parameter.name.name) !== undefined)
}

/**
 * Feeds: what the part provides, `mask` [levels…, T] and `cotangent` (the shape of the result), as far as they are read.
 * Fetches: `value`, and `gradient for x` of the sum of value · cotangent; 0 where no token counts.
 * Undefined when the function does not fit the levels.
 */
export function lowerPart(name: PartName, chain: readonly string[], fn: FunctionTerm, context: LoweringContext): Graph | undefined {
  const part = PARTS[name]
  const levels = new Levels(chain)
  const b = new GraphBuilder(name)
  const depths: Readonly<Record<string, number>> = { token: levels.innermost, result: levels.depthOf('pair') ?? levels.innermost }
  const depthOf = (level: string): number | undefined => depths[level] ?? levels.depthOf(level)
  const counted = b.lt(0, b.input('mask', 'f32', levels.shapeAt(levels.innermost)))
  const behindMask = (value: Value, depth: number): Value => (depth === levels.innermost ? b.where(counted, value, 0) : value)

  const inputs = new Map<string, Value>()
  const provided = new Map<string, Term>()
  for (const [feed, level] of Object.entries(part.provides)) {
    // Where nothing is compared, a length belongs to the level outside the token.
    const depth = depthOf(level) ?? (feed === 'length' ? levels.outside(levels.innermost) : undefined)
    if (depth === undefined) continue
    const input = b.input(feed, 'f32', levels.shapeAt(depth))
    inputs.set(feed, input)
    const value = feed === 'length' ? b.reduceSum(b.cast(counted, 'f32'), [levels.innermost - 1]) : behindMask(input, depth)
    const term: TensorTerm = { type: 'tensor', value, depth }
    provided.set(feed, term)
  }
  for (const [alias, feed] of Object.entries(ALIASES)) {
    const term = provided.get(feed)
    if (term) provided.set(alias, term)
  }

  const depth = depthOf(part.result)
  if (depth === undefined) return undefined
  const evaluator = new Evaluator(b, levels, new Map([[levels.innermost, counted]]), context)
  const { span } = fn.declaration
  const result = evaluator.real(evaluator.apply(fn, provided, span), depth, span)
  if (!result || evaluator.diagnostics.length > 0) return undefined
  const value = behindMask(result.value, depth)
  b.fetch('value', value)
  const by = part.by.flatMap((feed) => (inputs.has(feed) ? [[feed, inputs.get(feed) as Value] as const] : []))
  if (by.length > 0) {
    const slopes = gradient(b, [value], [b.input('cotangent', 'f32', levels.shapeAt(depth))], by.map(([, input]) => input))
    by.forEach(([feed], i) => b.fetch(`gradient for ${feed}`, slopes[i] as Value))
  }
  return simplify(inlineComposites(simplify(b.build())))
}
