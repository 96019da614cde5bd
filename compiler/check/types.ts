// Types of values: what they are, how they are made, joined and printed. Numbers carry their unit, range and level.
// Whether one type is accepted for another is in `assignable.ts`.

import type { KindSchema } from '../kinds/schema.js'
import type { DeclarationSymbol } from '../resolve/program.js'

export type Type =
  /** A mistake was reported already: fits everything, so that one mistake gives one message. */
  | { readonly type: 'poison' }
  | { readonly type: 'any' }
  | { readonly type: 'none' }
  | BooleanType
  | NumberType
  | TextType
  | { readonly type: 'union'; readonly options: readonly Type[] }
  | { readonly type: 'list'; readonly item: Type; readonly set: boolean }
  | { readonly type: 'map'; readonly item: Type }
  /** Values by instance key, made by `x[a, *]`. */
  | { readonly type: 'keyed'; readonly stars: number; readonly item: Type }
  | RecordType
  | { readonly type: 'range'; readonly item: Type }
  | FunctionType
  | ArtefactType
  | { readonly type: 'stage'; readonly symbol: DeclarationSymbol; readonly schema: KindSchema }
  /** A declaration with `for` keys, before it is indexed. */
  | InstancesType
  /** A type parameter. */
  | { readonly type: 'variable'; readonly name: string }

/** `level` absent = one for the whole batch, or outside of objectives. */
export interface BooleanType { readonly type: 'boolean'; readonly level?: string }

export interface NumberType {
  readonly type: 'number'
  readonly whole: boolean
  /** `Steps`, `Duration`, …; absent for pure numbers. */
  readonly dimension?: string
  readonly level?: string
  /** Inclusive bounds in canonical units, ±Infinity when open; equal for a known constant. */
  readonly low: number
  readonly high: number
}

/** With `value`: that text only. */
export interface TextType { readonly type: 'text'; readonly value?: string }

/** `name` is how a `type` declaration calls it; it makes no difference. */
export interface RecordType { readonly type: 'record'; readonly fields: ReadonlyMap<string, FieldType>; readonly name?: string }
export interface FieldType { readonly type: Type; readonly optional: boolean }

export interface FunctionType {
  readonly type: 'function'
  readonly parameters: readonly ParameterType[]
  readonly result: Type
  /** Names of type parameters, to be inferred at each call. */
  readonly variables: readonly string[]
  /** The function that it is, when it is a declared one. */
  readonly symbol?: DeclarationSymbol
}
export interface ParameterType { readonly name: string; readonly type: Type; readonly optional: boolean }

export type ArtefactName = 'Policy' | 'Model' | 'Classifier' | 'Scorer' | 'Agent' | 'Dataset' | 'Curriculum' | 'Reward' | 'Term' | 'Share' | 'Completion' | 'Secret'
export interface ArtefactType {
  readonly type: 'artefact'
  readonly name: ArtefactName
  /** Of `Dataset`, `Curriculum`, `Reward`, `Term`, `Share`; absent = not said. */
  readonly row?: Type
  /** The declaration it comes from, for its phases or terms. */
  readonly symbol?: DeclarationSymbol
}

export interface InstancesType {
  readonly type: 'instances'
  readonly symbol: DeclarationSymbol
  readonly keys: readonly { readonly name: string; readonly type: Type }[]
  readonly item: Type
}

export const POISON: Type = { type: 'poison' }
export const ANY: Type = { type: 'any' }
export const NONE: Type = { type: 'none' }
export const TEXT: TextType = { type: 'text' }
export const BOOLEAN: BooleanType = { type: 'boolean' }
export const REAL: NumberType = { type: 'number', whole: false, low: -Infinity, high: Infinity }
export const INT: NumberType = { ...REAL, whole: true }

/** Types that have parameters of their own in brackets, and how many. */
export const ARTEFACTS: Readonly<Record<ArtefactName, number>> = { Policy: 0, Model: 0, Classifier: 0, Scorer: 0, Agent: 0, Dataset: 1, Curriculum: 1, Reward: 1, Term: 1, Share: 1, Completion: 0, Secret: 0 }

export function quantity(dimension: string): NumberType {
  return { ...REAL, dimension }
}

export function constant(value: number, whole: boolean, dimension?: string): NumberType {
  return { type: 'number', whole, low: value, high: value, ...(dimension === undefined ? {} : { dimension }) }
}

/** The value of a number that is known, in canonical units. */
export function constantOf(type: Type | undefined): number | undefined {
  return type?.type === 'number' && type.low === type.high ? type.low : undefined
}

export function artefact(name: ArtefactName, row?: Type, symbol?: DeclarationSymbol): ArtefactType {
  return { type: 'artefact', name, ...(row ? { row } : {}), ...(symbol ? { symbol } : {}) }
}

export function list(item: Type): Type {
  return { type: 'list', item, set: false }
}

export function record(fields: Readonly<Record<string, Type>>): RecordType {
  return { type: 'record', fields: new Map(Object.entries(fields).map(([name, type]) => [name, { type, optional: false }])) }
}

/** The union of `types`, flat and without repetition; poison swallows everything. */
export function union(types: readonly Type[]): Type {
  const options: Type[] = []
  for (const type of types.flatMap((each) => (each.type === 'union' ? each.options : [each]))) {
    if (type.type === 'poison' || type.type === 'any') return type
    if (!options.some((other) => same(other, type))) options.push(type)
  }
  return options.length === 1 ? (options[0] as Type) : { type: 'union', options }
}

export function optional(type: Type): Type {
  return union([type, NONE])
}

/** The options of a union; any other type is its own only option. */
export function optionsOf(type: Type): readonly Type[] {
  return type.type === 'union' ? type.options : [type]
}

export function withoutNone(type: Type): Type {
  return type.type === 'union' ? union(type.options.filter((option) => option.type !== 'none')) : type
}

/** More texts than this become `Text`. */
const MOST_LITERALS = 64

/** The smallest type that both are, as for the branches of an `if` or the items of a list. */
export function join(a: Type, b: Type): Type {
  if (a === b) return a
  if (a.type === 'poison' || b.type === 'poison') return POISON
  if (a.type === 'any' || b.type === 'any') return ANY
  if (a.type === 'number' && b.type === 'number' && a.dimension === b.dimension && a.level === b.level) {
    return { ...a, whole: a.whole && b.whole, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }
  }
  if (a.type === 'text' && b.type === 'text' && (a.value === undefined || b.value === undefined)) return TEXT
  if (a.type === 'artefact' && b.type === 'artefact' && a.name === b.name) return artefact(a.name, a.row && b.row ? join(a.row, b.row) : (a.row ?? b.row))
  if (a.type === 'artefact' && b.type === 'artefact' && [a.name, b.name].every((name) => name === 'Policy' || name === 'Model')) return artefact('Policy')
  if (a.type === 'list' && b.type === 'list') return { type: 'list', item: join(a.item, b.item), set: a.set && b.set }
  if (a.type === 'range' && b.type === 'range') {
    const item = join(a.item, b.item)
    // Ranges of steps and of samples have no range in common.
    if (item.type !== 'union') return { type: 'range', item }
  }
  if (a.type === 'record' && b.type === 'record') return commonFields(a, b)
  const options = [...optionsOf(a)]
  // Two single types that got here have nothing in common.
  const several = a.type === 'union' || b.type === 'union'
  for (const option of optionsOf(b)) {
    const i = !several ? -1 : options.findIndex((other) => other.type === option.type && other.type !== 'text' && other.type !== 'function')
    if (i >= 0) {
      const joined = join(options[i] as Type, option)
      if (joined.type !== 'union') {
        options[i] = joined
        continue
      }
    }
    options.push(option)
  }
  const joined = union(options)
  const texts = optionsOf(joined).filter((option) => option.type === 'text')
  return texts.length > MOST_LITERALS || texts.some((text) => text.value === undefined) ? union([...optionsOf(joined).filter((option) => option.type !== 'text'), TEXT]) : joined
}

function commonFields(a: RecordType, b: RecordType): RecordType {
  const fields = new Map<string, FieldType>()
  for (const [name, field] of a.fields) {
    const other = b.fields.get(name)
    if (other) fields.set(name, { type: join(field.type, other.type), optional: field.optional || other.optional })
  }
  return { type: 'record', fields }
}

/** Same meaning; functions and instances only by identity. */
export function same(a: Type, b: Type): boolean {
  if (a === b) return true
  if (a.type !== b.type) return false
  if (a.type === 'record' && b.type === 'record') {
    return a.fields.size === b.fields.size && [...a.fields].every(([name, field]) => {
      const other = b.fields.get(name)
      return other !== undefined && other.optional === field.optional && same(field.type, other.type)
    })
  }
  if (a.type === 'number' && b.type === 'number') return a.whole === b.whole && a.dimension === b.dimension && a.level === b.level && a.low === b.low && a.high === b.high
  if (a.type === 'boolean' && b.type === 'boolean') return a.level === b.level
  if (a.type === 'text' && b.type === 'text') return a.value === b.value
  if (a.type === 'artefact' && b.type === 'artefact') return a.name === b.name && (a.row && b.row ? same(a.row, b.row) : a.row === b.row)
  if (a.type === 'list' && b.type === 'list') return a.set === b.set && same(a.item, b.item)
  if ((a.type === 'map' && b.type === 'map') || (a.type === 'range' && b.type === 'range')) return same(a.item, b.item)
  if (a.type === 'variable' && b.type === 'variable') return a.name === b.name
  if (a.type === 'union' && b.type === 'union') return a.options.length === b.options.length && a.options.every((option) => b.options.some((other) => same(option, other)))
  return a.type === 'none'
}

/** As a user would write it; ranges of known constants are left out. */
export function show(type: Type): string {
  switch (type.type) {
    case 'poison':
    case 'any':
      return 'Any'
    case 'none':
      return 'none'
    case 'boolean':
      return `Bool${per(type.level)}`
    case 'number':
      return `${type.dimension ?? (type.whole ? 'Int' : 'Real')}${range(type)}${per(type.level)}`
    case 'text':
      return type.value === undefined ? 'Text' : JSON.stringify(type.value)
    case 'union': {
      const rest = type.options.filter((option) => option.type !== 'none')
      const shown = rest.length > 8 ? [...rest.slice(0, 7).map(show), '…'] : rest.map(show)
      if (rest.length === type.options.length) return shown.join(' | ')
      return rest.length === 1 ? `${shown[0]}?` : `${shown.join(' | ')} | none`
    }
    case 'list':
      return `${type.set ? 'Set' : 'List'}[${show(type.item)}]`
    case 'map':
    case 'keyed':
      return `Map[${show(type.item)}]`
    case 'range':
      return `Range[${show(type.item)}]`
    case 'record':
      return type.name ?? showFields(type)
    case 'function':
      return `(${type.parameters.map(({ name, type: of }) => `${name}: ${show(of)}`).join(', ')}) -> ${show(type.result)}`
    case 'artefact':
      return type.row ? `${type.name}[${show(type.row)}]` : type.name
    case 'stage':
      return type.schema.name
    case 'instances':
      return `${show(type.item)} for each ${type.keys.map(({ name }) => name).join(', ')}`
    case 'variable':
      return type.name
  }
}

/** `{ prompt: Text, answer: Text }`, also when the record has a name. */
export function showFields({ fields }: RecordType): string {
  return `{ ${[...fields].map(([name, field]) => `${name}: ${show(field.optional ? optional(field.type) : field.type)}`).join(', ')} }`
}

function per(level: string | undefined): string {
  return level === undefined ? '' : ` per ${level}`
}

function range({ low, high }: NumberType): string {
  if (low === high || (low === -Infinity && high === Infinity)) return ''
  return ` in ${showRange(low, high)}`
}

/** `in 0..1`, `at least 1`, `at most 8`. */
export function showBounds(low: number, high: number): string {
  if (high === Infinity) return `at least ${low}`
  return low === -Infinity ? `at most ${high}` : `in ${low}..${high}`
}

/** `0..1`, `1..`, `..8`. */
export function showRange(low: number, high: number): string {
  return `${low === -Infinity ? '' : low}..${high === Infinity ? '' : high}`
}
