// The functions of the language as a table: parameters, and which rule gives the type of the result.
// What they compute is in `../lower`; a test compares the tables.

/**
 * `pure`: numbers without a unit; `sign`: any number to a pure one; `keeps`: the unit stays; `alike`: all operands count the same;
 * `power`: as `^`; `choice`: as `if`; `reduction`: over a level, `truths` of truth values, `count` of anything; `length` of a list.
 */
export type BuiltinRule = 'pure' | 'sign' | 'keeps' | 'alike' | 'power' | 'choice' | 'reduction' | 'truths' | 'count' | 'length'

export interface Builtin {
  readonly rule: BuiltinRule
  readonly parameters: readonly string[]
  /** Further parameters with a default. */
  readonly optional: readonly string[]
  /** More operands than parameters are allowed: `max(a, b, c)`. */
  readonly variadic: boolean
}

function builtin(rule: BuiltinRule, parameters: readonly string[], optional: readonly string[] = [], variadic = false): Builtin {
  return { rule, parameters, optional, variadic }
}

const pure = builtin('pure', ['x'])
const keeps = builtin('keeps', ['x'])
const reduction = builtin('reduction', ['x', 'over'])
const spread = builtin('reduction', ['x', 'over'], ['ddof'])

export const BUILTINS: Readonly<Record<string, Builtin>> = {
  exp: pure,
  log: pure,
  sqrt: pure,
  tanh: pure,
  sigmoid: pure,
  cos: pure,
  sin: pure,
  log_sigmoid: pure,
  softplus: pure,
  sign: builtin('sign', ['x']),
  abs: keeps,
  floor: keeps,
  stop_gradient: keeps,
  min: builtin('alike', ['a', 'b'], [], true),
  max: builtin('alike', ['a', 'b'], [], true),
  clamp: builtin('alike', ['x', 'low', 'high']),
  pow: builtin('power', ['x', 'exponent']),
  where: builtin('choice', ['condition', 'a', 'b']),
  mean: reduction,
  sum: reduction,
  std: spread,
  var: spread,
  min_of: reduction,
  max_of: reduction,
  count: builtin('count', ['x', 'over']),
  any: builtin('truths', ['x', 'over']),
  all: builtin('truths', ['x', 'over']),
  length: builtin('length', ['list']),
}
