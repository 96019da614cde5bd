// Expressions of a plan over the values of a run: rows, completions, metrics, the clock, what a stage handed over, secrets.
// What they mean is in `spec/plan/expressions.ts`.

import { constant as constantOf, evaluate as evaluateIn, ExpressionError, type Scope as PlainScope } from '../../spec/plan/expressions.js'
import type { Expr, Value } from '../../spec/plan/plan.js'
import { failure } from '../codes.js'
import type { HostValue } from '../host.js'
import type { Secret } from '../secrets.js'

/** What an expression may read. */
export interface Scope {
  /** `row`, `completion`, `metrics`, `clock`, as the place allows. */
  readonly names: Readonly<Record<string, HostValue>>
  /** Runs an extern function. */
  readonly call?: (name: string, args: Readonly<Record<string, HostValue>>) => HostValue
  /** A secret of the plan. */
  readonly secret?: (name: string) => Secret
  /** A trained classifier or reward model, by the stage's output. */
  readonly judge?: (stage: string, output: string) => HostValue
  /** A metric of a finished stage. */
  readonly metric?: (stage: string, metric: string) => HostValue
  /** Numbers that are not further apart than this, or than this share of the larger one, are equal in `<`, `<=`, `>`, `>=`; 0 when absent. */
  readonly tolerance?: number
}

/**
 * The value of an expression. Fields of none are none; a missing field is none.
 * @throws HostError RLP8108 for an operation or name that this version does not know, RLP8105 for an operand of another type, and whatever an extern function throws.
 */
export const evaluate = (expr: Expr, scope: Scope): HostValue => coded(() => evaluateIn(expr, plain(scope)))

/** A constant of a plan as the host sees it: quantities as numbers, ranges and records as objects, expressions inside as their value. Throws as `evaluate`. */
export const constant = (value: Value, scope: Scope = { names: {} }): HostValue => coded(() => constantOf(value, plain(scope)))

function plain({ secret, judge, call, ...scope }: Scope): PlainScope {
  const object = (value: Value): HostValue | undefined => {
    if (typeof value !== 'object' || value === null) return undefined
    if ('stage' in value) return judge?.(value.stage, value.output)
    return 'secret' in value ? secret?.(value.secret) : undefined
  }
  return { ...scope, object, ...(call ? { call: (name, args) => call(name, args as Readonly<Record<string, HostValue>>) } : {}) }
}

/** Values of a run are the host's, and so is all that is made of them. */
function coded(value: () => unknown): HostValue {
  try {
    return value() as HostValue
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw failure(error.why === 'unknown' ? 'RLP8108' : 'RLP8105', error.message)
  }
}
