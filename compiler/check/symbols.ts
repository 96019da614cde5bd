// The type of every declared thing: what a name in an expression stands for. Each is found once, when first asked for.

import type { FunctionDeclaration, GenericDeclaration } from '../../grammar/ast/ast.js'
import { TOP_WORDS } from '../kinds/words.js'
import type { KindSchema } from '../kinds/schema.js'
import { wordOf, type DeclarationSymbol, type ModuleScope } from '../resolve/program.js'
import { moduleEnv, withLocals, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { infer } from './infer.js'
import { readType } from './read-type.js'
import { ANY, artefact, optionsOf, POISON, union, type FunctionType, type InstancesType, type Type } from './types.js'

/** The type of a declaration as a value; `undefined` when it is none (a type, kind, claim, pipeline or variant). */
export function typeOfSymbol(cx: Context, symbol: DeclarationSymbol): Type | undefined {
  const { declaration } = symbol
  if (cx.symbols.has(declaration)) return cx.symbols.get(declaration) ?? POISON // needs itself: reported with the references
  cx.symbols.set(declaration, undefined)
  const type = find(cx, symbol)
  cx.symbols.set(declaration, type ?? POISON)
  if (!type) cx.symbols.delete(declaration)
  return type
}

function find(cx: Context, symbol: DeclarationSymbol): Type | undefined {
  const { declaration, module } = symbol
  if (declaration.node === 'Function') return functionType(cx, symbol, declaration)
  if (declaration.node === 'Type') return undefined
  switch (wordOf(symbol)) {
    case 'const':
    case 'param':
    case 'secret':
      return valueType(cx, symbol, declaration)
    case 'claim':
    case 'pipeline':
    case 'variant':
    case 'kind':
      return undefined
    default:
      return instanced(cx, symbol, declaration, itemType(cx, symbol, declaration, module))
  }
}

/** Type of `const`, `param`, `secret`: as annotated, else that of the value. */
function valueType(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): Type {
  const env = moduleEnv(symbol.module, symbol)
  const subject = `${declaration.word.name} \`${symbol.name}\``
  const wanted = declaration.word.name === 'secret' ? artefact('Secret') : declaration.type && readType(cx, declaration.type, symbol.module)
  if (!declaration.value) return wanted ?? POISON
  if (!wanted) return infer(cx, declaration.value, env)
  expectType(cx, declaration.value, wanted, env, subject)
  return wanted
}

function itemType(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration, scope: ModuleScope): Type {
  const word = declaration.word.name
  if (word === 'dataset' && declaration.value && !declaration.type) {
    const type = infer(cx, declaration.value, keysEnv(cx, symbol, declaration))
    return type.type === 'artefact' && type.name === 'Dataset' ? artefact('Dataset', type.row, symbol) : POISON
  }
  const schema = cx.kinds.kindOf(declaration, scope)
  if (!schema || schema.category !== TOP_WORDS[word]?.category) return POISON
  switch (word) {
    case 'model':
      return artefact(schema.makes === 'Classifier' ? 'Classifier' : 'Model', undefined, symbol)
    case 'dataset':
      return artefact('Dataset', rowOf(cx, declaration, scope), symbol)
    case 'reward':
      return artefact('Reward', rowOf(cx, declaration, scope), symbol)
    case 'curriculum':
      return artefact('Curriculum', rowOf(cx, declaration, scope), symbol)
    case 'stage':
      return { type: 'stage', symbol, schema }
    default:
      return ANY
  }
}

/** `dataset d: Dataset[Row]` → the type `Row`; poison when it is not said. */
export function rowOf(cx: Context, declaration: GenericDeclaration, scope: ModuleScope): Type {
  const argument = declaration.type?.node === 'NamedType' ? declaration.type.arguments[0] : undefined
  return argument ? readType(cx, argument, scope) : POISON
}

function instanced(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration, item: Type): Type {
  if (declaration.keys.length === 0) return item
  return { type: 'instances', symbol, keys: keysOf(cx, symbol, declaration), item }
}

/** Names and types of `for k in set, …`. */
export function keysOf(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): InstancesType['keys'] {
  const known = cx.keys.get(declaration)
  if (known) return known
  const keys: { name: string; type: Type }[] = []
  cx.keys.set(declaration, keys)
  for (const { name, set } of declaration.keys) {
    const env = withLocals(moduleEnv(symbol.module, symbol), keys.map((key) => [key.name, key.type] as const))
    keys.push({ name: name.name, type: keyType(infer(cx, set, env)) })
  }
  return keys
}

/** One key of a set: `check-keys.ts` says what is wrong with a set that gives poison. */
function keyType(set: Type): Type {
  const items = optionsOf(set).map((option): Type => (option.type === 'list' || option.type === 'range' ? withoutRange(option.item) : POISON))
  return union(items)
}

function withoutRange(type: Type): Type {
  return type.type === 'number' && type.low === type.high ? { ...type, low: -Infinity, high: Infinity } : type
}

/** The place of a declaration's own items: the module and its instance keys. */
export function keysEnv(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): Env {
  const keys = keysOf(cx, symbol, declaration)
  return withLocals(moduleEnv(symbol.module, symbol), keys.map(({ name, type }) => [name, type] as const))
}

function functionType(cx: Context, symbol: DeclarationSymbol, declaration: FunctionDeclaration): FunctionType {
  const { module } = symbol
  const variables = declaration.typeParameters.map(({ name }) => name)
  const parameters = declaration.parameters.map((parameter) => ({
    name: parameter.name.name,
    type: readType(cx, parameter.type, module, variables),
    optional: parameter.default !== undefined,
  }))
  const result = declaration.result ? readType(cx, declaration.result, module, variables) : bodyType(cx, symbol, declaration)
  return { type: 'function', parameters, result, variables, symbol }
}

/** The type of a function's body, with its `let`s checked on the way. */
export function bodyType(cx: Context, symbol: DeclarationSymbol, declaration: FunctionDeclaration, wanted?: Type): Type {
  if (!declaration.body) return POISON
  let env = functionEnv(cx, symbol, declaration)
  for (const local of declaration.lets) {
    const type = local.type && readType(cx, local.type, symbol.module, declaration.typeParameters.map(({ name }) => name))
    const found = type ? expectType(cx, local.value, type, env, `\`${local.name.name}\``) : infer(cx, local.value, env)
    env = withLocals(env, [[local.name.name, type ?? found]])
  }
  return wanted ? expectType(cx, declaration.body, wanted, env, `the result of \`${symbol.name}\``) : infer(cx, declaration.body, env)
}

function functionEnv(cx: Context, symbol: DeclarationSymbol, declaration: FunctionDeclaration): Env {
  const variables = declaration.typeParameters.map(({ name }) => name)
  return withLocals(
    moduleEnv(symbol.module, symbol),
    declaration.parameters.map((parameter) => [parameter.name.name, readType(cx, parameter.type, symbol.module, variables)] as const),
  )
}

/** The kind of a declaration when it is of the category that its word takes. */
export function schemaOf(cx: Context, declaration: GenericDeclaration, scope: ModuleScope): KindSchema | undefined {
  const schema = cx.kinds.kindOf(declaration, scope)
  return schema && schema.category === TOP_WORDS[declaration.word.name]?.category ? schema : undefined
}
