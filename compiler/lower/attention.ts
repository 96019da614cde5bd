// An objective on attention (`AttentionSft`) → the program `attend`: its value and its gradient for the mass of every head.
// Numbers are of one head of one layer of one sample; which tokens they sum is for the engine to know.

import { GraphBuilder } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import type { Span } from '../../grammar/source/source.js'
import { ROLES } from '../../spec/plan/looks.js'
import type { CompileValue } from '../elaborate/value.js'
import { report } from './codes.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import type { LoweredScalar } from './schedule.js'
import { termOf, type Term } from './terms.js'
import type { LoweringContext } from './types.js'

/** Feeds `image` and `system` [N samples, HEAD heads of all layers]; fetches `attention` [], `dimage` and `dsystem`. */
export function lowerAttention(value: CompileValue, span: Span, context: LoweringContext): LoweredScalar {
  const levels = new Levels(['head', 'sample', 'batch'])
  const b = new GraphBuilder('attend')
  const shape = levels.shapeAt(levels.innermost)
  const inputs = ROLES.map((name) => b.input(name, 'f32', shape))
  const provided = new Map(ROLES.map((name, i): [string, Term] => [name, { type: 'tensor', value: inputs[i] as (typeof inputs)[number], depth: levels.innermost }]))
  const every = b.lt(0, b.broadcastTo(b.constant(1), shape))
  const evaluator = new Evaluator(b, levels, new Map([[levels.innermost, every]]), context)
  const term = termOf(value)
  if (term?.type !== 'function') return { program: undefined, diagnostics: [report('RLP5102', span, '`attention` is no function of `image` and `system`')] }
  const loss = evaluator.real(evaluator.apply(term, provided, span), 0, span)
  if (!loss || evaluator.diagnostics.length > 0) return { program: undefined, diagnostics: evaluator.diagnostics }
  b.fetch('attention', loss.value)
  const slopes = gradient(b, [loss.value], [b.constant(1)], inputs)
  ROLES.forEach((name, i) => b.fetch(`d${name}`, slopes[i] as (typeof slopes)[number]))
  return { program: simplify(b.build()), diagnostics: [] }
}
