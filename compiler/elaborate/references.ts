// What a value refers to: addresses of models, datasets, rewards, curricula and stages anywhere inside it.
// Edges of the plan come from here alone; there is no second list of them.

import { isList, type Expr, type Value } from '../../spec/plan/plan.js'
import { parts, type CompileValue } from './value.js'

/** Addresses in the order met, each once. */
export function addressesIn(value: CompileValue): readonly string[] {
  const found = new Set<string>()
  collect(value, found)
  return [...found]
}

function collect(value: CompileValue, found: Set<string>): void {
  if (value.type === 'ref') found.add(value.to.address)
  else if (value.type === 'deferred') fromExpr(value.expr, found)
  else for (const part of parts(value)) collect(part, found)
}

function fromExpr(expr: Expr, found: Set<string>): void {
  if ('const' in expr) fromValue(expr.const, found)
  else if ('field' in expr) fromExpr(expr.of, found)
  else if ('op' in expr) for (const arg of expr.args) fromExpr(arg, found)
  else if ('if' in expr) for (const part of [expr.if, expr.then, expr.else]) fromExpr(part, found)
  else if ('call' in expr) for (const arg of Object.values(expr.args)) fromExpr(arg, found)
  else if ('stage' in expr) found.add(expr.stage)
}

function fromValue(value: Value, found: Set<string>): void {
  if (value === null || typeof value !== 'object') return
  if (isList(value)) for (const item of value) fromValue(item, found)
  else if ('record' in value) for (const field of Object.values(value.record)) fromValue(field, found)
  else if ('args' in value) for (const arg of Object.values(value.args)) fromValue(arg, found)
  else if ('expr' in value) fromExpr(value.expr, found)
  else if ('stage' in value) found.add(value.stage)
  else if ('model' in value) found.add(value.model)
  else if ('dataset' in value) found.add(value.dataset)
  else if ('curriculum' in value) found.add(value.curriculum)
  else if ('reward' in value) found.add(value.reward)
}
