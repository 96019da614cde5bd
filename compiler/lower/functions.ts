// Functions of a stage kind that has no row of roles of its own → a program each, named after the attribute: what the attribute's type says is
// provided is fed, at its level. So a kind's formulas are graphs before any engine runs it.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { TypeNode } from '../../grammar/ast/ast.js'
import type { Graph } from '../../spec/graph/graph.js'
import { inlineComposites } from '../../spec/graph/inline.js'
import type { ClosureValue } from '../elaborate/value.js'
import { namedType } from '../elaborate/calls.js'
import type { ModuleScope } from '../resolve/program.js'
import { GraphBuilder, type Value } from '../graph/builder.js'
import { gradient } from '../graph/gradient.js'
import { simplify } from '../graph/simplify.js'
import { Evaluator } from './evaluate.js'
import { Levels } from './levels.js'
import { termOf, type Term } from './terms.js'
import type { LoweredStage, LoweringContext, StageToLower } from './types.js'

type FunctionNode = TypeNode & { node: 'FunctionType' }

/**
 * One program for each attribute that is a function. Feeds: `mask` at the innermost level, and the parameters that its type names, as far as they are read; fetches `value`.
 * One number for the whole batch is a loss: `gradient for x` of each parameter is fetched too.
 */
export function lowerFunctions(stage: StageToLower, context: LoweringContext): LoweredStage {
  const programs: Record<string, Graph> = {}
  const diagnostics: Diagnostic[] = []
  if (stage.kind.levels.length === 0) return { programs, written: programs, estimate: {}, diagnostics }
  for (const [path, value] of stage.attributes) {
    const member = stage.kind.members.get(path)
    const type = member && functionOf(member.type, member.scope)
    if (value.type !== 'closure' || !type) continue
    const lowered = lowerFunction(path, { ...value, span: stage.spanOf(path) ?? stage.span }, type, new Levels(stage.kind.levels), context)
    diagnostics.push(...lowered.diagnostics)
    if (lowered.program) programs[path] = lowered.program
  }
  return { programs, written: programs, estimate: {}, diagnostics }
}

/** The function type that is written, or that a `type` names. */
function functionOf(type: TypeNode, scope: ModuleScope): FunctionNode | undefined {
  if (type.node === 'FunctionType') return type
  if (type.node === 'OptionalType') return functionOf(type.inner, scope)
  const named = type.node === 'NamedType' ? namedType(type, scope) : undefined
  return named && functionOf(named.type, named.scope)
}

function lowerFunction(name: string, closure: ClosureValue, type: FunctionNode, levels: Levels, context: LoweringContext): { program: Graph | undefined; diagnostics: readonly Diagnostic[] } {
  const depthOf = (node: TypeNode): number => (node.node === 'LevelType' ? (levels.depthOf(node.level.name) ?? 0) : 0)
  const b = new GraphBuilder(name)
  const counted = b.lt(0, b.input('mask', 'f32', levels.shapeAt(levels.innermost)))
  const inputs = new Map<string, Value>()
  const provided = new Map<string, Term>()
  for (const parameter of type.parameters) {
    const depth = depthOf(parameter.type)
    const input = b.input(parameter.name.name, 'f32', levels.shapeAt(depth))
    inputs.set(parameter.name.name, input)
    provided.set(parameter.name.name, { type: 'tensor', value: depth === levels.innermost ? b.where(counted, input, 0) : input, depth })
  }
  const evaluator = new Evaluator(b, levels, new Map([[levels.innermost, counted]]), context)
  const term = termOf(closure)
  if (term?.type !== 'function') return { program: undefined, diagnostics: evaluator.diagnostics }
  const result = evaluator.real(evaluator.apply(term, provided, closure.span), depthOf(type.result), closure.span)
  if (!result || evaluator.diagnostics.length > 0) return { program: undefined, diagnostics: evaluator.diagnostics }
  b.fetch('value', result.depth === levels.innermost ? b.where(counted, result.value, 0) : result.value)
  if (depthOf(type.result) === 0) {
    const slopes = gradient(b, [result.value], [b.constant(1)], [...inputs.values()])
    ;[...inputs.keys()].forEach((input, i) => b.fetch(`gradient for ${input}`, slopes[i] as Value))
  }
  return { program: simplify(inlineComposites(simplify(b.build()))), diagnostics: [] }
}
