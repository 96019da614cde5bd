// The functions of the language as a table: parameters, and which rule gives the type of the result.
// What they compute is in `../lower`; a test compares the tables.

/**
 * `pure`: numbers without a unit; `sign`: any number to a pure one; `keeps`: the unit stays; `alike`: all operands count the same;
 * `power`: as `^`; `choice`: as `if`; `reduction`: over a level, `truths` of truth values, `count` of anything; `length` of a list;
 * `ordering`: along a level that it keeps; `test`: of any number; `iterate`: a function again and again.
 */
export type BuiltinRule = 'pure' | 'sign' | 'keeps' | 'alike' | 'power' | 'choice' | 'reduction' | 'truths' | 'count' | 'length' | 'ordering' | 'test' | 'iterate'

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
const reduction = builtin('reduction', ['x', 'over'], ['by', 'padding'])
const spread = builtin('reduction', ['x', 'over'], ['ddof', 'by', 'padding'])
const ordered = builtin('ordering', ['x', 'over'], ['padding'])
const beside = builtin('ordering', ['x'], ['default', 'padding'])

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
  first: reduction,
  last: reduction,
  count: builtin('count', ['x', 'over'], ['by', 'padding']),
  any: builtin('truths', ['x', 'over'], ['by', 'padding']),
  all: builtin('truths', ['x', 'over'], ['by', 'padding']),
  scan: builtin('ordering', ['x'], ['decay', 'reverse', 'padding']),
  previous: beside,
  next: beside,
  counted: builtin('ordering', ['x'], ['padding']),
  index: builtin('ordering', ['x'], ['padding']),
  rank: ordered,
  sort: ordered,
  is_nan: builtin('test', ['x']),
  length: builtin('length', ['list']),
  iterate: builtin('iterate', ['step', 'start', 'rounds']),
}
