// The row type of a dataset in the language's own notation, names of types written out.
// For the run's checks of data that it reads; the checker has its own, richer types.

import type { TypeNode } from '../../grammar/ast/ast.js'
import type { ModuleScope } from '../resolve/program.js'
import { namedType } from './calls.js'
import type { CompileValue } from './value.js'

export type Row = Readonly<Record<string, string>>

/** Fields of the `Row` of `Dataset[Row]`, `Curriculum[Row]`, …; none when the type does not say. */
export function rowOf(type: TypeNode | undefined, scope: ModuleScope): Row {
  if (type?.node !== 'NamedType') return {}
  const alias = namedType(type, scope)
  if (alias) return rowOf(alias.type, alias.scope)
  const argument = type.arguments[0]
  const record = argument && expand(argument, scope)
  if (record?.type.node !== 'RecordType') return {}
  return Object.fromEntries(record.type.fields.map(({ name, type: field }) => [name.name, words(field, record.scope)]))
}

/** The row that a source declares: the result type of its function. */
export function rowOfSource(source: CompileValue): Row {
  if (source.type !== 'call' || source.fn.declaration.node !== 'Function') return {}
  return rowOf(source.fn.declaration.result, source.fn.module)
}

/** `Text | List[{ text: Text, train: Bool }]` */
export function words(type: TypeNode, scope: ModuleScope): string {
  const of = (inner: TypeNode) => words(inner, scope)
  switch (type.node) {
    case 'NamedType': {
      const alias = namedType(type, scope)
      if (alias) return words(alias.type, alias.scope)
      return type.arguments.length === 0 ? type.name.name : `${type.name.name}[${type.arguments.map(of).join(', ')}]`
    }
    case 'LiteralType':
      return JSON.stringify(type.value)
    case 'RecordType':
      return `{ ${type.fields.map(({ name, type: field }) => `${name.name}: ${of(field)}`).join(', ')} }`
    case 'UnionType':
      return type.options.map(of).join(' | ')
    case 'OptionalType':
      return expand(type.inner, scope).type.node === 'UnionType' ? `(${of(type.inner)})?` : `${of(type.inner)}?`
    case 'RangeType':
    case 'LevelType':
      return of(type.inner)
    case 'FunctionType':
    case 'InvalidType':
      return 'Any'
  }
}

function expand(type: TypeNode, scope: ModuleScope): { type: TypeNode; scope: ModuleScope } {
  const alias = type.node === 'NamedType' ? namedType(type, scope) : undefined
  return alias ? expand(alias.type, alias.scope) : { type, scope }
}
