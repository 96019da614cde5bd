// Numbers that a stage computes beside its model, constant or functions of other numbers, → small programs: the learning rate by the step, and the
// formulas of a search.
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
export function lowerSchedule(lr: CompileValue, span: Span, context: LoweringContext): LoweredScalar {
  return lowerScalar('lr', 'this learning rate is neither a number nor a function of the step', lr, ['step', 'steps'], span, context)
}

export interface LoweredScalar {
  readonly program: Graph | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** A number, or a function of numbers that are fed by name, as the program `name`, which fetches it by that name. */
export function lowerScalar(name: string, otherwise: string, value: CompileValue, names: readonly string[], span: Span, context: LoweringContext): LoweredScalar {
  const b = new GraphBuilder(name)
  const evaluator = new Evaluator(b, scalar, new Map(), context)
  const term = termOf(value)
  if (!term) return { program: undefined, diagnostics: [report('RLP5102', span, otherwise)] }
  const feeds = new Map<string, Term>(names.map((each) => [each, { type: 'tensor', value: b.input(each, 'f32', []), depth: 0 }]))
  const found = evaluator.real(term.type === 'function' ? evaluator.apply(term, feeds, span) : term, 0, span)
  if (!found) return { program: undefined, diagnostics: evaluator.diagnostics }
  b.fetch(name, found.value)
  return { program: simplify(b.build()), diagnostics: evaluator.diagnostics }
}
