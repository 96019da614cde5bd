// A learning rate, constant or a function of the step, → the program `lr`.
// Does not clip or check the rate; the kind's type does for constants.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { Graph } from '../../spec/graph/graph.js'
import type { CompileValue } from '../elaborate/value.js'
import { GraphBuilder } from '../graph/builder.js'
import { simplify } from '../graph/simplify.js'
import { report } from './codes.js'
import { Evaluator } from './evaluate.js'
import { scalar } from './levels.js'
import { termOf, type Term } from './terms.js'
import type { LoweringContext } from './types.js'

/** Feeds step (from 0) and steps [], as far as the schedule reads them; fetches lr []. */
export function lowerSchedule(lr: CompileValue, span: Span, context: LoweringContext): { program: Graph | undefined; diagnostics: readonly Diagnostic[] } {
  const b = new GraphBuilder('lr')
  const evaluator = new Evaluator(b, scalar, new Map(), context)
  const term = termOf(lr)
  if (!term) return { program: undefined, diagnostics: [report('RLP5102', span, 'this learning rate is neither a number nor a function of the step')] }
  const feeds = new Map<string, Term>(['step', 'steps'].map((name) => [name, { type: 'tensor', value: b.input(name, 'f32', []), depth: 0 }]))
  const rate = evaluator.real(term.type === 'function' ? evaluator.apply(term, feeds, span) : term, 0, span)
  if (!rate) return { program: undefined, diagnostics: evaluator.diagnostics }
  b.fetch('lr', rate.value)
  return { program: simplify(b.build()), diagnostics: evaluator.diagnostics }
}
