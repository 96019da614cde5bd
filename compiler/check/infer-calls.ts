// Calls: arguments to parameters by position and name, type parameters, and functions whose last parameters stay open.

import type { Argument, Call, Expression } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { walk } from '../resolve/walk.js'
import { bind, mismatch, substitute } from './assignable.js'
import { BUILTINS } from './builtins.js'
import { listed, replace, shortened, sourceOf, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { FOREIGN_VALUES } from './foreign-names.js'
import { moduleWith } from './import-fix.js'
import { infer } from './infer.js'
import { inferBuiltin } from './infer-builtins.js'
import { complain, unindexed } from './complain.js'
import { ANY, join, optionsOf, POISON, show, type FunctionType, type ParameterType, type Type } from './types.js'

export function inferCall(cx: Context, call: Call, env: Env, wanted?: Type): Type {
  const { callee } = call
  if (callee.node === 'Name' && !env.locals.has(callee.name) && !env.scope.lookup(callee.name)) {
    if (Object.hasOwn(BUILTINS, callee.name)) return inferBuiltin(cx, call, callee.name, env)
    const better = suggest(callee.name, [...Object.keys(BUILTINS)])
    const near = better !== undefined && !FOREIGN_VALUES.has(callee.name) && suggest(callee.name, [better, ...env.scope.names()]) === better && moduleWith(cx, callee.name, env.scope) === undefined
    if (near) {
      cx.report('RLP2001', callee.span, `there is no function \`${callee.name}\``, { label: `did you mean \`${better}\`?`, help: `write \`${better}(…)\``, fixes: [replace(callee.span, better)] })
      return inferRest(cx, call, env)
    }
  }
  const type = infer(cx, callee, env)
  if (type.type === 'function') return applied(cx, call, type, env, wanted)
  if (type.type === 'instances') unindexed(cx, callee, type.keys.map(({ name }) => name))
  else if (type.type !== 'poison' && type.type !== 'any') {
    cx.report('RLP3003', callee.span, `\`${shortened(sourceOf(callee.span), 30)}\` is no function`, { label: `found ${shortened(show(type))}`, help: 'remove the arguments, or call a function' })
  }
  return inferRest(cx, call, env)
}

/** Arguments of a call that cannot be understood still have mistakes of their own. */
function inferRest(cx: Context, call: Call, env: Env): Type {
  for (const { value } of call.arguments) infer(cx, value, env)
  return POISON
}

function applied(cx: Context, call: Call, type: FunctionType, env: Env, wanted: Type | undefined): Type {
  const name = type.symbol?.name ?? sourceOf(call.callee.span)
  const given = bindArguments(cx, call, type, name)
  if (!given || takesWhatIsProvided(cx, call, type, given, env, wanted)) return inferRest(cx, call, env)
  const bound = new Map<string, Type>()
  const hints = new Map<string, Type>()
  if (type.variables.length > 0 && wanted) for (const option of optionsOf(wanted)) bind(type.result, option, hints, (a) => a)
  const unknown = new Map(type.variables.map((variable) => [variable, ANY]))
  let broken = false
  let stars = 0
  for (const [parameter, value] of given) {
    const hinted = substitute(substitute(parameter.type, hints), unknown)
    const subject = `\`${parameter.name}\` of \`${name}\``
    const found = goesByKey(type, parameter.type) && namesKeys(value) ? expectKeyed(cx, value, hinted, env, subject) : expectType(cx, value, hinted, env, subject)
    if (found.type === 'keyed') {
      if (stars > 0 && found.stars !== stars) cx.report('RLP3012', call.span, 'these values have different keys', { label: 'one has more `*` than the other', help: 'take `*` over the same keys in all arguments' })
      stars = found.stars
    }
    if (found.type === 'poison') broken = true
    bind(parameter.type, found, bound, join)
  }
  // What the arguments do not say, the place says.
  for (const [variable, hint] of hints) if (!bound.has(variable)) bound.set(variable, hint)
  const open = type.parameters.filter((parameter) => !given.has(parameter))
  const result = substitute(type.result, bound)
  if (open.some((parameter) => !parameter.optional) || isProvided(open, wanted)) {
    return { ...type, parameters: open.map((one) => ({ ...one, type: substitute(one.type, bound) })), result, variables: type.variables.filter((variable) => !bound.has(variable)) }
  }
  const missing = type.variables.filter((variable) => !bound.has(variable))
  if (missing.length === 0) return stars > 0 ? { type: 'keyed', stars, item: result } : result
  if (!broken && !wanted) {
    cx.report('RLP3010', call.span, `the rows of \`${name}\` are not known here`, {
      label: `nothing says what \`${missing[0]}\` is`,
      help: 'say it in a dataset: `dataset name: Dataset[Row] { source = … }`',
    })
    return POISON
  }
  return broken ? POISON : substitute(result, new Map(missing.map((variable) => [variable, ANY])))
}

/** A function of the language that takes one number: with a value by key it is applied key by key, as operators are. */
function goesByKey({ symbol }: FunctionType, parameter: Type): boolean {
  return (parameter.type === 'number' || parameter.type === 'boolean') && parameter.level === undefined && symbol?.declaration.node === 'Function' && !symbol.declaration.extern
}

function namesKeys(value: Expression): boolean {
  let found = false
  walk(value, (part) => {
    if (part.node === 'Index' && part.keys.some(({ node }) => node === 'Star')) found = true
  })
  return found
}

/** As `expectType`, of what stands at each key. */
function expectKeyed(cx: Context, value: Expression, wanted: Type, env: Env, subject: string): Type {
  const type = infer(cx, value, env, wanted)
  const reason = mismatch(type.type === 'keyed' ? type.item : type, wanted, cx.levels)
  if (reason) complain(cx, value, type, wanted, reason, subject)
  return reason ? POISON : type
}

/** Whether the place calls the function itself, with some of its open parameters. */
function isProvided(open: readonly ParameterType[], wanted: Type | undefined): boolean {
  return optionsOf(wanted ?? ANY).some((option) => option.type === 'function' && option.parameters.some(({ name }) => open.some((parameter) => parameter.name === name)))
}

/** Reports arguments without a name that stand where the place itself gives a value: `lr = linear(1e-3)` would make 1e-3 the step. */
function takesWhatIsProvided(cx: Context, call: Call, { parameters }: FunctionType, given: ReadonlyMap<ParameterType, Expression>, env: Env, wanted: Type | undefined): boolean {
  const provided = new Set(optionsOf(wanted ?? ANY).flatMap((option) => (option.type === 'function' ? option.parameters.map((parameter) => parameter.name) : [])))
  const named = new Set(call.arguments.flatMap((argument) => (argument.name ? [argument.name.name] : [])))
  const free = parameters.filter((parameter) => !provided.has(parameter.name) && !named.has(parameter.name))
  const wrong = [...given].filter(([parameter]) => provided.has(parameter.name) && !named.has(parameter.name))
  for (const [parameter, value] of wrong) {
    const type = infer(cx, value, env)
    const meant = free.findIndex((one) => !mismatch(type, one.type, cx.levels))
    const text = meant < 0 ? undefined : `${free.splice(meant, 1)[0]?.name} = ${sourceOf(value.span)}`
    cx.report('RLP3004', value.span, `\`${parameter.name}\` of \`${sourceOf(call.callee.span)}\` is given by the place that calls it`, {
      label: `this would be its \`${parameter.name}\``,
      notes: [`parameters: ${parameters.map((one) => one.name).join(', ')}`],
      help: text === undefined ? 'leave it out, or name the parameter that it is for' : `name the parameter: \`${text}\``,
      fixes: text === undefined ? [] : [replace(value.span, text)],
    })
  }
  return wrong.length > 0
}

/** `undefined` after a mistake. */
function bindArguments(cx: Context, call: Call, type: FunctionType, name: string): Map<ParameterType, Expression> | undefined {
  const given = new Map<ParameterType, Expression>()
  const named = new Set(call.arguments.flatMap((argument) => (argument.name ? [argument.name.name] : [])))
  const positional = type.parameters.filter((parameter) => !named.has(parameter.name))
  const names = type.parameters.map((parameter) => parameter.name)
  const related = type.symbol ? [{ span: type.symbol.declaration.name.span, text: 'declared here' }] : []
  let fits = true
  const fail = (argument: Argument, title: string, label: string, help: string, better?: string) => {
    fits = false
    cx.report('RLP3004', argument.name?.span ?? argument.span, title, {
      label,
      related,
      notes: [names.length > 0 ? `parameters: ${names.join(', ')}` : 'it has no parameters'],
      help,
      fixes: better && argument.name ? [replace(argument.name.span, better)] : [],
    })
  }
  for (const argument of call.arguments) {
    const parameter = argument.name ? type.parameters.find((one) => one.name === argument.name?.name) : positional.shift()
    if (!parameter) {
      if (!argument.name) {
        fail(argument, `\`${name}\` takes ${names.length} ${names.length === 1 ? 'argument' : 'arguments'}`, 'one too many', 'remove it')
        continue
      }
      const better = suggest(argument.name.name, names)
      fail(argument, `\`${name}\` has no parameter \`${argument.name.name}\``, better ? `did you mean \`${better}\`?` : 'unknown parameter', better ? `write \`${better} = …\`` : names.length > 0 ? `use one of ${listed(names)}` : 'remove it', better)
    } else if (given.has(parameter)) fail(argument, `\`${parameter.name}\` of \`${name}\` is given twice`, 'second value', 'remove one of them')
    else given.set(parameter, argument.value)
  }
  return fits ? given : undefined
}
