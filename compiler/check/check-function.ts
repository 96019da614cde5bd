// Functions and named types: bodies against results, defaults against parameters.

import type { FunctionDeclaration, TypeDeclaration } from '../../grammar/ast/ast.js'
import type { DeclarationSymbol, ModuleScope } from '../resolve/program.js'
import { moduleEnv, withLocals, type Context } from './context.js'
import { expectType } from './expect.js'
import { BUILT_IN_TYPES, readType } from './read-type.js'
import { bodyType, typeOfSymbol } from './symbols.js'
import type { Type } from './types.js'

export function checkFunction(cx: Context, symbol: DeclarationSymbol, declaration: FunctionDeclaration): void {
  const { module } = symbol
  const variables = declaration.typeParameters.map(({ name }) => name)
  const names = new Map<string, Type>()
  for (const parameter of declaration.parameters) {
    const { name, span } = parameter.name
    const type = readType(cx, parameter.type, module, variables)
    if (names.has(name)) cx.report('RLP2002', span, `parameter \`${name}\` is declared twice`, { label: 'second parameter of this name', help: 'give it another name' })
    if (parameter.default) expectType(cx, parameter.default, type, withLocals(moduleEnv(module, symbol), names), `\`${name}\``)
    names.set(name, type)
  }
  const known = new Set(names.keys())
  for (const { name } of declaration.lets) {
    if (known.has(name.name)) cx.report('RLP2002', name.span, `\`${name.name}\` already has a value here`, { label: 'second value', help: 'give it another name' })
    known.add(name.name)
  }
  if (!declaration.result) {
    if (declaration.extern) cx.report('RLP3016', declaration.name.span, `extern fn \`${symbol.name}\` needs the type of its result`, { label: 'expected `: Type` behind the parameters', help: 'write what the host gives back' })
    typeOfSymbol(cx, symbol)
    return
  }
  const result = readType(cx, declaration.result, module, variables)
  typeOfSymbol(cx, symbol)
  bodyType(cx, symbol, declaration, result)
}

export function checkTypeDeclaration(cx: Context, declaration: TypeDeclaration, scope: ModuleScope): void {
  const { name, span } = declaration.name
  if (BUILT_IN_TYPES.includes(name)) cx.report('RLP2002', span, `\`${name}\` is a type of the language`, { label: 'already has a meaning', help: 'give it another name' })
  readType(cx, declaration.type, scope)
}
