// A function of an objective as plain text: what it is called with and where that comes from, its formula, and the functions in it.
// Shows source text as it was written; evaluates only what is bound.

import type { Expression, FunctionDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { GraphBuilder } from '../graph/builder.js'
import { Evaluator } from '../lower/evaluate.js'
import { scalar } from '../lower/levels.js'
import { providedFor, type PartName } from '../lower/part.js'
import type { FunctionTerm, Term } from '../lower/terms.js'
import type { LoweringContext } from '../lower/types.js'
import { qualifiedName, type DeclarationSymbol } from '../resolve/program.js'
import { walk } from '../resolve/walk.js'

export interface ShownArgument {
  readonly name: string
  readonly term: Term
  readonly from: 'given' | 'default'
}

/**
 * Arguments that the stage does not provide: what is bound, then the function's defaults. `written` is the expression that made
 * `fn`: elaboration binds defaults too, and only the expression tells them from what was given.
 */
export function argumentsOf(part: PartName, fn: FunctionTerm, context: LoweringContext, written?: Expression): readonly ShownArgument[] {
  const evaluator = new Evaluator(new GraphBuilder('arguments'), scalar, new Map(), context)
  const locals = new Map<string, Term>(fn.bound)
  const named = written && argumentNames(written, fn)
  return fn.declaration.parameters.flatMap(({ name: { name }, default: fallback }): ShownArgument[] => {
    const given = fn.bound.get(name)
    if (!given && (!fallback || providedFor(part, name) !== undefined)) return []
    const usual = fallback && evaluator.evaluate(fallback, { scope: fn.symbol.module, locals })
    const term = given ?? (usual as Term)
    locals.set(name, term)
    const isDefault = usual !== undefined && termText(usual) === termText(term) && !named?.has(name)
    return [{ name, term, from: isDefault ? 'default' : 'given' }]
  })
}

/** Parameters that calls inside an expression name, or give by place. */
function argumentNames(written: Expression, { declaration }: FunctionTerm): ReadonlySet<string> {
  const names = new Set<string>()
  walk(written, (expression) => {
    if (expression.node === 'Call') expression.arguments.forEach(({ name }, i) => names.add(name?.name ?? declaration.parameters[i]?.name.name ?? ''))
  })
  return names
}

/** `std/presets/trl-1.13.clipped(epsilon_high = 0.28)` */
export function callText(fn: FunctionTerm, name = qualifiedName(fn.symbol)): string {
  const bound = [...fn.bound].map(([parameter, term]) => `${parameter} = ${termText(term)}`)
  return bound.length === 0 ? name : `${name}(${bound.join(', ')})`
}

export function termText(term: Term): string {
  switch (term.type) {
    case 'number':
    case 'boolean':
      return String(term.value)
    case 'text':
      return `"${term.value}"`
    case 'list':
      return `[${term.items.map(termText).join(', ')}]`
    case 'record':
      return `{ ${[...term.fields].map(([name, field]) => `${name} = ${termText(field)}`).join(', ')} }`
    case 'range':
      return `${term.low ? termText(term.low) : ''}..${term.high ? termText(term.high) : ''}`
    case 'function':
      return callText(term, term.symbol.name)
    default:
      return term.type
  }
}

/** `main.rlp:105` */
export function placeText({ file, start }: Span): string {
  return `${file.path}:${file.position(start).line}`
}

/** Several lines, without an end: head, arguments, doc, formula, and each function of the language that it uses, once. */
export function formulaText(part: PartName, fn: FunctionTerm, expression: Expression | undefined, context: LoweringContext): string {
  const { declaration } = fn
  const written = expression?.span
  const given = argumentsOf(part, fn, context, expression)
  const called = { ...fn, bound: new Map(given.flatMap(({ name, term, from }) => (from === 'given' ? [[name, term] as const] : []))) }
  const shown = given.map(({ name, term, from }) => `  ${`${name} = ${termText(term)}`.padEnd(24)} ${from === 'given' ? `given at ${written ? placeText(written) : 'the default of the kind'}` : `default, ${placeText(declaration.span)}`}`)
  return [
    `${part} = ${callText(called)}    ${written ? `written at ${placeText(written)}` : 'default of the kind'}`,
    ...shown,
    ...(declaration.doc === '' ? [] : declaration.doc.trim().split('\n').map((line) => `  ${line.trim()}`)),
    '',
    ...definition(declaration).map((line) => `    ${line}`),
    ...used(fn, given).flatMap((inner) => ['', ...definition(inner.declaration).map((line, i) => `    ${i === 0 ? 'where ' : '      '}${line}`)]),
  ].join('\n')
}

/** The formula alone, a line each: the definition with what is bound, and each function of the language that it uses, once. */
export function formulaLines(part: PartName, fn: FunctionTerm, context: LoweringContext): readonly string[] {
  const given = argumentsOf(part, fn, context)
  return [...given.map(({ name, term }) => `${name} = ${termText(term)}`), ...[fn.declaration, ...used(fn, given).map(({ declaration }) => declaration)].flatMap(definition)]
}

/** `clipped(logp, …) =`, then each `let`, then the result: as written, with the brackets that spans of expressions leave out. */
function definition({ name, parameters, result, lets, body, span }: FunctionDeclaration): string[] {
  const head = `${name.name}(${parameters.map((each) => each.name.name).join(', ')}) =`
  if (!body) return [head]
  const { text } = span.file
  const start = lets.at(-1)?.span.end ?? result?.span.end ?? body.span.start
  const rest = text.slice(start, span.end).trim()
  const block = lets.length > 0 || rest.startsWith('{')
  const final = block ? rest.replace(/^\{/, '').replace(/\}$/, '') : rest.replace(/^=/, '')
  return [head, ...[...lets.map((each) => text.slice(each.span.start, each.span.end).replace(/^let\s+/, '')), final].flatMap(lines)]
}

/** Source text without its indentation; further lines stand behind the first. */
const lines = (text: string): string[] => text.trim().split('\n').map((line, i) => `  ${i === 0 ? '' : '  '}${line.trim()}`)

/** Functions of the language that `fn` calls, those that they call, and those among its arguments; in the order they are met. */
function used(fn: FunctionTerm, given: readonly ShownArgument[]): readonly (DeclarationSymbol & { readonly declaration: FunctionDeclaration })[] {
  type FunctionSymbol = DeclarationSymbol & { readonly declaration: FunctionDeclaration }
  const found = new Set<FunctionSymbol>()
  const isFunction = (symbol: DeclarationSymbol): symbol is FunctionSymbol => symbol.declaration.node === 'Function' && symbol.declaration.body !== undefined
  const queue: DeclarationSymbol[] = []
  const note = (symbol: DeclarationSymbol): void => {
    if (symbol === fn.symbol || !isFunction(symbol) || found.has(symbol)) return
    found.add(symbol)
    queue.push(symbol)
  }
  const look = ({ declaration, module }: DeclarationSymbol): void => {
    if (declaration.node !== 'Function') return
    const own = new Set([...declaration.parameters.map(({ name }) => name.name), ...declaration.lets.map(({ name }) => name.name)])
    for (const each of [...declaration.lets.map(({ value }) => value), declaration.body]) {
      walk(each, (expression) => {
        if (expression.node === 'Name' && !own.has(expression.name)) {
          const symbol = module.lookup(expression.name)
          if (symbol?.symbol === 'declaration') note(symbol)
        }
        if (expression.node === 'Field' && expression.target.node === 'Name' && !own.has(expression.target.name)) {
          const space = module.lookup(expression.target.name)
          const symbol = space?.symbol === 'namespace' ? space.target.declared.get(expression.name.name) : undefined
          if (symbol) note(symbol)
        }
      })
    }
  }
  look(fn.symbol)
  for (const { term } of given) if (term.type === 'function') note(term.symbol)
  for (let symbol = queue.shift(); symbol; symbol = queue.shift()) look(symbol)
  return [...found]
}
