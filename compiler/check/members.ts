// What one can say `.x` to: terms of a reward, phases of a curriculum, outputs of a stage and the rows they carry.

import type { Declaration, Expression, GenericDeclaration, Item } from '../../grammar/ast/ast.js'
import type { Member } from '../kinds/schema.js'
import { qualifiedName, type DeclarationSymbol } from '../resolve/program.js'
import type { Context } from './context.js'
import { expectType } from './expect.js'
import { readType } from './read-type.js'
import { keysEnv } from './symbols.js'
import { artefact, optionsOf, REAL, record, type ArtefactType, type FieldType, type Type } from './types.js'

/** Words of what a reward computes for each completion: parts of its total, and what is only logged. */
export const TERM_WORDS: readonly string[] = ['term', 'measure']

/** `term name = …` and `measure name = …` of a reward, by name. */
export function termsOf(declaration: Declaration): ReadonlyMap<string, GenericDeclaration> {
  return membersOf(declaration, ...TERM_WORDS)
}

/** Names of the phases of a curriculum, in order. */
export function phasesOf(declaration: Declaration): readonly string[] {
  return [...membersOf(declaration, 'phase').keys()]
}

export function membersOf(declaration: Declaration, ...words: readonly string[]): ReadonlyMap<string, GenericDeclaration> {
  const found = new Map<string, GenericDeclaration>()
  if (declaration.node !== 'Declaration') return found
  for (const item of declaration.body?.items ?? []) {
    if (item.node === 'Declaration' && words.includes(item.word.name) && !found.has(item.name.name)) found.set(item.name.name, item)
  }
  return found
}

/** The value that a declaration gives to an attribute of its own body (not of a section). */
export function attributeOf(declaration: Declaration, name: string): Expression | undefined {
  if (declaration.node !== 'Declaration') return undefined
  for (const item of declaration.body?.items ?? []) {
    if (item.node === 'Attribute' && item.path.length === 1 && item.path[0]?.name === name) return item.value
  }
  return undefined
}

/** Kind → output → the input whose rows it passes on: the output has their fields too. */
const PASSED_ON: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'std/stages.Generate': { rollouts: 'prompts' },
  'std/stages.Filter': { data: 'data' },
  'std/tools.GenerateWithTools': { rollouts: 'prompts' },
}

/** Kind → output → the input whose value it is like: a model of the same kind. */
const SAME_AS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'std/operations.ShrinkPerturb': { model: 'model' },
}

/** Kind → output → the input whose reward's terms it has as fields. */
const TERMS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'std/stages.Evaluate': { terms: 'score' },
}

/** Kind → output, or field of the rows of an output → the inputs of which one must be given for it to be there. */
const ONLY_WITH: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'std/stages.Generate': { solved: ['until'], reward: ['reward', 'until'], 'rollouts.reward': ['reward', 'until'] },
}

/** The inputs of which an output needs one, when its stage certainly lacks them all: neither the stage nor a variant gives one. */
export function lackedInputs(cx: Context, { symbol, schema }: Type & { type: 'stage' }, output: string): readonly string[] {
  const inputs = ONLY_WITH[qualifiedName(schema.symbol)]?.[output] ?? []
  return inputs.some((input) => attributeOf(symbol.declaration, input) || setByVariant(cx, symbol, input)) ? [] : inputs
}

function setByVariant({ program }: Context, { name }: DeclarationSymbol, attribute: string): boolean {
  const variants = program.modules.flatMap(({ module }) => module.declarations.filter((one) => one.node === 'Declaration' && one.word.name === 'variant'))
  return variants.some((variant) =>
    itemsOf(variant).some((item) => item.node === 'Section' && item.body.items.some((one) => one.node === 'Attribute' && one.path.length === 2 && one.path[0]?.name === name && one.path[1]?.name === attribute)),
  )
}

const itemsOf = (declaration: Declaration): readonly Item[] => (declaration.node === 'Declaration' ? (declaration.body?.items ?? []) : [])

/** The type of `stage.output`; `undefined` when the kind has no such output. */
export function outputType(cx: Context, stage: Type & { type: 'stage' }, name: string): Type | undefined {
  const { schema } = stage
  const member = schema.outputs.get(name)
  if (!member) return undefined
  const type = memberType(cx, member)
  const like = SAME_AS[qualifiedName(schema.symbol)]?.[name]
  if (like !== undefined) return inputType(cx, stage, like) ?? type
  const scored = TERMS_OF[qualifiedName(schema.symbol)]?.[name]
  if (scored !== undefined) return termMeans(cx, stage, scored) ?? type
  const input = PASSED_ON[qualifiedName(schema.symbol)]?.[name]
  if (input === undefined || type.type !== 'artefact' || type.row?.type !== 'record') return type
  const own = [...type.row.fields].filter(([field]) => lackedInputs(cx, stage, `${name}.${field}`).length === 0)
  const row = inputRow(cx, stage, input, type)
  const fields: ReadonlyMap<string, FieldType> = new Map([...(row?.type === 'record' ? row.fields : []), ...own])
  return artefact(type.name, { type: 'record', fields })
}

/** A record with the mean of each term of the reward that a stage measures with. */
function termMeans(cx: Context, stage: Type & { type: 'stage' }, input: string): Type | undefined {
  const type = inputType(cx, stage, input)
  const reward = type?.type === 'artefact' ? type.symbol : undefined
  return reward && record(Object.fromEntries([...termsOf(reward.declaration).keys()].map((name) => [name, REAL])))
}

/** The row type of what a stage gives to an input. A stage in a loop with itself has the rows that its kind declares. */
function inputRow(cx: Context, stage: Type & { type: 'stage' }, input: string, declared: ArtefactType): Type | undefined {
  if (cx.rowsOpen.has(stage.symbol.declaration)) return declared.row
  const type = inputType(cx, stage, input)
  return type && optionsOf(type).flatMap((option) => (option.type === 'artefact' && option.row ? [option.row] : []))[0]
}

/** The type of what a stage gives to an input; `undefined` when it gives nothing, or in a loop with itself. */
function inputType(cx: Context, { symbol, schema }: Type & { type: 'stage' }, input: string): Type | undefined {
  const { declaration } = symbol
  const member = schema.members.get(input)
  const value = attributeOf(declaration, input)
  if (declaration.node !== 'Declaration' || !member || !value) return undefined
  if (cx.rowsOpen.has(declaration)) return undefined
  cx.rowsOpen.add(declaration)
  const type = cx.types.get(value) ?? expectType(cx, value, memberType(cx, member), keysEnv(cx, symbol, declaration), `\`${input}\``)
  cx.rowsOpen.delete(declaration)
  return type
}

export function memberType(cx: Context, member: Member): Type {
  return readType(cx, member.type, member.scope, member.variables)
}
