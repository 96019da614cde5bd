// Which names a module mentions, by spelling alone: enough to say that a name is never used.
// Does not look at scopes; a local of the same name counts as a use.

import type { Block, Declaration, Expression, Module, TypeNode } from '../../grammar/ast/ast.js'
import { walk } from './walk.js'

/** Every name that an expression, a type, a test or a variant of the module mentions. */
export function namesUsed(module: Module): ReadonlySet<string> {
  const names = new Set<string>()
  for (const declaration of module.declarations) ofDeclaration(declaration, names)
  return names
}

function ofDeclaration(declaration: Declaration, names: Set<string>): void {
  switch (declaration.node) {
    case 'Declaration':
      ofType(declaration.type, names)
      for (const key of declaration.keys) ofExpression(key.set, names)
      ofExpression(declaration.value, names)
      if (declaration.body) ofBlock(declaration.body, names)
      return
    case 'Function':
      for (const parameter of declaration.parameters) {
        ofType(parameter.type, names)
        ofExpression(parameter.default, names)
      }
      ofType(declaration.result, names)
      for (const local of declaration.lets) {
        ofType(local.type, names)
        ofExpression(local.value, names)
      }
      ofExpression(declaration.body, names)
      return
    case 'Type':
      ofType(declaration.type, names)
      return
    case 'Test':
      names.add(declaration.subject.name)
      for (const one of declaration.cases) {
        ofExpression(one.input, names)
        ofExpression(one.with, names)
        ofExpression(one.gives, names)
      }
  }
}

function ofBlock(block: Block, names: Set<string>): void {
  for (const item of block.items) {
    if (item.node === 'Attribute') {
      const first = item.path[0]
      if (first && item.path.length > 1) names.add(first.name)
      ofExpression(item.value, names)
    } else if (item.node === 'Section') ofBlock(item.body, names)
    else ofDeclaration(item, names)
  }
}

function ofExpression(expression: Expression | undefined, names: Set<string>): void {
  walk(expression, (part) => {
    if (part.node === 'Name') names.add(part.name)
  })
}

function ofType(type: TypeNode | undefined, names: Set<string>): void {
  switch (type?.node) {
    case 'NamedType':
      names.add(type.module ? type.module.name : type.name.name)
      for (const argument of type.arguments) ofType(argument, names)
      return
    case 'RecordType':
      for (const field of type.fields) ofType(field.type, names)
      return
    case 'UnionType':
      for (const option of type.options) ofType(option, names)
      return
    case 'OptionalType':
    case 'LevelType':
      return ofType(type.inner, names)
    case 'RangeType':
      ofType(type.inner, names)
      ofExpression(type.low, names)
      return ofExpression(type.high, names)
    case 'FunctionType':
      for (const parameter of type.parameters) ofType(parameter.type, names)
      ofType(type.result, names)
  }
}
