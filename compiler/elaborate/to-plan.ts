// Values of the compiler as values and expressions of the plan.
// Total: what has no place in a plan (poison, secrets in odd places) was reported before.

import type { Expr, RangeValue, Value } from '../../spec/plan/plan.js'
import { qualifiedName } from '../resolve/program.js'
import type { CompileValue, ReferenceTarget } from './value.js'

/** The plan's form of a value. Functions keep what is bound; a map by key becomes a record. */
export function toValue(value: CompileValue): Value {
  switch (value.type) {
    case 'none':
    case 'poison':
      return null
    case 'boolean':
    case 'text':
      return value.value
    case 'number':
      return value.unit === undefined ? value.value : { value: value.value, unit: value.unit }
    case 'list':
      return value.items.map(toValue)
    case 'record':
      return { record: Object.fromEntries([...value.fields].map(([name, field]) => [name, toValue(field)])) }
    case 'map':
      return { record: Object.fromEntries(value.keys.map((key, i) => [key, toValue(value.values[i] as CompileValue)])) }
    case 'range':
      return toRange(value)
    case 'closure':
      return { fn: qualifiedName(value.symbol), args: args(value.bound) }
    case 'call':
      return { call: qualifiedName(value.fn), args: args(value.arguments) }
    case 'ref':
      return toRef(value.to)
    case 'deferred':
      return { expr: value.expr }
    case 'secret':
      return { secret: value.secret.name }
  }
}

/** The plan's form of a value where an expression stands. */
export function toExpr(value: CompileValue): Expr {
  if (value.type === 'deferred') return value.expr
  if (value.type === 'call') return { call: qualifiedName(value.fn), args: Object.fromEntries([...value.arguments].map(([name, one]) => [name, toExpr(one)])) }
  return { const: toValue(value) }
}

export function toRange(range: CompileValue & { type: 'range' }): RangeValue {
  const bound = (value: CompileValue | undefined) => (value?.type === 'number' ? value.value : null)
  return { low: bound(range.low), high: bound(range.high) }
}

function toRef(to: ReferenceTarget): Value {
  switch (to.kind) {
    case 'model':
      return { model: to.address }
    case 'dataset':
      return { dataset: to.address }
    case 'reward':
      return to.term === undefined ? { reward: to.address } : { reward: to.address, term: to.term }
    case 'curriculum':
      return to.phase === undefined ? { curriculum: to.address } : { dataset: `${to.address}.${to.phase}` }
    case 'stage':
      return { stage: to.address, output: to.output }
  }
}

function args(bound: ReadonlyMap<string, CompileValue>): Record<string, Value> {
  return Object.fromEntries([...bound].map(([name, value]) => [name, toValue(value)]))
}
