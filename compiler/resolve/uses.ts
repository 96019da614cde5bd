// Which names a module mentions, by spelling alone: enough to say that a name is never used.
// Does not look at scopes; a local of the same name counts as a use.

import type { Block, Declaration, Expression, Module, TypeNode } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { walk } from './walk.js'

type Visit = (name: string, span: Span) => void

/** Every name that an expression, a type, a test or a variant of the module mentions. */
export function namesUsed(module: Module): ReadonlySet<string> {
  const names = new Set<string>()
  eachUse(module, (name) => names.add(name))
  return names
}

/** Calls `visit` for every mention of a name. */
export function eachUse(module: Module, visit: Visit): void {
  for (const declaration of module.declarations) ofDeclaration(declaration, visit)
}

function ofDeclaration(declaration: Declaration, visit: Visit): void {
  switch (declaration.node) {
    case 'Declaration':
      ofType(declaration.type, visit)
      for (const key of declaration.keys) ofExpression(key.set, visit)
      ofExpression(declaration.value, visit)
      if (declaration.body) ofBlock(declaration.body, visit)
      return
    case 'Function':
      for (const parameter of declaration.parameters) {
        ofType(parameter.type, visit)
        ofExpression(parameter.default, visit)
      }
      ofType(declaration.result, visit)
      for (const local of declaration.lets) {
        ofType(local.type, visit)
        ofExpression(local.value, visit)
      }
      ofExpression(declaration.body, visit)
      return
    case 'Type':
      ofType(declaration.type, visit)
      return
    case 'Test':
      visit(declaration.subject.name, declaration.subject.span)
      for (const one of declaration.cases) {
        ofExpression(one.input, visit)
        ofExpression(one.with, visit)
        ofExpression(one.gives, visit)
      }
  }
}

function ofBlock(block: Block, visit: Visit): void {
  for (const item of block.items) {
    if (item.node === 'Attribute') {
      const first = item.path[0]
      if (first && item.path.length > 1) visit(first.name, first.span)
      ofExpression(item.value, visit)
    } else if (item.node === 'Section') ofBlock(item.body, visit)
    else ofDeclaration(item, visit)
  }
}

function ofExpression(expression: Expression | undefined, visit: Visit): void {
  walk(expression, (part) => {
    if (part.node === 'Name') visit(part.name, part.span)
  })
}

function ofType(type: TypeNode | undefined, visit: Visit): void {
  switch (type?.node) {
    case 'NamedType':
      visit((type.module ?? type.name).name, (type.module ?? type.name).span)
      for (const argument of type.arguments) ofType(argument, visit)
      return
    case 'RecordType':
      for (const field of type.fields) ofType(field.type, visit)
      return
    case 'UnionType':
      for (const option of type.options) ofType(option, visit)
      return
    case 'OptionalType':
    case 'LevelType':
      return ofType(type.inner, visit)
    case 'RangeType':
      ofType(type.inner, visit)
      ofExpression(type.low, visit)
      return ofExpression(type.high, visit)
    case 'FunctionType':
      for (const parameter of type.parameters) ofType(parameter.type, visit)
      ofType(type.result, visit)
  }
}
