// Evaluates functions of the language symbolically: arithmetic on constants is done here, on levels it becomes graph nodes.
// Does not know what a stage provides; `objective.ts` and `schedule.ts` call it with their own inputs.

import type { Argument, Binary, Call, Expression, FunctionDeclaration, If, TypeNode } from '../../grammar/ast/ast.js'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Span } from '../../grammar/source/source.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import type { ModuleScope, Symbol as ScopeSymbol } from '../resolve/program.js'
import { functions, operators, WHERE, type Elementwise } from '../arithmetic/elementwise.js'
import { report } from './codes.js'
import type { Levels } from './levels.js'
import { aligned, orderings, type Ordering } from './orderings.js'
import { reduce, reductions } from './reductions.js'
import { booleanTerm, describe, numberTerm, poison, termOf, type FunctionTerm, type TensorTerm, type Term } from './terms.js'
import type { LoweringContext } from './types.js'

interface Environment {
  readonly scope: ModuleScope
  readonly locals: ReadonlyMap<string, Term>
}

export class Evaluator {
  readonly diagnostics: Diagnostic[] = []
  /** Functions being evaluated, for recursion. */
  private readonly active: FunctionDeclaration[] = []

  constructor(
    readonly b: GraphBuilder,
    readonly levels: Levels,
    /** Which elements count, by depth (bool); at a depth without a mask all do. */
    private readonly masks: ReadonlyMap<number, Value>,
    private readonly context: LoweringContext,
  ) {}

  /**
   * Result of a function whose open parameters are provided by name (those it does not have are ignored).
   * What the function has bound comes first, then what is provided, then its defaults.
   */
  apply(fn: FunctionTerm, provided: ReadonlyMap<string, Term>, span: Span): Term {
    const { declaration } = fn
    const locals = new Map<string, Term>()
    const environment: Environment = { scope: fn.symbol.module, locals }
    for (const parameter of declaration.parameters) {
      const name = parameter.name.name
      const given = fn.bound.get(name) ?? provided.get(name) ?? (parameter.default && this.evaluate(parameter.default, environment))
      if (!given) {
        this.diagnostics.push(
          report('RLP5105', span, `\`${declaration.name.name}\` needs \`${name}\`, which is not provided here`, {
            label: `provides ${[...provided.keys()].map((each) => `\`${each}\``).join(', ') || 'nothing'}`,
            related: [{ span: parameter.span, text: 'this parameter' }],
            help: `bind it where the function is used: \`${declaration.name.name}(${name} = …)\``,
          }),
        )
        return poison
      }
      locals.set(name, this.coerce(given, parameter.type, span))
    }
    if (this.active.includes(declaration)) return this.fail('RLP5107', span, `\`${declaration.name.name}\` calls itself`)
    if (!declaration.body) return this.fail('RLP5103', span, `\`${declaration.name.name}\` runs on the host and cannot be part of a program`)
    this.active.push(declaration)
    for (const each of declaration.lets) locals.set(each.name.name, this.label(this.coerce(this.evaluate(each.value, environment), each.type, each.span), each.name.name))
    const result = this.coerce(this.evaluate(declaration.body, environment), declaration.result, declaration.body.span)
    this.active.pop()
    return result
  }

  /** A number or truth value as a tensor of a level; values further out broadcast inwards. */
  tensor(term: Term, depth: number, span: Span): TensorTerm | undefined {
    if (term.type === 'number' || term.type === 'boolean') return { type: 'tensor', value: this.b.full(term.value, this.levels.shapeAt(depth)), depth }
    if (term.type === 'poison') return undefined
    if (term.type !== 'tensor') {
      this.fail('RLP5102', span, `a number is needed here, this is ${describe(term)}`)
      return undefined
    }
    if (!this.levels.holds(term.depth, depth)) {
      this.fail('RLP5104', span, `one number for each ${this.levels.nameOf(term.depth)}, where one for each ${this.levels.nameOf(depth)} is needed`, `reduce it: \`mean(…, over = ${this.levels.nameOf(depth)})\` or \`sum(…, over = ${this.levels.nameOf(depth)})\``)
      return undefined
    }
    const outer = term.value.shape.map((_, axis) => axis)
    return { type: 'tensor', value: this.b.broadcastAlong(term.value, this.levels.shapeAt(depth), outer), depth }
  }

  /** A number, not a truth value, of a level. */
  real(term: Term, depth: number, span: Span): TensorTerm | undefined {
    const tensor = this.tensor(term, depth, span)
    if (tensor?.value.dtype !== 'bool') return tensor
    this.fail('RLP5102', span, 'a number is needed here, this is a truth value')
    return undefined
  }

  evaluate(expression: Expression, environment: Environment): Term {
    switch (expression.node) {
      case 'Number':
        return numberTerm(expression.value)
      case 'Boolean':
        return booleanTerm(expression.value)
      case 'Text':
        return { type: 'text', value: expression.value }
      case 'None':
        return { type: 'none' }
      case 'List':
        return { type: 'list', items: expression.items.map((item) => this.evaluate(item, environment)) }
      case 'Record':
        return { type: 'record', fields: new Map(expression.fields.map(({ name, value }) => [name.name, this.evaluate(value, environment)])) }
      case 'Name':
        return this.name(expression.name, expression.span, environment)
      case 'Field':
        return this.field(expression, environment)
      case 'Unary':
        return this.elementwise(operators[expression.operator === '-' ? 'neg' : 'not'] as Elementwise, [[this.evaluate(expression.operand, environment), expression.operand.span]], expression.span)
      case 'Binary':
        return this.binary(expression, environment)
      case 'If':
        return this.conditional(expression, environment)
      case 'Call':
        return this.call(expression, environment)
      case 'Index':
        return this.fail('RLP5103', expression.span, 'instances cannot be used inside an objective')
      case 'Invalid':
        return poison
    }
  }

  private name(name: string, span: Span, { scope, locals }: Environment): Term {
    return locals.get(name) ?? this.symbol(scope.lookup(name), name, span)
  }

  private symbol(symbol: ScopeSymbol | undefined, name: string, span: Span): Term {
    if (!symbol || symbol.symbol === 'namespace') return this.fail('RLP5103', span, `\`${name}\` has no value inside an objective`)
    if (symbol.symbol === 'lost') return poison
    const { declaration } = symbol
    if (declaration.node === 'Function') return { type: 'function', symbol, declaration, bound: new Map() }
    const word = declaration.node === 'Declaration' ? declaration.word.name : 'type'
    const value = word === 'const' || word === 'param' ? termOf(this.context.constant(symbol)) : undefined
    return value ?? this.fail('RLP5103', span, `the ${word} \`${name}\` cannot be used inside an objective`)
  }

  private field(expression: Expression & { node: 'Field' }, environment: Environment): Term {
    const { target, name, span } = expression
    if (target.node === 'Name' && !environment.locals.has(target.name)) {
      const symbol = environment.scope.lookup(target.name)
      if (symbol?.symbol === 'namespace') return this.symbol(symbol.target.declared.get(name.name), `${target.name}.${name.name}`, span)
    }
    const value = this.evaluate(target, environment)
    if (value.type === 'poison') return poison
    const found = value.type === 'record' ? value.fields.get(name.name) : value.type === 'range' && (name.name === 'low' || name.name === 'high') ? value[name.name] : undefined
    return found ?? this.fail('RLP5103', span, value.type === 'range' ? `this range has no \`${name.name}\` end` : `${describe(value)} has no \`${name.name}\``)
  }

  private binary(expression: Binary, environment: Environment): Term {
    const { operator, left, right, span } = expression
    const [a, b] = [this.evaluate(left, environment), this.evaluate(right, environment)]
    if (operator === '..') return { type: 'range', low: a, high: b }
    if (a.type === 'poison' || b.type === 'poison') return poison
    if (operator === 'in') {
      if (b.type === 'list' && isLiteral(a) && b.items.every(isLiteral)) return booleanTerm(b.items.some((item) => sameLiteral(a, item)))
      if (b.type === 'range') return this.within(a, b, expression)
      return this.fail('RLP5102', span, '`in` needs constants inside an objective')
    }
    if ((operator === '==' || operator === '!=') && isLiteral(a) && isLiteral(b)) return booleanTerm(sameLiteral(a, b) === (operator === '=='))
    return this.elementwise(operators[operator] as Elementwise, [[a, left.span], [b, right.span]], span)
  }

  /** `x in 0..1`, both ends included. */
  private within(x: Term, range: Term & { type: 'range' }, { left, right, span }: Binary): Term {
    const bound = (end: Term | undefined, operator: string): Term => (end ? this.elementwise(operators[operator] as Elementwise, [[x, left.span], [end, right.span]], span) : booleanTerm(true))
    return this.elementwise(operators['and'] as Elementwise, [[bound(range.low, '>='), span], [bound(range.high, '<='), span]], span)
  }

  private conditional({ condition, then, else: otherwise, span }: If, environment: Environment): Term {
    const test = this.evaluate(condition, environment)
    if (test.type === 'boolean') return this.evaluate(test.value ? then : otherwise, environment)
    return this.where(test, condition.span, [this.evaluate(then, environment), then.span], [this.evaluate(otherwise, environment), otherwise.span], span)
  }

  private where(condition: Term, conditionSpan: Span, a: Operand, b: Operand, span: Span): Term {
    if (condition.type === 'boolean') return condition.value ? a[0] : b[0]
    const aligned = this.align([[condition, conditionSpan], a, b])
    if (!aligned) return poison
    const [test, x, y] = aligned.values as [Value, Value, Value]
    if (test.dtype !== 'bool' || x.dtype !== y.dtype) return this.fail('RLP5102', span, test.dtype === 'bool' ? 'both branches must be numbers, or both truth values' : 'a condition must be a truth value')
    return { type: 'tensor', value: this.b.where(test, x, y), depth: aligned.depth }
  }

  private call({ callee, arguments: args, span }: Call, environment: Environment): Term {
    const builtin = callee.node === 'Name' && !environment.locals.has(callee.name) && !environment.scope.lookup(callee.name) ? callee.name : undefined
    if (builtin !== undefined) return this.builtin(builtin, args, span, environment)
    const fn = this.evaluate(callee, environment)
    if (fn.type === 'poison') return poison
    if (fn.type !== 'function') return this.fail('RLP5103', callee.span, `${describe(fn)} is not a function`)
    const open = fn.declaration.parameters.map(({ name }) => name.name).filter((name) => !fn.bound.has(name))
    const given = this.bind(open, args, environment)
    if (!given) return poison
    const bound = new Map([...fn.bound, ...[...given].map(([name, [term]]) => [name, term] as const)])
    const complete = fn.declaration.parameters.every(({ name, default: fallback }) => bound.has(name.name) || fallback)
    const next: FunctionTerm = { ...fn, bound }
    return complete ? this.apply(next, new Map(), span) : next
  }

  private builtin(name: string, args: readonly Argument[], span: Span, environment: Environment): Term {
    if (Object.hasOwn(reductions, name)) return this.reduction(name, args, span, environment)
    if (Object.hasOwn(orderings, name)) return this.ordering(name, args, span, environment)
    if (name === 'iterate') return this.iterate(args, span, environment)
    if (name === WHERE) {
      const given = this.bind(['condition', 'a', 'b'], args, environment)
      const [condition, a, b] = ['condition', 'a', 'b'].map((parameter) => given?.get(parameter))
      if (condition && a && b) return this.where(condition[0], condition[1], a, b, span)
      return given ? this.fail('RLP5105', span, '`where` needs a condition and two values') : poison
    }
    if (name === 'length') {
      const list = args[0] && this.evaluate(args[0].value, environment)
      return list?.type === 'list' ? numberTerm(list.items.length) : this.fail('RLP5102', span, '`length` needs a list')
    }
    const row = Object.hasOwn(functions, name) ? (functions[name] as Elementwise) : undefined
    if (!row) return this.fail('RLP5103', span, `no function \`${name}\` inside an objective`)
    const parameters = row.variadic ? [...row.parameters, ...args.slice(row.parameters.length).map((_, i) => `${i}`)] : row.parameters
    const given = this.bind(parameters, args, environment)
    const operands = parameters.map((parameter) => given?.get(parameter))
    if (!operands.every((operand) => operand !== undefined)) return given ? this.fail('RLP5105', span, `\`${name}\` needs ${row.parameters.length} operands`) : poison
    return operands.length === row.parameters.length
      ? this.elementwise(row, operands, span)
      : operands.slice(1).reduce<Term>((left, right) => this.elementwise(row, [[left, span], right], span), (operands[0] as Operand)[0])
  }

  /** `mean(x, over = group)`: further parameters are `ddof`, `by` and `padding`. */
  private reduction(name: string, args: readonly Argument[], span: Span, environment: Environment): Term {
    const along = this.along(name, args, ['x', 'ddof', 'padding'], span, environment)
    if (!along) return poison
    const { given, operand, to, by, at } = along
    if (to === undefined) return this.fail('RLP5104', span, `\`${name}\` needs a level of this stage`, `write \`over = …\` with one of ${this.levels.names().join(', ')}`)
    const ddof = given.get('ddof')?.[0] ?? numberTerm(1)
    if (ddof.type !== 'number') return this.fail('RLP5102', span, '`ddof` must be a constant')
    const logical = name === 'any' || name === 'all'
    if (logical !== (operand.value.dtype === 'bool') && logical) return this.fail('RLP5102', at, `\`${name}\` needs truth values`)
    const value = logical ? operand.value : this.b.cast(operand.value, 'f32')
    const mask = this.counted(operand.depth, given)
    const reduction = { b: this.b, levels: this.levels, from: operand.depth, to, by, ddof: ddof.value }
    const skips = by && !isTrue(given.get('padding')) && this.masks.has(operand.depth)
    const reduced = mask && skips ? aligned(value, mask, this.b, (x, counted) => reduce(name, x, { ...reduction, mask: counted })) : reduce(name, value, { ...reduction, mask })
    return { type: 'tensor', value: reduced, depth: by ? operand.depth : to }
  }

  /** `scan(x, decay = …)`, `rank(x, over = group)`: values along a level that keep it. */
  private ordering(name: string, args: readonly Argument[], span: Span, environment: Environment): Term {
    const row = orderings[name] as Ordering
    const along = this.along(name, args, ['x', ...Object.keys(row.options), 'padding'], span, environment)
    if (!along) return poison
    const { given, operand, at } = along
    const to = along.to ?? this.levels.outside(operand.depth)
    const options = new Map<string, Value>()
    for (const [option, fallback] of Object.entries(row.options)) {
      const found = given.get(option) ?? ([typeof fallback === 'number' ? numberTerm(fallback) : booleanTerm(fallback), at] as const)
      if (typeof fallback === 'boolean') {
        if (found[0].type !== 'boolean') return this.fail('RLP5102', found[1], `\`${option}\` must be a constant`)
        options.set(option, this.b.constant(found[0].value))
      } else {
        const value = this.real(found[0], operand.depth, found[1])
        if (!value) return poison
        options.set(option, value.value)
      }
    }
    const mask = this.counted(operand.depth, given) ?? this.b.full(true, operand.value.shape)
    if (name === 'counted') return { type: 'tensor', value: mask, depth: operand.depth }
    const x = this.real(operand, operand.depth, at)
    if (!x) return poison
    const value = row.build(x.value, { b: this.b, mask, outer: this.levels.shapeAt(to).length, option: (option) => options.get(option) as Value, flag: (option) => isTrue(given.get(option)) })
    return { type: 'tensor', value, depth: operand.depth }
  }

  /** The operand of a reduction or ordering, and what `over` and `by` say. */
  private along(name: string, args: readonly Argument[], parameters: readonly string[], span: Span, environment: Environment) {
    const named = (which: string) => args.find((argument) => argument.name?.name === which)
    const level = (which: string): number | undefined => {
      const value = named(which)?.value
      return value?.node === 'Name' ? this.levels.depthOf(value.name) : undefined
    }
    const given = this.bind(parameters, args.filter((argument) => argument !== named('over') && argument !== named('by')), environment)
    const x = given?.get('x')
    if (!given || x?.[0].type === 'poison') return undefined
    const fail = (at: Span, title: string, help?: string) => void this.fail('RLP5104', at, title, help)
    if (!x) return void this.fail('RLP5105', span, `\`${name}\` needs an operand`)
    const [to, by] = [level('over'), level('by')]
    for (const which of ['over', 'by']) if (named(which) && level(which) === undefined) return fail(named(which)?.value.span ?? span, `\`${name}\` needs a level of this stage`, `write \`${which} = …\` with one of ${this.levels.names().join(', ')}`)
    const operand = x[0].type === 'tensor' ? x[0] : undefined
    if (!operand) return fail(x[1], `a constant has no level for \`${name}\``)
    if (to !== undefined && (to === operand.depth || !this.levels.holds(to, operand.depth))) return fail(x[1], `one number for each ${this.levels.nameOf(operand.depth)} cannot be reduced over each ${this.levels.nameOf(to)}`)
    if (by !== undefined && (by !== operand.depth || to === this.levels.outside(operand.depth))) return fail(x[1], `\`by\` names the level of the operand, and \`over\` one further out than the next`)
    return { given, operand, at: x[1], to, by: by !== undefined }
  }

  /** Which elements of a level count; `undefined` where all do, as with `padding = true`. */
  private counted(depth: number, given: ReadonlyMap<string, Operand>): Value | undefined {
    for (let level = isTrue(given.get('padding')) ? this.levels.outside(depth) : depth; level > 0; level = this.levels.outside(level)) {
      const mask = this.masks.get(level)
      if (mask) return this.b.broadcastAlong(mask, this.levels.shapeAt(depth), mask.shape.map((_, axis) => axis))
    }
    return undefined
  }

  /** `iterate(step, start, rounds = 20)`: a function of one open parameter, applied again and again. */
  private iterate(args: readonly Argument[], span: Span, environment: Environment): Term {
    const given = this.bind(['step', 'start', 'rounds'], args, environment)
    const [step, start, rounds] = ['step', 'start', 'rounds'].map((name) => given?.get(name)?.[0])
    if (!given || step?.type === 'poison' || start?.type === 'poison') return poison
    if (step?.type !== 'function' || !start || rounds?.type !== 'number') return this.fail('RLP5102', span, '`iterate` needs a function, a start and a constant number of rounds')
    const open = step.declaration.parameters.filter((parameter) => !step.bound.has(parameter.name.name) && !parameter.default)
    const [parameter] = open
    if (!parameter || open.length > 1) return this.fail('RLP5105', span, '`iterate` needs a function with one open parameter')
    let value = this.coerce(start, parameter.type, span)
    for (let round = 0; round < rounds.value; round++) value = this.apply(step, new Map([[parameter.name.name, value]]), span)
    return value
  }

  /** Operands by parameter name, positional ones first. */
  private bind(parameters: readonly string[], args: readonly Argument[], environment: Environment): Map<string, Operand> | undefined {
    const given = new Map<string, Operand>()
    let position = 0
    for (const { name, value, span } of args) {
      const parameter = name?.name ?? parameters[position++]
      if (parameter === undefined || !parameters.includes(parameter)) {
        this.fail('RLP5105', span, name ? `there is no parameter \`${name.name}\`` : 'too many arguments')
        return undefined
      }
      given.set(parameter, [this.evaluate(value, environment), value.span])
    }
    return given
  }

  private elementwise(row: Elementwise, operands: readonly Operand[], span: Span): Term {
    const terms = operands.map(([term]) => term)
    if (terms.some((term) => term.type === 'poison')) return poison
    if (terms.every((term) => term.type === 'number' || term.type === 'boolean')) {
      const result = row.fold(...(terms.map(({ value }) => value) as never[]))
      return typeof result === 'number' ? numberTerm(result) : booleanTerm(result)
    }
    const aligned = this.align(operands)
    if (!aligned) return poison
    const wanted = row.takes === 'same' ? aligned.values[0]?.dtype : row.takes === 'number' ? 'f32' : 'bool'
    const odd = aligned.values.findIndex((value) => value.dtype !== wanted)
    if (odd >= 0) return this.fail('RLP5102', (operands[odd] as Operand)[1] ?? span, wanted === 'bool' ? 'a truth value is needed here' : 'a number is needed here')
    return { type: 'tensor', value: row.build(this.b, ...aligned.values), depth: aligned.depth }
  }

  /** All operands at the innermost level among them. */
  private align(operands: readonly Operand[]): { values: Value[]; depth: number } | undefined {
    const depths = operands.map(([term]) => (term.type === 'tensor' ? term.depth : 0))
    const depth = this.levels.common(depths)
    if (depth === undefined) {
      this.fail('RLP5104', (operands[0] as Operand)[1], `values of ${[...new Set(depths)].map((each) => `each ${this.levels.nameOf(each)}`).join(' and ')} cannot meet`)
      return undefined
    }
    const tensors = operands.map(([term, span]) => this.tensor(term, depth, span))
    return tensors.every((tensor) => tensor !== undefined) ? { values: tensors.map(({ value }) => value), depth } : undefined
  }

  /** A parameter `Real per token` has one number for each token, whatever was passed for it; so have the fields of a record. */
  private coerce(term: Term, type: TypeNode | undefined, span: Span): Term {
    if (type?.node === 'RecordType' && term.type === 'record') {
      const fields = type.fields.flatMap(({ name, type: of }) => {
        const field = term.fields.get(name.name)
        return field ? [[name.name, this.coerce(field, of, span)] as const] : []
      })
      return { type: 'record', fields: new Map([...term.fields, ...fields]) }
    }
    const depth = type?.node === 'LevelType' ? this.levels.depthOf(type.level.name) : undefined
    if (depth === undefined) return term
    return (term.type === 'list' ? this.listed(term.items, depth, span) : this.tensor(term, depth, span)) ?? poison
  }

  /** A list of constants, one for each element of the innermost axis: `[1, 0.5]` for `Real per objective`. */
  private listed(items: readonly Term[], depth: number, span: Span): TensorTerm | undefined {
    const shape = this.levels.shapeAt(depth)
    const place = this.b.iota(shape, shape.length - 1)
    let value: Value = this.b.full(0, shape)
    for (const [i, item] of items.entries()) {
      if (item.type !== 'number') return void this.fail('RLP5102', span, 'a list of numbers is needed here')
      value = this.b.where(this.b.eq(place, i), item.value, value)
    }
    return { type: 'tensor', value, depth }
  }

  private label(term: Term, text: string): Term {
    if (term.type === 'tensor') this.b.label(term.value, text)
    return term
  }

  private fail(code: Parameters<typeof report>[0], span: Span, title: string, help?: string): Term {
    this.diagnostics.push(report(code, span, title, help === undefined ? {} : { help }))
    return poison
  }
}

type Operand = readonly [Term, Span]
const isTrue = (operand: Operand | undefined): boolean => operand?.[0].type === 'boolean' && operand[0].value
type Literal = Term & { type: 'number' | 'boolean' | 'text' | 'none' }

const isLiteral = (term: Term): term is Literal => term.type === 'number' || term.type === 'boolean' || term.type === 'text' || term.type === 'none'
const sameLiteral = (a: Term, b: Term): boolean => isLiteral(a) && isLiteral(b) && a.type === b.type && (a.type === 'none' || b.type === 'none' ? true : a.value === b.value)
