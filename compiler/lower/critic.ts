// What a stage with a critic (`Ppo`) computes beside its policy's objective: advantages and targets of a whole batch, and the critic's own objective.
// The policy's objective is in `objective.ts`; it is fed what `estimate` fetches.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { ClosureValue } from '../elaborate/value.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import { report } from './codes.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import { call, part } from './objective.js'
import type { TensorTerm, Term } from './terms.js'
import type { LoweringContext } from './types.js'

export interface Criticism {
  readonly levels: readonly string[]
  readonly advantage: ClosureValue
  readonly scale: ClosureValue
  readonly valueLoss: ClosureValue
  readonly aggregate: ClosureValue
}

interface Lowered {
  readonly programs: Readonly<Record<string, Graph>>
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * `estimate`: feeds mask, value, and as far as they are read old_logp and ref_logp [N,T], and reward [N]; fetches advantage, scaled, and target = advantage + value, unscaled, both [N,T].
 * `critic_weigh` and `critic_measure`: feeds mask, value, old_value and target [N,T]; fetch dvalue [N,T] and loss [].
 */
export function lowerCriticism({ levels: chain, advantage, scale, valueLoss, aggregate }: Criticism, context: LoweringContext): Lowered {
  const levels = new Levels(chain)
  const token = levels.innermost
  const rollout = levels.depthOf('rollout') ?? 0
  const open = (name: string, feeds: readonly string[]) => {
    const b = new GraphBuilder(name)
    const shape = levels.shapeAt(token)
    const counted = b.label(b.lt(0, b.input('mask', 'f32', shape)), 'counted')
    const inputs = new Map(feeds.map((feed) => [feed, b.input(feed, 'f32', shape)]))
    const provided = new Map<string, Term>([...inputs].map(([feed, value]) => [feed, at(b.label(b.where(counted, value, 0), feed), token)]))
    return { b, counted, inputs, provided, evaluator: new Evaluator(b, levels, new Map([[token, counted]]), context) }
  }

  const estimate = open('estimate', ['value', 'old_logp', 'ref_logp'])
  estimate.provided.set('reward', at(estimate.b.input('reward', 'f32', levels.shapeAt(rollout)), rollout))
  const raw = call(estimate.evaluator, advantage, estimate.provided, ['reward', 'value', 'old_logp', 'ref_logp'], token)
  const scaled = raw && call(estimate.evaluator, scale, new Map([['advantage', raw]]), ['advantage'], token)

  const critic = open('critic', ['value', 'old_value', 'target'])
  const loss = call(critic.evaluator, valueLoss, critic.provided, ['value', 'old_value', 'target'], token)
  const total = loss && call(critic.evaluator, aggregate, new Map([['loss', loss]]), ['loss'], 0)
  const diagnostics = [...estimate.evaluator.diagnostics, ...critic.evaluator.diagnostics]
  if (!raw || !scaled || !total || diagnostics.length > 0) return { programs: {}, diagnostics }

  const { b, counted, provided } = estimate
  b.fetch('advantage', b.where(counted, scaled.value, 0))
  b.fetch('target', b.where(counted, b.add(raw.value, (provided.get('value') as TensorTerm).value), 0))
  const value = critic.inputs.get('value') as Value
  const [dvalue] = gradient(critic.b, [total.value], [critic.b.constant(1)], [value]) as [Value]
  if (dvalue === critic.b.zerosLike(value)) return { programs: {}, diagnostics: [report('RLP5108', valueLoss.span, 'this loss does not depend on the critic', { help: 'use `value` in the loss, outside `stop_gradient`' })] }
  critic.b.fetch('dvalue', dvalue)
  critic.b.fetch('loss', total.value)
  const whole = critic.b.build()
  return {
    programs: { estimate: simplify(b.build()), critic_weigh: part(whole, 'critic_weigh', (name) => name === 'dvalue'), critic_measure: part(whole, 'critic_measure', (name) => name === 'loss') },
    diagnostics,
  }
}

const at = (value: Value, depth: number): TensorTerm => ({ type: 'tensor', value, depth })
