// Checks of final numbers against the type of their place: bounds of `T in a..b`, whole counts and integers.
// Constants were checked before; keys, parameters and arithmetic are only known here.

import type { Expression, TypeNode } from '../../grammar/ast/ast.js'
import { DIMENSIONS } from '../check/units.js'
import type { ModuleScope } from '../resolve/program.js'
import { namedType } from './calls.js'
import { moduleFrame, type Context } from './context.js'
import { evaluate } from './evaluate.js'
import type { Complaint } from './operators.js'
import type { CompileValue } from './value.js'

/** Why `value` does not fit, or `undefined`. Only numbers (also in lists) are looked at. */
export function misfit(context: Context, value: CompileValue, type: TypeNode, scope: ModuleScope): Complaint | undefined {
  if (value.type === 'list') {
    const item = itemType(type)
    return item && first(value.items, (one) => misfit(context, one, item, scope))
  }
  if (value.type !== 'number') return undefined
  const verdicts = options(context, value, type, scope)
  return verdicts.includes(undefined) ? undefined : verdicts[0]
}

/** One verdict for each alternative that the number could be meant as: a complaint, or `undefined` when it fits. */
function options(context: Context, value: CompileValue & { type: 'number' }, type: TypeNode, scope: ModuleScope): (Complaint | undefined)[] {
  switch (type.node) {
    case 'UnionType':
      return type.options.flatMap((option) => options(context, value, option, scope))
    case 'OptionalType':
    case 'LevelType':
      return options(context, value, type.inner, scope)
    case 'RangeType':
      return options(context, value, type.inner, scope).map((verdict) => verdict ?? outside(context, value, type, scope))
    case 'NamedType': {
      const alias = namedType(type, scope)
      if (alias) return options(context, value, alias.type, alias.scope)
      const dimension = DIMENSIONS[type.name.name]
      if (dimension) return dimension.unit === value.unit ? [dimension.whole ? whole(value) : undefined] : []
      if (value.unit !== undefined) return type.name.name === 'Any' ? [undefined] : []
      return [type.name.name === 'Int' ? whole(value) : undefined]
    }
    default:
      return []
  }
}

function outside(context: Context, value: CompileValue & { type: 'number' }, type: TypeNode & { node: 'RangeType' }, scope: ModuleScope): Complaint | undefined {
  const bound = (expression: Expression | undefined) => {
    const known = expression && evaluate(context, expression, moduleFrame(scope))
    return known?.type === 'number' ? known.value : undefined
  }
  const [low, high] = [bound(type.low), bound(type.high)]
  if ((low === undefined || value.value >= low) && (high === undefined || value.value <= high)) return undefined
  return {
    type: 'complaint',
    code: 'RLP5005',
    title: `${show(value)} is outside ${low ?? ''}..${high ?? ''}`,
    notes: ['the value comes from keys, parameters or arithmetic'],
    help: low === undefined ? `use at most ${high}` : high === undefined ? `use at least ${low}` : `use a value from ${low} to ${high}`,
  }
}

function whole(value: CompileValue & { type: 'number' }): Complaint | undefined {
  if (Number.isInteger(value.value)) return undefined
  const [below, above] = [Math.floor(value.value), Math.ceil(value.value)].map((near) => show({ ...value, value: near }))
  return {
    type: 'complaint',
    code: 'RLP5011',
    title: `${show(value)} is not a whole number`,
    notes: ['the value comes from keys, parameters or arithmetic'],
    help: `make it ${below} or ${above}, for example with \`floor(…)\``,
  }
}

function itemType(type: TypeNode): TypeNode | undefined {
  if (type.node === 'OptionalType') return itemType(type.inner)
  if (type.node === 'UnionType') return type.options.map(itemType).find((item) => item !== undefined)
  return type.node === 'NamedType' && ['List', 'Set'].includes(type.name.name) ? type.arguments[0] : undefined
}

function first<T, R>(items: readonly T[], f: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = f(item)
    if (found !== undefined) return found
  }
  return undefined
}

function show({ value, unit }: CompileValue & { type: 'number' }): string {
  return unit === undefined ? String(value) : `${value} ${unit}`
}
