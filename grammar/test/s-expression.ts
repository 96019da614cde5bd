// Syntax trees as s-expressions, for tests: every field that matters, no spans.

import type { Block, Declaration, Expression, Item, Module, Parameter, TypeNode } from '../ast/ast.js'

const list = (...parts: (string | readonly string[] | undefined)[]): string => `(${parts.flat().filter((part) => part !== undefined && part !== '').join(' ')})`
const doc = (text: string): string => (text === '' ? '' : `#${JSON.stringify(text)}`)
const names = (identifiers: readonly { name: string }[]): string[] => identifiers.map(({ name }) => name)

export function printModule(module: Module): string {
  const imports = module.imports.map((one) =>
    one.namespace ? list('import', `*${one.namespace.name}`, JSON.stringify(one.path)) : list('import', one.names.map(({ name, alias }) => (name.name === alias.name ? name.name : `${name.name}:${alias.name}`)), JSON.stringify(one.path)),
  )
  return [...imports, ...module.declarations.map(printItem)].join('\n')
}

export function printItem(item: Item): string {
  switch (item.node) {
    case 'Attribute':
      return list('=', names(item.path).join('.'), printExpression(item.value), doc(item.doc))
    case 'Section':
      return list('section', item.name.name, printBlock(item.body), doc(item.doc))
    default:
      return printDeclaration(item)
  }
}

const printBlock = (block: Block): string[] => block.items.map(printItem)
const typeParameters = (parameters: readonly { name: string }[]): string => (parameters.length === 0 ? '' : `[${names(parameters).join(' ')}]`)

function printDeclaration(item: Declaration): string {
  switch (item.node) {
    case 'Type':
      return list('type', item.name.name, printType(item.type), doc(item.doc))
    case 'Test':
      return list('test', item.subject.name, item.cases.map((each) => list('case', printExpression(each.input), each.with && list('with', printExpression(each.with)), printExpression(each.gives))), doc(item.doc))
    case 'Function':
      return list(
        item.extern ? 'extern-fn' : 'fn',
        item.name.name,
        typeParameters(item.typeParameters),
        list(item.parameters.map(printParameter)),
        item.result && printType(item.result),
        item.lets.map((one) => list('let', one.name.name, one.type && printType(one.type), printExpression(one.value))),
        item.body && printExpression(item.body),
        doc(item.doc),
      )
    case 'Declaration':
      return list(
        item.word.name,
        item.name.name,
        typeParameters(item.typeParameters),
        item.type && `:${printType(item.type)}`,
        item.keys.map(({ name, set }) => list('for', name.name, printExpression(set))),
        item.value && (item.from ? list('from', printExpression(item.value)) : printExpression(item.value)),
        item.body && `{${printBlock(item.body).join(' ')}}`,
        doc(item.doc),
      )
  }
}

const printParameter = (parameter: Parameter): string => list(parameter.name.name, printType(parameter.type), parameter.default && printExpression(parameter.default), doc(parameter.doc))

export function printExpression(node: Expression): string {
  switch (node.node) {
    case 'Number':
      return `${node.value}${node.integer ? '' : 'r'}${node.unit ? `'${node.unit.name}` : ''}`
    case 'Text':
      return JSON.stringify(node.value)
    case 'Boolean':
      return String(node.value)
    case 'None':
      return 'none'
    case 'Name':
      return node.name
    case 'Unary':
      return list(node.operator, printExpression(node.operand))
    case 'Binary':
      return list(node.operator, printExpression(node.left), printExpression(node.right))
    case 'If':
      return list('if', printExpression(node.condition), printExpression(node.then), printExpression(node.else))
    case 'Call':
      return list('call', printExpression(node.callee), node.arguments.map(({ name, value }) => (name ? `${name.name}=${printExpression(value)}` : printExpression(value))))
    case 'Index':
      return list('at', printExpression(node.target), node.keys.map((key) => (key.node === 'Star' ? '*' : printExpression(key))))
    case 'Field':
      return list('.', printExpression(node.target), node.name.name)
    case 'List':
      return `[${node.items.map(printExpression).join(' ')}]`
    case 'Record':
      return `{${node.fields.map(({ name, value }) => `${name.name}=${printExpression(value)}`).join(' ')}}`
    case 'Invalid':
      return '<invalid>'
  }
}

export function printType(node: TypeNode): string {
  switch (node.node) {
    case 'NamedType':
      return `${node.module ? `${node.module.name}.` : ''}${node.name.name}${node.arguments.length > 0 ? `[${node.arguments.map(printType).join(' ')}]` : ''}`
    case 'LiteralType':
      return JSON.stringify(node.value)
    case 'RecordType':
      return `{${node.fields.map((field) => `${field.name.name}:${printType(field.type)}${doc(field.doc)}`).join(' ')}}`
    case 'UnionType':
      return list('|', node.options.map(printType))
    case 'OptionalType':
      return list('?', printType(node.inner))
    case 'RangeType':
      return list('in', printType(node.inner), node.low ? printExpression(node.low) : '-', node.high ? printExpression(node.high) : '-')
    case 'LevelType':
      return list('per', printType(node.inner), node.level.name)
    case 'FunctionType':
      return list('->', node.parameters.map(({ name, type }) => `${name.name}:${printType(type)}`), printType(node.result))
    case 'InvalidType':
      return '<invalid>'
  }
}
