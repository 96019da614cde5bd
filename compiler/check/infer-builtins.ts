// Calls of functions of the language: element-wise ones and reductions over levels.

import type { Argument, Call, Expression } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { BUILTINS, type Builtin } from './builtins.js'
import { mismatch } from './assignable.js'
import { conditionOf } from './conditions.js'
import { joined, listed, replace, shortened, sourceOf, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { branches, infer } from './infer.js'
import { asNumber, byKey, commonLevel, oneDimension, rangeOfResult } from './infer-operators.js'
import { levelIn, OUTERMOST, showLevel } from './levels.js'
import { BOOLEAN, INT, POISON, REAL, show, type NumberType, type Type } from './types.js'

export function inferBuiltin(cx: Context, call: Call, name: string, env: Env): Type {
  const builtin = BUILTINS[name] as Builtin
  const bound = bindArguments(cx, call, name, builtin, env)
  if (!bound) return POISON
  const { given, rest } = bound
  const at = (parameter: string) => given.get(parameter) as Expression
  switch (builtin.rule) {
    case 'pure':
    case 'sign':
    case 'keeps':
      return byKey(cx, [infer(cx, at('x'), env)], call.span, ([type]) => {
        const x = asNumber(cx, at('x'), type as Type, name)
        if (!x) return POISON
        if (builtin.rule === 'pure' && x.dimension !== undefined) return notPure(cx, at('x'), name, x)
        const { dimension, ...number } = x
        return { ...number, ...(builtin.rule === 'keeps' && dimension !== undefined ? { dimension } : {}), whole: name === 'floor' || (builtin.rule !== 'pure' && x.whole), ...rangeOfResult(name, x) }
      })
    case 'alike':
      return alike(cx, call, name, [...builtin.parameters.map(at), ...rest], env)
    case 'power':
      return byKey(cx, [infer(cx, at('x'), env), infer(cx, at('exponent'), env)], call.span, ([first, second]) => {
        const x = asNumber(cx, at('x'), first as Type, name)
        const exponent = asNumber(cx, at('exponent'), second as Type, name)
        if (!x || !exponent) return POISON
        if (x.dimension !== undefined) return notPure(cx, at('x'), name, x)
        if (exponent.dimension !== undefined) return notPure(cx, at('exponent'), name, exponent)
        const level = commonLevel(cx, call.span, x, exponent)
        return level ? { ...REAL, ...level, ...rangeOfResult('^', x, exponent) } : POISON
      })
    case 'choice': {
      const level = conditionOf(cx, at('condition'), env)
      return branches(cx, infer(cx, at('a'), env), infer(cx, at('b'), env), level)
    }
    case 'length': {
      const list = infer(cx, at('list'), env)
      if (list.type === 'list' || list.type === 'any') return { ...INT, low: 0 }
      if (list.type !== 'poison') cx.report('RLP3014', at('list').span, '`length` counts the items of a list', { label: `found ${shortened(show(list))}`, help: 'give a list; the length of a completion is `length` of std/signals' })
      return POISON
    }
    case 'test': {
      const x = asNumber(cx, at('x'), infer(cx, at('x'), env), name)
      return x ? { ...BOOLEAN, ...(x.level === undefined ? {} : { level: x.level }) } : POISON
    }
    case 'ordering':
      return ordering(cx, name, given, env)
    case 'iterate':
      return iterate(cx, at('step'), at('start'), at('rounds'), env)
    default:
      return reduce(cx, call, name, builtin, given, env)
  }
}

/** Arguments by parameter; `undefined` after a mistake. Positional ones fill the parameters in order. */
function bindArguments(cx: Context, call: Call, name: string, builtin: Builtin, env: Env): { given: Map<string, Expression>; rest: Expression[] } | undefined {
  const all = [...builtin.parameters, ...builtin.optional]
  const positional = all.filter((parameter) => parameter !== 'over' && parameter !== 'by')
  const given = new Map<string, Expression>()
  const rest: Expression[] = []
  let position = 0
  const fail = (argument: Argument, title: string, label: string, help: string, fix?: string) => {
    cx.report('RLP3004', argument.name?.span ?? argument.span, title, { label, notes: [`parameters: ${all.join(', ')}`], help, fixes: fix === undefined ? [] : [replace(argument.span, fix)] })
    inferOperands(cx, call, env)
    return undefined
  }
  for (const argument of call.arguments) {
    const parameter = argument.name?.name ?? positional[position++]
    if (parameter === undefined) {
      if (all.includes('over') && argument.value.node === 'Name' && cx.levels.has(argument.value.name)) return fail(argument, `the level of \`${name}\` is named`, 'a level', `write \`over = ${argument.value.name}\``, `over = ${argument.value.name}`)
      if (!builtin.variadic) return fail(argument, `\`${name}\` takes ${positional.length} ${positional.length === 1 ? 'argument' : 'arguments'}`, 'one too many', all.includes('over') ? 'name the level: `over = …`' : 'remove it')
      rest.push(argument.value)
    } else if (!all.includes(parameter)) {
      const better = suggest(parameter, all, FOREIGN_PARAMETERS)
      return fail(argument, `\`${name}\` has no parameter \`${parameter}\``, better ? `did you mean \`${better}\`?` : 'unknown parameter', better ? `write \`${better} = …\`` : 'remove it', better ? `${better} = ${sourceOf(argument.value.span)}` : undefined)
    } else if (given.has(parameter)) return fail(argument, `\`${parameter}\` of \`${name}\` is given twice`, 'second value', 'remove one of them')
    else given.set(parameter, argument.value)
  }
  const missing = builtin.parameters.filter((parameter) => !given.has(parameter))
  if (missing.length === 0) return { given, rest }
  inferOperands(cx, call, env)
  cx.report('RLP3004', call.span, `\`${name}\` needs ${listed(missing)}`, {
    label: `${joined(missing.map((one) => `\`${one}\``))} missing`,
    help: missing.includes('over') ? `say over which level: \`${name}(…, over = ${levelGiven(cx, call, env) ?? OUTERMOST})\`` : `write \`${name}(${all.map((one) => (one === 'over' || builtin.optional.includes(one) ? '' : one)).filter(Boolean).join(', ')})\``,
  })
  return undefined
}

/** How NumPy and PyTorch name the axis that a reduction goes over. */
const FOREIGN_PARAMETERS: ReadonlyMap<string, string> = new Map(['axis', 'dim', 'level', 'per'].map((name) => [name, 'over']))

/** The mistakes inside a call that cannot be understood; names of levels are no values. */
function inferOperands(cx: Context, call: Call, env: Env): void {
  for (const { value } of call.arguments) if (!(value.node === 'Name' && cx.levels.has(value.name) && !env.locals.has(value.name))) infer(cx, value, env)
}

/** The level that a call names in another place than `over`. */
function levelGiven(cx: Context, call: Call, env: Env): string | undefined {
  const value = call.arguments.map((argument) => argument.value).find((each) => each.node === 'Name' && cx.levels.has(each.name) && !env.locals.has(each.name))
  return value?.node === 'Name' ? value.name : undefined
}

function notPure(cx: Context, operand: Expression, name: string, { dimension }: NumberType): Type {
  cx.report('RLP4004', operand.span, `\`${name}\` works on pure numbers`, { label: `this is ${dimension}`, help: `divide by a quantity first: \`x / (1 ${dimension?.toLowerCase()})\`` })
  return POISON
}

function alike(cx: Context, call: Call, name: string, operands: readonly Expression[], env: Env): Type {
  const types = operands.map((operand) => infer(cx, operand, env))
  return byKey(cx, types, call.span, (found) => {
    const numbers = found.map((type, i) => asNumber(cx, operands[i] as Expression, type, name))
    let result = numbers[0]
    for (let i = 1; i < numbers.length; i++) {
      const next = numbers[i]
      if (!result || !next) return POISON
      if (!oneDimension(cx, { operator: name, left: operands[0] as Expression, right: operands[i] as Expression }, result, next)) return POISON
      const level = commonLevel(cx, call.span, result, next)
      if (!level) return POISON
      const range = name === 'clamp' ? {} : rangeOfResult(name, result, next)
      const { level: _, ...plain } = result
      result = { ...plain, ...level, whole: result.whole && next.whole, ...range }
    }
    if (name !== 'clamp') return result ?? POISON
    const [x, low, high] = numbers as [NumberType, NumberType, NumberType]
    if (low.low > high.high) cx.report('RLP4008', (operands[1] as Expression).span, 'the lower bound of `clamp` is above the upper one', { label: `from ${low.low} to ${high.high}`, help: 'swap the bounds' })
    return { ...(result as NumberType), ...rangeOfResult('clamp', x, low, high) }
  })
}

function reduce(cx: Context, call: Call, name: string, { rule }: Builtin, given: ReadonlyMap<string, Expression>, env: Env): Type {
  const operand = given.get('x') as Expression
  const over = given.get('over') as Expression
  const ddof = given.get('ddof')
  const type = infer(cx, operand, env)
  if (ddof) expectType(cx, ddof, { ...INT, low: 0, high: 1 }, env, '`ddof`')
  const padding = given.get('padding')
  if (padding) expectType(cx, padding, BOOLEAN, env, '`padding`')
  const level = levelNamed(cx, over)
  if (level === undefined || type.type === 'poison') return POISON
  if (type.type !== 'number' && type.type !== 'boolean') {
    asNumber(cx, operand, type, name)
    return POISON
  }
  if (rule === 'truths' && type.type !== 'boolean') {
    cx.report('RLP3014', operand.span, `\`${name}\` works on truth values`, { label: `found ${shortened(show(type))}`, help: `compare it, for example \`${shortened(sourceOf(operand.span), 24)} > 0\`` })
    return POISON
  }
  if (rule === 'reduction' && type.type === 'boolean') {
    cx.report('RLP3014', operand.span, `\`${name}\` works on numbers`, { label: `found ${shortened(show(type))}`, help: `write \`where(${shortened(sourceOf(operand.span), 24)}, 1, 0)\`` })
    return POISON
  }
  if (!cx.levels.isOutside(level, type.level)) {
    const legal = cx.levels.outside(type.level)
    cx.report('RLP4101', over.span, type.level === undefined ? `there is nothing to reduce: this is one number for ${showLevel(type.level)}` : `\`${level}\` is not outside \`${type.level}\``, {
      label: type.level === level ? `this is already one number for ${showLevel(level)}` : 'values are gathered outwards only',
      related: [{ span: operand.span, text: `one number for ${showLevel(type.level)}` }],
      help: legal.length > 0 ? `reduce over ${joined(legal.map((each) => `\`${each}\``), 'or')}` : 'leave the reduction out',
      fixes: legal.length > 0 ? legal.map((each) => replace(over.span, each, false)) : [replace(call.span, sourceOf(operand.span), false, 'leave the reduction out')],
    })
    return POISON
  }
  const by = given.get('by')
  const kept = by && levelNamed(cx, by)
  if (by && kept === undefined) return POISON
  if (by && (kept !== type.level || cx.levels.outside(type.level)[0] === level)) {
    cx.report('RLP4101', by.span, '`by` names the level of the operand, and `over` one beyond the next', {
      label: `this is one number for ${showLevel(type.level)}`,
      help: type.level === undefined ? 'leave `by` out' : `write \`by = ${type.level}\`: what has one index in each is taken together`,
    })
    return POISON
  }
  const at = levelIn(kept ?? level)
  if (rule === 'truths') return { ...BOOLEAN, ...at }
  if (rule === 'count') return { ...REAL, ...at, low: 0 }
  const { dimension, low, high } = type as NumberType
  const unit = dimension === undefined ? {} : { dimension }
  switch (name) {
    case 'sum':
      return { ...REAL, ...unit, ...at, low: low >= 0 ? 0 : -Infinity, high: high <= 0 ? 0 : Infinity }
    case 'std':
    case 'var':
      return { ...REAL, ...(name === 'std' ? unit : {}), ...at, low: 0 }
    default:
      return { ...REAL, ...unit, ...at, low, high }
  }
}

/** Values along a level: the result has the level of the operand. */
function ordering(cx: Context, name: string, given: ReadonlyMap<string, Expression>, env: Env): Type {
  const operand = given.get('x') as Expression
  const x = asNumber(cx, operand, infer(cx, operand, env), name)
  for (const flag of ['reverse', 'padding']) {
    const value = given.get(flag)
    if (value) expectType(cx, value, BOOLEAN, env, `\`${flag}\``)
  }
  for (const option of ['decay', 'default']) {
    const value = given.get(option)
    if (value) expectType(cx, value, { ...REAL, ...(x?.level === undefined ? {} : { level: x.level }) }, env, `\`${option}\``)
  }
  const over = given.get('over')
  const level = over && levelNamed(cx, over)
  if (!x || (over && level === undefined)) return POISON
  if (x.level === undefined || (level !== undefined && !cx.levels.isOutside(level, x.level))) {
    cx.report('RLP4101', (over ?? operand).span, x.level === undefined ? `\`${name}\` needs a value of a level: this is one number for ${showLevel(x.level)}` : `\`${level}\` is not outside \`${x.level}\``, {
      related: over ? [{ span: operand.span, text: `one number for ${showLevel(x.level)}` }] : [],
      help: x.level === undefined ? 'apply it to the numbers of an inner level' : `order within ${joined(cx.levels.outside(x.level).map((each) => `\`${each}\``), 'or')}`,
    })
    return POISON
  }
  const at = levelIn(x.level)
  if (name === 'counted') return { ...BOOLEAN, ...at }
  if (name === 'index' || name === 'rank') return { ...INT, ...at, low: 0 }
  const unit = x.dimension === undefined ? {} : { dimension: x.dimension }
  return name === 'scan' ? { ...REAL, ...unit, ...at } : { ...REAL, ...unit, ...at, low: Math.min(x.low, 0), high: Math.max(x.high, 0) }
}

/** `step` takes one value and gives one like it. */
function iterate(cx: Context, step: Expression, start: Expression, rounds: Expression, env: Env): Type {
  const fn = infer(cx, step, env)
  const value = infer(cx, start, env)
  expectType(cx, rounds, { ...INT, low: 0, high: 10_000 }, env, '`rounds`')
  if (fn.type === 'poison' || value.type === 'poison') return POISON
  const open = fn.type === 'function' ? fn.parameters.filter((parameter) => !parameter.optional) : []
  const [parameter] = open
  if (fn.type !== 'function' || !parameter || open.length > 1) {
    cx.report('RLP3014', step.span, '`iterate` needs a function with one open parameter', {
      label: `found ${shortened(show(fn))}`,
      help: 'bind the other parameters: `iterate(step(a = a), start, rounds = 20)`',
    })
    return POISON
  }
  for (const each of [value, fn.result]) {
    if (!mismatch(each, parameter.type, cx.levels)) continue
    cx.report('RLP3014', (each === value ? start : step).span, `\`iterate\` needs a value that \`${parameter.name}\` can be`, { label: `expected ${shortened(show(parameter.type))}, found ${shortened(show(each))}`, help: 'let the function give what it takes' })
    return POISON
  }
  return parameter.type
}

/** The level that `over = …` names. */
function levelNamed(cx: Context, over: Expression): string | undefined {
  if (over.node === 'Name' && cx.levels.has(over.name)) return over.name
  if (over.node === 'Invalid') return undefined
  const better = over.node === 'Name' || over.node === 'Text' ? suggest(over.node === 'Name' ? over.name : over.value, cx.levels.names) : undefined
  cx.report('RLP2016', over.span, over.node === 'Name' ? `there is no level \`${over.name}\`` : '`over` names a level', {
    label: better ? `did you mean \`${better}\`?` : 'unknown level',
    notes: [`levels are ${listed(cx.levels.names)}`],
    help: better ? `write \`over = ${better}\`` : `write the name of a level, such as \`over = ${OUTERMOST}\``,
    fixes: better ? [replace(over.span, better)] : [],
  })
  return undefined
}
