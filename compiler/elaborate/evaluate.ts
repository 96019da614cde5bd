// Evaluates expressions to values: total, lazy in the branches of `if`, `and`, `or`, and memoised for `const` and `param`.
// Assumes a checked program; on anything else it yields poison and stays silent.

import type { Binary, Expression, Index, Name, NumberLiteral } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { unitNamed } from '../check/units.js'
import { isFunction, wordOf, type DeclarationSymbol, type Symbol } from '../resolve/program.js'
import { call } from './calls.js'
import { moduleFrame, type Context, type Expected, type Frame } from './context.js'
import { fieldOf, keyOf } from './fields.js'
import { asKey, findInstances, type Instance, type Key } from './instances.js'
import { binary, deferredIf, unary, type Complaint } from './operators.js'
import { parameterValue, secretValue } from './parameters.js'
import { patchOf } from './variants.js'
import { boolean, NONE, POISON, real, text, type CompileValue } from './value.js'

/** The value of `expression`; `expected` decides whether a function is called or kept. */
export function evaluate(context: Context, expression: Expression, frame: Frame, expected?: Expected): CompileValue {
  const of = (inner: Expression) => evaluate(context, inner, frame)
  switch (expression.node) {
    case 'Number':
      return numberValue(expression)
    case 'Text':
      return text(expression.value)
    case 'Boolean':
      return boolean(expression.value)
    case 'None':
      return NONE
    case 'Invalid':
      return POISON
    case 'Name':
      return nameValue(context, expression, frame)
    case 'Unary':
      return settled(context, unary(expression.operator, of(expression.operand)), expression.span)
    case 'Binary':
      return binaryValue(context, expression, frame)
    case 'If': {
      const condition = of(expression.condition)
      if (condition.type === 'boolean') return evaluate(context, condition.value ? expression.then : expression.else, frame, expected)
      if (condition.type !== 'deferred' && condition.type !== 'call') return POISON
      return deferredIf(condition, of(expression.then), of(expression.else))
    }
    case 'Call':
      return call(context, expression, frame, expected)
    case 'Index':
      return indexValue(context, expression, frame)
    case 'Field': {
      const symbol = namespaceMember(expression, frame)
      if (symbol) return symbolValue(context, symbol, expression.span)
      return fieldOf(context, of(expression.target), expression.name)
    }
    case 'List':
      return { type: 'list', items: expression.items.map((item) => evaluate(context, item, frame, expected)) }
    case 'Record':
      return { type: 'record', fields: new Map(expression.fields.map(({ name, value }) => [name.name, of(value)])) }
  }
}

/** What `Name` or `namespace.Name` refers to when it is no local name. */
export function symbolOf(expression: Expression, frame: Frame): Symbol | undefined {
  if (expression.node === 'Name') return frame.locals.has(expression.name) || frame.grants.has(expression.name) ? undefined : frame.module.lookup(expression.name)
  return expression.node === 'Field' ? namespaceMember(expression, frame) : undefined
}

/** Reports a complaint at the place where it arose. */
export function settled(context: Context, result: CompileValue | Complaint, span: Span): CompileValue {
  if (result.type !== 'complaint') return result
  context.report(result.code, span, result.title, { notes: result.notes, help: result.help })
  return POISON
}

/** The value of a declaration where it is named. */
export function symbolValue(context: Context, symbol: DeclarationSymbol, span: Span): CompileValue {
  const { declaration } = symbol
  if (isFunction(declaration)) return { type: 'closure', symbol, declaration, bound: new Map(), span }
  if (declaration.node !== 'Declaration') return POISON
  switch (wordOf(symbol)) {
    case 'const':
      return memoised(context, symbol, span, () => {
        const value = patchOf(context, declaration, '')?.value ?? declaration.value
        return value ? evaluate(context, value, moduleFrame(symbol.module)) : POISON
      })
    case 'param':
      return memoised(context, symbol, span, () => parameterValue(context, symbol))
    case 'secret':
      return memoised(context, symbol, span, () => secretValue(context, symbol))
    default:
      return instanceValue(symbol, findInstances(context, symbol, [], span)[0])
  }
}

function memoised(context: Context, symbol: DeclarationSymbol, span: Span, compute: () => CompileValue): CompileValue {
  const { declaration } = symbol
  if (context.values.has(declaration)) {
    const known = context.values.get(declaration)
    if (known) return known
    context.report('RLP5007', span, `\`${symbol.name}\` is defined by itself`, { related: [{ span: declaration.span, text: 'declared here' }], help: 'break the circle: give one of the values without the other' })
    return POISON
  }
  context.values.set(declaration, undefined)
  const value = compute()
  context.values.set(declaration, value)
  return value
}

/** A number in its canonical unit; percentages are divided by 100 already. */
function numberValue({ value, unit }: NumberLiteral): CompileValue {
  const known = unit && unitNamed(unit.name)
  return known ? real(value * known.factor, known.unit) : real(value)
}

function nameValue(context: Context, expression: Name, frame: Frame): CompileValue {
  const local = frame.locals.get(expression.name)
  if (local) return local
  if (frame.grants.has(expression.name)) return { type: 'deferred', expr: { name: expression.name } }
  const symbol = frame.module.lookup(expression.name)
  return symbol?.symbol === 'declaration' ? symbolValue(context, symbol, expression.span) : POISON
}

function namespaceMember(expression: Expression & { node: 'Field' }, frame: Frame): DeclarationSymbol | undefined {
  const { target } = expression
  if (target.node !== 'Name' || frame.locals.has(target.name) || frame.grants.has(target.name)) return undefined
  const symbol = frame.module.lookup(target.name)
  return symbol?.symbol === 'namespace' ? symbol.target.declared.get(expression.name.name) : undefined
}

function binaryValue(context: Context, expression: Binary, frame: Frame): CompileValue {
  const { operator } = expression
  const left = evaluate(context, expression.left, frame)
  const decides = operator === 'and' ? false : operator === 'or' ? true : undefined
  if (decides !== undefined && left.type === 'boolean' && left.value === decides) return left
  const right = evaluate(context, expression.right, frame)
  // `true and x` is x, whether x is known or not.
  if (decides !== undefined && left.type === 'boolean') return right
  return settled(context, binary(operator, left, right), expression.span)
}

/** `x[a, *]`: instances of a keyed declaration; or an item of a list, record or map. */
function indexValue(context: Context, expression: Index, frame: Frame): CompileValue {
  const symbol = symbolOf(expression.target, frame)
  const family = symbol?.symbol === 'declaration' && symbol.declaration.node === 'Declaration' && !['const', 'param', 'secret'].includes(wordOf(symbol)) ? symbol : undefined
  if (!family) {
    const key = expression.keys[0]
    if (!key || key.node === 'Star') return POISON
    return keyOf(context, evaluate(context, expression.target, frame), evaluate(context, key, frame), key.span)
  }
  const wanted: (Key | undefined)[] = []
  for (const one of expression.keys) {
    const value = one.node === 'Star' ? undefined : evaluate(context, one, frame)
    const key = value && asKey(value)
    if (value && key === undefined) {
      if (value.type !== 'poison') context.report('RLP5006', one.span, 'the key of an instance must be known at compile time', { help: 'use a text, an integer, or a key of this declaration' })
      return POISON
    }
    wanted.push(key)
  }
  const starred = wanted.flatMap((key, i) => (key === undefined ? [i] : []))
  const found = findInstances(context, family, wanted, expression.span)
  if (found.length === 0) return POISON
  if (starred.length === 0) return instanceValue(family, found[0])
  return {
    type: 'map',
    keys: found.map(({ keys }) => (starred.length === 1 ? String(keys[starred[0] as number]) : starred.map((i) => JSON.stringify(keys[i])).join(','))),
    values: found.map((instance) => instanceValue(family, instance)),
  }
}

/** A reference to one instance as a whole; fields of it are outputs, terms and phases. */
function instanceValue(symbol: DeclarationSymbol, instance: Instance | undefined): CompileValue {
  if (!instance) return POISON
  const { address } = instance
  switch (wordOf(symbol)) {
    case 'model':
      return { type: 'ref', to: { kind: 'model', address } }
    case 'dataset':
      return { type: 'ref', to: { kind: 'dataset', address } }
    case 'reward':
      return { type: 'ref', to: { kind: 'reward', address } }
    case 'curriculum':
      return { type: 'ref', to: { kind: 'curriculum', address } }
    case 'stage':
      return { type: 'ref', to: { kind: 'stage', address, output: '' } }
    default:
      return POISON
  }
}
