// Whether a value of one type is accepted where another is wanted, and if not, why: only the parts that differ.
// Says nothing to the user; `expect.ts` turns reasons into messages.

import type { Levels } from './levels.js'
import { artefact, optionsOf, same, show, withoutNone, type ArtefactType, type FunctionType, type NumberType, type RecordType, type Type } from './types.js'

export type Reason =
  /** Nothing more specific than the two types. */
  | { readonly why: 'type' }
  /** Dimensions that would do (none = a pure number), and the one that is there. */
  | { readonly why: 'unit'; readonly expected: readonly string[]; readonly found: string }
  /** A bare number where one of these dimensions is wanted. */
  | { readonly why: 'bare'; readonly dimensions: readonly string[] }
  | { readonly why: 'range'; readonly low: number; readonly high: number; readonly dimension: string | undefined }
  | { readonly why: 'fraction' }
  | { readonly why: 'level'; readonly expected: string | undefined; readonly found: string }
  | { readonly why: 'unrelated'; readonly expected: string; readonly found: string }
  | { readonly why: 'none' }
  | { readonly why: 'literal'; readonly legal: readonly string[]; readonly found: string | undefined }
  /** Fields of the record that are missing, or differ. */
  | { readonly why: 'fields'; readonly missing: readonly string[]; readonly differing: readonly string[] }
  /** A function reads a name that the place does not provide. */
  | { readonly why: 'parameter'; readonly name: string; readonly provided: readonly string[] }
  /** A function takes a parameter in another form than the place provides. */
  | { readonly why: 'argument'; readonly name: string; readonly reason: Reason; readonly expected: Type; readonly found: Type }
  | { readonly why: 'result'; readonly reason: Reason; readonly expected: Type; readonly found: Type }
  /** A function is not called completely. */
  | { readonly why: 'uncalled'; readonly missing: readonly string[] }
  /** Instances without their keys. */
  | { readonly why: 'unindexed'; readonly keys: readonly string[] }
  /** Rows of a dataset, curriculum, …, or what a reward reads. */
  | { readonly why: 'rows'; readonly reason: Reason; readonly reads: boolean }

const TYPE: Reason = { why: 'type' }

/** `undefined` when a value of type `from` is accepted where `to` is wanted. */
export function mismatch(from: Type, to: Type, levels: Levels): Reason | undefined {
  if (from === to || silent(from) || silent(to)) return undefined
  if (from.type === 'union') return ofUnion(from.options, to, levels)
  if (to.type === 'union') return intoUnion(from, to.options, levels)
  if (from.type === 'function' && to.type !== 'function') return { why: 'uncalled', missing: from.parameters.filter((one) => !one.optional).map(({ name }) => name) }
  if (from.type === 'instances') return { why: 'unindexed', keys: from.keys.map(({ name }) => name) }
  switch (to.type) {
    case 'number':
      // One number for each element of the innermost axis: `[1, 0.5]` for `Real per objective`.
      if (from.type === 'list' && to.level === 'objective') return from.item.type === 'number' && from.item.level === undefined ? ofNumbers(from.item, to, levels) : TYPE
      return from.type === 'number' ? ofNumbers(from, to, levels) : TYPE
    case 'boolean':
      return from.type === 'boolean' ? ofLevels(from.level, to.level, levels) : TYPE
    case 'text':
      if (from.type !== 'text') return TYPE
      return to.value === undefined || to.value === from.value ? undefined : { why: 'literal', legal: [to.value], found: from.value }
    case 'none':
      return from.type === 'none' ? undefined : TYPE
    case 'list':
      return from.type === 'list' ? mismatch(from.item, to.item, levels) : TYPE
    case 'range':
      return from.type === 'range' ? mismatch(from.item, to.item, levels) : TYPE
    case 'keyed':
    case 'map':
      if (from.type === 'map' || from.type === 'keyed') return mismatch(from.item, to.item, levels)
      if (from.type !== 'record') return TYPE
      return first([...from.fields.values()], (field) => mismatch(field.type, to.item, levels))
    case 'record':
      return from.type === 'record' ? ofRecords(from, to, levels) : TYPE
    case 'function':
      return from.type === 'function' ? ofFunctions(from, to, levels) : TYPE
    case 'artefact':
      return from.type === 'artefact' ? ofArtefacts(from, to, levels) : TYPE
    case 'stage':
      return from.type === 'stage' && from.schema === to.schema ? undefined : TYPE
    default:
      return same(from, to) ? undefined : TYPE
  }
}

function silent(type: Type): boolean {
  return type.type === 'poison' || type.type === 'any' || type.type === 'variable'
}

function first<T>(items: readonly T[], find: (item: T) => Reason | undefined): Reason | undefined {
  for (const item of items) {
    const reason = find(item)
    if (reason) return reason
  }
  return undefined
}

function ofUnion(options: readonly Type[], to: Type, levels: Levels): Reason | undefined {
  const values = options.filter((option) => option.type !== 'none')
  const reason = first(values, (option) => mismatch(option, to, levels))
  if (reason) return reason
  return values.length < options.length && mismatch({ type: 'none' }, to, levels) ? { why: 'none' } : undefined
}

/** The reason of the option that is meant most likely: the one of the same sort. */
function intoUnion(from: Type, options: readonly Type[], levels: Levels): Reason | undefined {
  const reasons: { readonly option: Type; readonly reason: Reason }[] = []
  for (const option of options) {
    const reason = mismatch(from, option, levels)
    if (!reason) return undefined
    reasons.push({ option, reason })
  }
  if (from.type === 'text') {
    const legal = options.flatMap((option) => (option.type === 'text' && option.value !== undefined ? [option.value] : []))
    if (legal.length > 0) return { why: 'literal', legal, found: from.value }
  }
  const bare = reasons.flatMap(({ reason }) => (reason.why === 'bare' ? reason.dimensions : []))
  if (bare.length > 0) return { why: 'bare', dimensions: bare }
  const sameSort = reasons.filter(({ option, reason }) => option.type === from.type && reason.why !== 'type')
  const units = sameSort.flatMap(({ reason }) => (reason.why === 'unit' ? reason.expected : []))
  const first = sameSort.find(({ reason }) => reason.why !== 'unit') ?? sameSort[0]
  if (first?.reason.why === 'unit') return { ...first.reason, expected: units }
  return (first ?? reasons.find(({ reason }) => reason.why !== 'type' && reason.why !== 'uncalled') ?? reasons.find(({ reason }) => reason.why === 'uncalled'))?.reason ?? TYPE
}

function ofNumbers(from: NumberType, to: NumberType, levels: Levels): Reason | undefined {
  if (from.dimension !== to.dimension) {
    if (from.dimension === undefined && to.dimension !== undefined) return { why: 'bare', dimensions: [to.dimension] }
    return { why: 'unit', expected: to.dimension === undefined ? [] : [to.dimension], found: from.dimension ?? '' }
  }
  if (to.whole && !from.whole && !(from.low === from.high && Number.isInteger(from.low))) return { why: 'fraction' }
  if (from.high < to.low || from.low > to.high) return { why: 'range', low: to.low, high: to.high, dimension: to.dimension }
  return ofLevels(from.level, to.level, levels)
}

/** Values broadcast inwards by themselves, outwards only by a reduction. */
function ofLevels(from: string | undefined, to: string | undefined, levels: Levels): Reason | undefined {
  if (from === undefined || from === to || levels.isOutside(from, to)) return undefined
  if (to === undefined || levels.isOutside(to, from)) return { why: 'level', expected: to, found: from }
  return { why: 'unrelated', expected: to, found: from }
}

function ofRecords(from: RecordType, to: RecordType, levels: Levels): Reason | undefined {
  const missing: string[] = []
  const differing: string[] = []
  for (const [name, wanted] of to.fields) {
    const field = from.fields.get(name)
    if (!field) {
      if (!wanted.optional) missing.push(`${name}: ${show(wanted.type)}`)
    } else if (field.optional && !wanted.optional) differing.push(`${name} may be missing, expected ${show(wanted.type)}`)
    else if (mismatch(wanted.optional ? withoutNone(field.type) : field.type, wanted.type, levels)) differing.push(`${name}: expected ${show(wanted.type)}, found ${show(field.type)}`)
  }
  return missing.length + differing.length > 0 ? { why: 'fields', missing, differing } : undefined
}

/** Functions bind by name: what `from` needs must be among what `to` provides. */
function ofFunctions(from: FunctionType, to: FunctionType, levels: Levels): Reason | undefined {
  for (const parameter of from.parameters) {
    const provided = to.parameters.find(({ name }) => name === parameter.name)
    if (!provided) {
      if (!parameter.optional) return { why: 'parameter', name: parameter.name, provided: to.parameters.map(({ name }) => name) }
      continue
    }
    const reason = mismatch(provided.type, parameter.type, levels)
    if (reason) return { why: 'argument', name: parameter.name, reason, expected: parameter.type, found: provided.type }
  }
  const reason = mismatch(from.result, to.result, levels)
  return reason && { why: 'result', reason, expected: to.result, found: from.result }
}

function ofArtefacts(from: ArtefactType, to: ArtefactType, levels: Levels): Reason | undefined {
  if (from.name !== to.name) return from.name === 'Model' && to.name === 'Policy' ? undefined : TYPE
  if (!from.row || !to.row) return undefined
  // A reward reads rows, a dataset gives them.
  const reads = from.name === 'Reward' || from.name === 'Term'
  const reason = reads ? mismatch(to.row, from.row, levels) : mismatch(from.row, to.row, levels)
  return reason && { why: 'rows', reason, reads }
}

/** Types of the parameters and result of `type` with its type parameters replaced. */
export function substitute(type: Type, bound: ReadonlyMap<string, Type>): Type {
  if (bound.size === 0) return type
  const within = (inner: Type) => substitute(inner, bound)
  switch (type.type) {
    case 'variable':
      return bound.get(type.name) ?? type
    case 'union':
      return { type: 'union', options: type.options.map(within) }
    case 'list':
    case 'map':
    case 'range':
    case 'keyed':
      return { ...type, item: within(type.item) }
    case 'record':
      return { ...type, fields: new Map([...type.fields].map(([name, field]) => [name, { ...field, type: within(field.type) }])) }
    case 'function':
      return { ...type, parameters: type.parameters.map((one) => ({ ...one, type: within(one.type) })), result: within(type.result) }
    case 'artefact':
      return type.row ? artefact(type.name, within(type.row), type.symbol) : type
    default:
      return type
  }
}

/** Binds the type parameters of `pattern` to what `type` has in their places; several finds are joined by `merge`. */
export function bind(pattern: Type, type: Type, bound: Map<string, Type>, merge: (a: Type, b: Type) => Type): void {
  if (pattern.type === 'variable') {
    if (type.type === 'poison' || type.type === 'any' || type.type === 'variable') return
    const known = bound.get(pattern.name)
    bound.set(pattern.name, known ? merge(known, type) : type)
    return
  }
  if (pattern.type === 'union' || type.type === 'union') {
    for (const option of optionsOf(pattern)) for (const other of optionsOf(type)) if (option.type === other.type) bind(option, other, bound, merge)
    return
  }
  if (pattern.type === 'artefact') {
    if (type.type === 'artefact' && type.name === pattern.name && pattern.row && type.row) bind(pattern.row, type.row, bound, merge)
  } else if (pattern.type === 'list' || pattern.type === 'map' || pattern.type === 'range') {
    if (type.type === pattern.type || (pattern.type === 'map' && type.type === 'keyed')) bind(pattern.item, (type as { item: Type }).item, bound, merge)
  } else if (pattern.type === 'record' && type.type === 'record') {
    for (const [name, field] of pattern.fields) {
      const other = type.fields.get(name)
      if (other) bind(field.type, other.type, bound, merge)
    }
  }
}
