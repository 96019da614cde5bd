// The objective of a reward model → `weigh`, the loss's gradient for the score of each side of a pair, and `measure`, the loss.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { ClosureValue } from '../elaborate/value.js'
import { GraphBuilder } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { report } from './codes.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import { call, part } from './objective.js'
import type { TensorTerm, Term } from './terms.js'
import type { LoweringContext } from './types.js'

export interface Scoring {
  readonly levels: readonly string[]
  readonly loss: ClosureValue
  readonly aggregate: ClosureValue
}

/** Feeds score [N,2] and by [N], as far as they are read; `weigh` fetches dscore [N,2] and loss [], `measure` loss. */
export function lowerScoring({ levels: chain, loss, aggregate }: Scoring, context: LoweringContext): { lowered: { readonly weigh: Graph; readonly measure: Graph } | undefined; diagnostics: readonly Diagnostic[] } {
  const levels = new Levels(chain)
  const b = new GraphBuilder('objective')
  const input = (name: string, level: string): TensorTerm => {
    const depth = levels.depthOf(level) ?? 0
    return { type: 'tensor', value: b.input(name, 'f32', levels.shapeAt(depth)), depth }
  }
  const score = input('score', 'side')
  const provided = new Map<string, Term>([['score', score], ['by', input('by', 'pair')]])
  // Every text has a score.
  const counted = b.lt(0, b.broadcastTo(b.constant(1), levels.shapeAt(levels.innermost)))
  const evaluator = new Evaluator(b, levels, new Map([[levels.innermost, counted]]), context)
  const each = call(evaluator, loss, provided, ['score', 'by'], levels.depthOf('pair') ?? 0)
  const total = each && call(evaluator, aggregate, new Map([['loss', each]]), ['loss'], 0)
  if (!total || evaluator.diagnostics.length > 0) return { lowered: undefined, diagnostics: evaluator.diagnostics }
  const [dscore] = gradient(b, [total.value], [b.constant(1)], [score.value])
  if (!dscore || dscore === b.zerosLike(score.value)) return { lowered: undefined, diagnostics: [report('RLP5108', loss.span, 'this loss does not depend on the model', { help: 'use `score` in the loss, outside `stop_gradient`' })] }
  b.fetch('dscore', dscore)
  b.fetch('loss', b.label(total.value, 'loss'))
  const whole = b.build()
  return { lowered: { weigh: part(whole, 'weigh', () => true), measure: part(whole, 'measure', (name) => name === 'loss') }, diagnostics: [] }
}
