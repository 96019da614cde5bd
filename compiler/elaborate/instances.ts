// Instances of keyed declarations (`stage s: K for a in A, b in B`): their keys, addresses and look-up.
// Says what exists; evaluates no attribute.

import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Expression, GenericDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { qualifiedName, type DeclarationSymbol } from '../resolve/program.js'
import { moduleFrame, NO_GRANTS, type Context, type Frame } from './context.js'
import { evaluate } from './evaluate.js'
import { real, text, type CompileValue } from './value.js'
import { patchOf } from './variants.js'

export type Key = string | number

export interface Instance {
  /** `exam["S","warm",0]`. */
  readonly address: string
  readonly keys: readonly Key[]
}

/** The name that addresses begin with: plain in the entry module, qualified in others. */
export function baseAddress(context: Context, symbol: DeclarationSymbol): string {
  return symbol.module === context.program.entry ? symbol.name : qualifiedName(symbol)
}

export function addressOf(base: string, keys: readonly Key[]): string {
  return keys.length === 0 ? base : `${base}[${keys.map((key) => JSON.stringify(key)).join(',')}]`
}

/** All instances in the order of their key sets; one without keys for a declaration without `for`. */
export function instancesOf(context: Context, symbol: DeclarationSymbol): readonly Instance[] {
  const declaration = symbol.declaration as GenericDeclaration
  const known = context.instances.get(declaration)
  if (known) return known
  // Whatever a key set refers to in a circle finds no instances here; `const`s and `param`s report the circle.
  context.instances.set(declaration, [])
  let tuples: Key[][] = [[]]
  for (const { name, set } of declaration.keys) {
    const keys = keySet(context, evaluate(context, set, moduleFrame(symbol.module)), name.name, originOf(context, set, symbol), mayBeNone(symbol, set))
    tuples = tuples.flatMap((tuple) => keys.map((key) => [...tuple, key]))
  }
  const base = baseAddress(context, symbol)
  const instances = tuples.map((keys) => ({ address: addressOf(base, keys), keys }))
  context.instances.set(declaration, instances)
  for (const { address } of instances) context.owners.set(address, symbol)
  return instances
}

/** Whether a set of keys is a choice, `if … then seeds else []`: then none is meant, and no mistake. */
function mayBeNone({ module }: DeclarationSymbol, set: Expression): boolean {
  const named = set.node === 'Name' ? module.lookup(set.name) : undefined
  const value = named?.symbol === 'declaration' && named.declaration.node === 'Declaration' ? named.declaration.value : set
  return value?.node === 'If'
}

/** Where a set of keys was written: many declarations may name one `param`, and its mistake is one. */
function originOf(context: Context, set: Expression, { module }: DeclarationSymbol): Span {
  const symbol = set.node === 'Name' ? module.lookup(set.name) : undefined
  if (symbol?.symbol !== 'declaration' || symbol.declaration.node !== 'Declaration') return set.span
  const given = module === context.program.entry ? context.given.get(symbol.name) : undefined
  return (given?.value ?? patchOf(context, symbol.declaration, '')?.value ?? symbol.declaration.value ?? set).span
}

/** The names that an instance's expressions see beside those of the module: its keys. */
export function instanceFrame(symbol: DeclarationSymbol, instance: Instance): Frame {
  const declaration = symbol.declaration as GenericDeclaration
  const locals = declaration.keys.map(({ name }, i) => [name.name, keyValue(instance.keys[i] as Key)] as const)
  return { module: symbol.module, locals: new Map(locals), grants: NO_GRANTS }
}

export function keyValue(key: Key): CompileValue {
  return typeof key === 'string' ? text(key) : real(key)
}

/** The key that a value denotes, or `undefined` when it can be none. */
export function asKey(value: CompileValue): Key | undefined {
  if (value.type === 'text') return value.value
  if (value.type === 'number' && value.unit === undefined && Number.isSafeInteger(value.value)) return value.value
  return undefined
}

/**
 * Instances whose keys match; `undefined` matches any (`*`). Reports RLP5003 when none does.
 */
export function findInstances(context: Context, symbol: DeclarationSymbol, wanted: readonly (Key | undefined)[], span: Span): readonly Instance[] {
  const all = instancesOf(context, symbol)
  const exact = exactInstance(context, symbol, wanted)
  if (exact) return [exact]
  const found = all.filter(({ keys }) => keys.length === wanted.length && keys.every((key, i) => wanted[i] === undefined || wanted[i] === key))
  const declaration = symbol.declaration as GenericDeclaration
  if (found.length > 0 || (all.length === 0 && !declaration.keys.some(({ set }) => mayBeNone(symbol, set)))) return found
  const names = declaration.keys.map(({ name }) => name.name)
  const shown = addressOf(symbol.name, wanted.map((key) => key ?? '*')).replaceAll('"*"', '*')
  const related = [{ span: declaration.name.span, text: 'declared here' }]
  if (wanted.length !== names.length) {
    const needs = names.length === 0 ? `\`${symbol.name}\` has no keys` : `\`${symbol.name}\` has ${names.length === 1 ? 'the key' : 'the keys'} ${names.map((name) => `\`${name}\``).join(', ')}`
    context.report('RLP5003', span, `\`${shown}\` has ${wanted.length} ${wanted.length === 1 ? 'key' : 'keys'}, not ${names.length}`, {
      related,
      notes: [needs],
      help: names.length === 0 ? `write \`${symbol.name}\`` : `write \`${symbol.name}[${names.join(', ')}]\`, or \`*\` for all of one key`,
    })
    return []
  }
  if (all.length === 0) {
    context.report('RLP5003', span, `there is no instance \`${shown}\``, { related, notes: [`\`${symbol.name}\` has no instances here: a set of its keys is empty`], help: 'name it only where it exists, as in `if scale == "mini" then … else …`' })
    return []
  }
  const wrong = wanted.findIndex((key, i) => key !== undefined && !all.some((one) => one.keys[i] === key))
  const legal = [...new Set(all.map(({ keys }) => keys[Math.max(wrong, 0)] as Key))]
  const near = wrong < 0 ? undefined : suggest(String(wanted[wrong]), legal.map(String))
  context.report('RLP5003', span, `there is no instance \`${shown}\``, {
    related,
    notes: [`\`${names[Math.max(wrong, 0)]}\` is one of ${listing(legal)}`],
    help: near !== undefined ? `did you mean ${JSON.stringify(legal.find((key) => String(key) === near))}?` : 'name an instance that exists, or add the key to its set',
  })
  return []
}

/** The instance with all of these keys, without a look at the others: there may be thousands. */
function exactInstance(context: Context, symbol: DeclarationSymbol, wanted: readonly (Key | undefined)[]): Instance | undefined {
  const keys = wanted.filter((key) => key !== undefined)
  const address = addressOf(baseAddress(context, symbol), keys)
  return keys.length === wanted.length && context.owners.get(address) === symbol ? { address, keys } : undefined
}

function listing(keys: readonly Key[]): string {
  const shown = keys.slice(0, 8).map((key) => JSON.stringify(key)).join(', ')
  return keys.length > 8 ? `${shown}, … (${keys.length} in all)` : shown
}

function keySet(context: Context, value: CompileValue, name: string, span: Span, mayBeNone: boolean): readonly Key[] {
  if (value.type === 'poison') return []
  if (value.type === 'range') return rangeKeys(context, value, name, span)
  if (value.type !== 'list') {
    context.report('RLP5002', span, `the keys \`${name}\` must be a list of texts or integers`, {
      notes: value.type === 'deferred' ? ['the stages of a plan are known before anything runs'] : [],
      help: `write \`for ${name} in ["a", "b"]\` or \`for ${name} in 1..4\``,
    })
    return []
  }
  const keys = new Set<Key>()
  for (const item of value.items) {
    const key = asKey(item)
    if (item.type === 'poison') continue
    if (key === undefined) context.report('RLP5002', span, `a key of \`${name}\` is neither a text nor an integer`, { help: 'keys are texts such as "warm" or integers such as 3' })
    else if (keys.has(key)) context.report('RLP5002', span, `the keys \`${name}\` repeat ${JSON.stringify(key)}`, { help: 'name each key once' })
    else keys.add(key)
  }
  if (value.items.length === 0 && !mayBeNone) context.report('RLP5002', span, `\`for ${name} in []\` makes no instance`, { help: 'give at least one key' })
  return [...keys]
}

/** Most keys that `1..n` may make: more is surely a mistake, and every instance is a stage to run. */
const MOST_KEYS = 10_000

function rangeKeys(context: Context, range: CompileValue & { type: 'range' }, name: string, span: Span): readonly Key[] {
  const [low, high] = [range.low, range.high].map((bound) => (bound === undefined ? undefined : asKey(bound)))
  if (typeof low !== 'number' || typeof high !== 'number' || high < low) {
    const found = typeof low === 'number' && typeof high === 'number' ? { label: `found ${low}..${high}` } : {}
    context.report('RLP5002', span, `the range of \`${name}\` must have two integer ends, the lower first`, { ...found, help: `write \`for ${name} in 1..4\`` })
    return []
  }
  if (high - low >= MOST_KEYS) {
    context.report('RLP5002', span, `\`${name}\` has ${high - low + 1} keys, and there may be ${MOST_KEYS}`, { label: `found ${low}..${high}`, help: 'each makes an instance: name fewer' })
    return []
  }
  return Array.from({ length: high - low + 1 }, (_, i) => low + i)
}
