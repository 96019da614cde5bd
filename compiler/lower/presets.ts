// Functions of the standard library's presets that could stand in a part of an objective, with arguments to match.
// Does not compare: it says what is worth comparing.

import type { TypeNode } from '../../grammar/ast/ast.js'
import type { DeclarationSymbol, ModuleScope } from '../resolve/program.js'
import { fitsPart, type PartName } from './part.js'
import type { FunctionTerm, Term } from './terms.js'

/** Modules with the objectives of other systems, to the digit. */
export const PRESETS: readonly string[] = ['std/presets/trl-1.13', 'std/presets/verl-0.9']

/** Parameters of presets, and the arguments of ours that mean the same, likeliest first. */
const MEANS: Readonly<Record<string, readonly string[]>> = {
  epsilon: ['clip.low', 'eps'],
  epsilon_high: ['clip.high'],
  clip_ratio_low: ['clip.low'],
  clip_ratio_high: ['clip.high'],
  clip_ratio_c: ['most'],
  cap: ['most'],
  max_completion_length: ['length'],
  loss_scale_factor: ['length'],
  beta: ['kl', 'beta'],
  dro_beta: ['beta'],
  temperature_pos: ['good'],
  temperature_neg: ['bad'],
  tau_pos: ['good'],
  tau_neg: ['bad'],
  k_pos: ['k'],
  lambda_pos: ['rate'],
}

export const functionTerm = (symbol: DeclarationSymbol, bound: ReadonlyMap<string, Term> = new Map()): FunctionTerm | undefined =>
  symbol.declaration.node === 'Function' ? { type: 'function', symbol, declaration: symbol.declaration, bound } : undefined

/** Each function of `module` that fits the part: as it is, with each option of one named choice, and with our arguments for those that mean the same. */
export function candidates(part: PartName, module: ModuleScope, ours: ReadonlyMap<string, Term>): readonly FunctionTerm[] {
  return [...module.declared.values()].flatMap((symbol) => {
    const bare = functionTerm(symbol)
    if (!bare) return []
    const given = bare.declaration.parameters.flatMap(({ name }) => {
      const term = (MEANS[name.name] ?? []).map((path) => at(ours, path)).find((found) => found !== undefined)
      return term ? [[name.name, term] as const] : []
    })
    const choices = bare.declaration.parameters.flatMap(({ name, type }) => options(type, symbol.module).map((value) => [name.name, { type: 'text', value }] as const))
    const bindings: readonly (readonly (readonly [string, Term])[])[] = [[], ...choices.map((choice) => [choice]), ...(given.length > 0 ? [given, ...choices.map((choice) => [choice, ...given])] : [])]
    return bindings.flatMap((bound) => {
      const fn = { ...bare, bound: new Map<string, Term>(bound) }
      return fitsPart(part, fn) ? [fn] : []
    })
  })
}

/** `clip.low` of what is bound. */
function at(terms: ReadonlyMap<string, Term>, path: string): Term | undefined {
  const [name, side] = path.split('.') as [string, 'low' | 'high' | undefined]
  const term = terms.get(name)
  if (side !== undefined) return term?.type === 'range' ? term[side] : undefined
  return term?.type === 'number' ? term : undefined
}

/** The texts of a union of texts. */
function options(type: TypeNode, scope: ModuleScope): readonly string[] {
  if (type.node === 'UnionType') return type.options.flatMap((option) => (option.node === 'LiteralType' ? [option.value] : []))
  const symbol = type.node === 'NamedType' ? scope.lookup(type.name.name) : undefined
  return symbol?.symbol === 'declaration' && symbol.declaration.node === 'Type' ? options(symbol.declaration.type, symbol.module) : []
}
