// Calls: arguments to parameters, functions of the language evaluated in place, `extern fn`s kept for the host.
// A call that leaves parameters open is a value: a function of the rest.

import type { Call, FunctionDeclaration, Parameter, TypeNode } from '../../grammar/ast/ast.js'
import { DIMENSIONS } from '../check/units.js'
import type { ModuleScope } from '../resolve/program.js'
import { moduleFrame, NO_GRANTS, type Context, type Expected, type Frame } from './context.js'
import { evaluate, settled, symbolOf } from './evaluate.js'
import { applyBuiltin, builtinParameters, isVariadic, keyByKey } from './operators.js'
import { reportPattern } from './patterns.js'
import { toExpr } from './to-plan.js'
import { isDeferred, NONE, POISON, type ClosureValue, type CompileValue } from './value.js'

/** Functions do not recurse, so only a chain of calls longer than any sane program gets here. */
const DEEPEST = 200

export function call(context: Context, expression: Call, frame: Frame, expected?: Expected): CompileValue {
  const { callee } = expression
  if (callee.node === 'Name' && !frame.locals.has(callee.name) && !symbolOf(callee, frame)) return builtinCall(context, expression, callee.name, frame)
  const target = evaluate(context, callee, frame)
  if (target.type !== 'closure') return POISON
  const closure = bind(context, target, expression, frame)
  return closure ? complete(context, closure, expected) : POISON
}

/**
 * The value of a function whose bound arguments may be all that it needs.
 * It stays a function while a parameter without default is open, or while the place provides an open one.
 */
function complete(context: Context, closure: ClosureValue, expected: Expected | undefined): CompileValue {
  const { declaration, bound, symbol } = closure
  const open = declaration.parameters.filter(({ name }) => !bound.has(name.name))
  const provided = expected ? providedParameters(expected.type, expected.scope) : undefined
  if (open.some((parameter) => parameter.default === undefined || provided?.has(parameter.name.name))) return closure
  const all = withDefaults(context, closure)
  if (!all) return POISON
  if (declaration.extern) {
    if ([...all.values()].some((value) => value.type === 'poison')) return POISON
    const made: CompileValue = { type: 'call', fn: symbol, arguments: all }
    return isDeferred(made) ? { type: 'deferred', expr: toExpr(made) } : made
  }
  return byKey(context, closure, all)
}

/** A number wanted and values by key given: the function of each key, as operators do it. */
function byKey(context: Context, closure: ClosureValue, all: ReadonlyMap<string, CompileValue>): CompileValue {
  const keyed = closure.declaration.parameters.flatMap(({ name, type }) => (all.get(name.name)?.type === 'map' && isNumber(type) ? [name.name] : []))
  if (keyed.length === 0) return evaluateBody(context, closure, all)
  const result = keyByKey(keyed.map((name) => all.get(name) as CompileValue), (values) => evaluateBody(context, closure, new Map([...all, ...keyed.map((name, i) => [name, values[i] as CompileValue] as const)])))
  return settled(context, result, closure.span)
}

/** Types that are written as one number or truth value: `Real`, `Steps in 1 steps..`, `Bool`. */
function isNumber(type: TypeNode): boolean {
  if (type.node === 'RangeType') return isNumber(type.inner)
  return type.node === 'NamedType' && type.arguments.length === 0 && !type.module && (['Int', 'Real', 'Float', 'Bool'].includes(type.name.name) || type.name.name in DIMENSIONS)
}

function evaluateBody(context: Context, closure: ClosureValue, parameters: ReadonlyMap<string, CompileValue>): CompileValue {
  const { declaration, symbol, span } = closure
  if (!declaration.body) return POISON
  if (context.depth >= DEEPEST) {
    context.report('RLP5007', span, `\`${symbol.name}\` never comes to an end`, { related: [{ span: declaration.name.span, text: 'declared here' }], help: 'functions must not call themselves' })
    return POISON
  }
  context.depth++
  const locals = new Map(parameters)
  const frame: Frame = { module: symbol.module, locals, grants: NO_GRANTS }
  for (const { name, value } of declaration.lets) locals.set(name.name, evaluate(context, value, frame))
  const result = evaluate(context, declaration.body, frame)
  context.depth--
  return result
}

/** All parameters by name in the order declared, defaults filled in; defaults may name earlier parameters. */
function withDefaults(context: Context, { declaration, bound, symbol }: ClosureValue): ReadonlyMap<string, CompileValue> | undefined {
  const all = new Map<string, CompileValue>()
  for (const parameter of declaration.parameters) {
    const given = bound.get(parameter.name.name)
    const value = given ?? (parameter.default && evaluate(context, parameter.default, { ...moduleFrame(symbol.module), locals: all }, expectedOf(parameter, symbol.module)))
    if (!value) return undefined
    all.set(parameter.name.name, value)
  }
  return all
}

/** The closure with the arguments of a call bound: named ones by name, the others to open parameters in order. */
function bind(context: Context, closure: ClosureValue, expression: Call, frame: Frame): ClosureValue | undefined {
  const { declaration, symbol } = closure
  const bound = new Map(closure.bound)
  const named = new Set(expression.arguments.flatMap(({ name }) => (name ? [name.name] : [])))
  const positional = declaration.parameters.filter(({ name }) => !bound.has(name.name) && !named.has(name.name))
  for (const argument of expression.arguments) {
    const parameter = argument.name ? parameterNamed(declaration, argument.name.name) : positional.shift()
    if (!parameter) return undefined
    const value = evaluate(context, argument.value, frame, expectedOf(parameter, symbol.module))
    reportPattern(context, value, parameter, symbol.module, argument.value.span)
    bound.set(parameter.name.name, value)
  }
  return { ...closure, bound, span: expression.span }
}

function builtinCall(context: Context, expression: Call, name: string, frame: Frame): CompileValue {
  const parameters = builtinParameters(name)
  if (!parameters) return POISON
  const operands: (CompileValue | undefined)[] = []
  for (const argument of expression.arguments) {
    const at = argument.name ? parameters.indexOf(argument.name.name) : operands.length
    if (at < 0 || (at >= parameters.length && !isVariadic(name))) return POISON
    operands[at] = evaluate(context, argument.value, frame)
  }
  if (operands.length < parameters.length) return POISON
  return settled(context, applyBuiltin(name, Array.from(operands, (value) => value ?? NONE)), expression.span)
}

function parameterNamed(declaration: FunctionDeclaration, name: string): Parameter | undefined {
  return declaration.parameters.find((parameter) => parameter.name.name === name)
}

function expectedOf(parameter: Parameter, scope: ModuleScope): Expected {
  return { type: parameter.type, scope }
}

/** Names of the parameters that a place of this type provides when it calls a function; `undefined` when it wants none. */
export function providedParameters(type: TypeNode, scope: ModuleScope): ReadonlySet<string> | undefined {
  switch (type.node) {
    case 'FunctionType':
      return new Set(type.parameters.map(({ name }) => name.name))
    case 'OptionalType':
    case 'RangeType':
    case 'LevelType':
      return providedParameters(type.inner, scope)
    case 'UnionType': {
      const options = type.options.flatMap((option) => [...(providedParameters(option, scope) ?? [])])
      return options.length > 0 ? new Set(options) : undefined
    }
    case 'NamedType': {
      const named = namedType(type, scope)
      return named && providedParameters(named.type, named.scope)
    }
    default:
      return undefined
  }
}

/** What `type X = …` stands for, and where its own names are looked up. */
export function namedType(type: TypeNode & { node: 'NamedType' }, scope: ModuleScope): { type: TypeNode; scope: ModuleScope } | undefined {
  const space = type.module && scope.lookup(type.module.name)
  const symbol = type.module ? (space?.symbol === 'namespace' ? space.target.declared.get(type.name.name) : undefined) : scope.lookup(type.name.name)
  if (symbol?.symbol !== 'declaration' || symbol.declaration.node !== 'Type') return undefined
  return { type: symbol.declaration.type, scope: symbol.module }
}
