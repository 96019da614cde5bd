// Types as they are written → types as they are checked. Names come from the language, type parameters, then the module.

import type { Expression, NamedType, TypeNode } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { symbolOfType } from '../kinds/read.js'
import { wordOf, type DeclarationSymbol, type ModuleScope } from '../resolve/program.js'
import { listed, replace, shortened, type Context } from './context.js'
import { FOREIGN_TYPES } from './foreign-names.js'
import { importFix, moduleWith } from './import-fix.js'
import { levelIn } from './levels.js'
import { ANY, artefact, ARTEFACTS, BOOLEAN, INT, list, optional, optionsOf, POISON, quantity, REAL, show, TEXT, union, type ArtefactName, type NumberType, type Type } from './types.js'
import { DIMENSIONS, unitNamed } from './units.js'

/** Types of the language without parameters. */
const SIMPLE: Readonly<Record<string, Type>> = { Int: INT, Real: REAL, Float: REAL, Bool: BOOLEAN, Text: TEXT, Any: ANY }
/** Types of the language with one parameter that are no artefacts. */
const CONTAINERS: Readonly<Record<string, (item: Type) => Type>> = {
  List: list,
  Set: (item) => ({ type: 'list', item, set: true }),
  Map: (item) => ({ type: 'map', item }),
  Range: (item) => ({ type: 'range', item }),
}

export const BUILT_IN_TYPES: readonly string[] = [...Object.keys(SIMPLE), ...Object.keys(DIMENSIONS), ...Object.keys(CONTAINERS), ...Object.keys(ARTEFACTS)]

/**
 * The type that `node` means in `scope`; poison after a mistake, which is reported once.
 * @param variables type parameters of the function or kind around.
 */
export function readType(cx: Context, node: TypeNode, scope: ModuleScope, variables: readonly string[] = []): Type {
  const known = cx.typeNodes.get(node)
  if (known) return known
  cx.typeNodes.set(node, POISON) // a type that names itself
  const type = read(cx, node, scope, variables)
  cx.typeNodes.set(node, type)
  return type
}

function read(cx: Context, node: TypeNode, scope: ModuleScope, variables: readonly string[]): Type {
  const inner = (of: TypeNode) => readType(cx, of, scope, variables)
  switch (node.node) {
    case 'NamedType':
      return readNamed(cx, node, scope, variables)
    case 'LiteralType':
      return { type: 'text', value: node.value }
    case 'RecordType': {
      const fields = node.fields.map(({ name, type }) => {
        const read = inner(type)
        const none = optionsOf(read).some((option) => option.type === 'none')
        return [name.name, { type: read, optional: none }] as const
      })
      return { type: 'record', fields: new Map(fields) }
    }
    case 'UnionType':
      return union(node.options.map(inner))
    case 'OptionalType':
      return optional(inner(node.inner))
    case 'RangeType':
      return ranged(cx, node, inner(node.inner))
    case 'LevelType': {
      const type = inner(node.inner)
      if (!cx.levels.has(node.level.name)) {
        const better = suggest(node.level.name, cx.levels.names)
        cx.report('RLP2016', node.level.span, `there is no level \`${node.level.name}\``, {
          label: better ? `did you mean \`${better}\`?` : 'unknown level',
          notes: [`levels are ${listed(cx.levels.names)}`],
          help: better ? `write \`per ${better}\`` : 'name a level of the stage kind',
          fixes: better ? [replace(node.level.span, better)] : [],
        })
        return POISON
      }
      if (type.type === 'number' || type.type === 'boolean') return { ...type, ...levelIn(node.level.name) }
      if (type.type !== 'poison') cx.report('RLP3015', node.span, `only numbers and truth values have a level, not ${shortened(show(type))}`, { help: 'remove `per …`' })
      return POISON
    }
    case 'FunctionType':
      return { type: 'function', parameters: node.parameters.map(({ name, type }) => ({ name: name.name, type: inner(type), optional: false })), result: inner(node.result), variables: [] }
    case 'InvalidType':
      return POISON
  }
}

function readNamed(cx: Context, node: NamedType, scope: ModuleScope, variables: readonly string[]): Type {
  const { name } = node.name
  const args = node.arguments.map((argument) => readType(cx, argument, scope, variables))
  const builtIn = node.module ? undefined : variables.includes(name) ? ({ type: 'variable', name } as const) : SIMPLE[name]
  if (builtIn) return checkCount(cx, node, 0) ? builtIn : POISON
  if (!node.module && Object.hasOwn(DIMENSIONS, name)) return checkCount(cx, node, 0) ? quantity(name) : POISON
  if (!node.module && Object.hasOwn(CONTAINERS, name)) return checkCount(cx, node, 1) ? (CONTAINERS[name] as (item: Type) => Type)(args[0] as Type) : POISON
  if (!node.module && Object.hasOwn(ARTEFACTS, name)) {
    const most = ARTEFACTS[name as ArtefactName]
    return args.length <= most || checkCount(cx, node, most) ? artefact(name as ArtefactName, args[0]) : POISON
  }
  const symbol = symbolOfType(node, scope)
  if (!symbol) {
    reportUnknown(cx, node, scope, variables)
    return POISON
  }
  if (symbol.symbol !== 'declaration') return POISON
  if (symbol.declaration.node === 'Type') {
    const type = checkCount(cx, node, 0) ? readType(cx, symbol.declaration.type, symbol.module) : POISON
    return type.type === 'record' ? { ...type, name } : type
  }
  const schema = cx.kinds.of(symbol)
  if (schema) return { type: 'stage', symbol, schema }
  cx.report('RLP2011', node.span, `\`${name}\` is a ${wordOf(symbol)}, not a type`, {
    related: [{ span: symbol.declaration.name.span, text: 'declared here' }],
    help: 'name a type, such as one that `type … = …` declares',
  })
  return POISON
}

function checkCount(cx: Context, node: NamedType, wanted: number): boolean {
  if (node.arguments.length === wanted) return true
  cx.report('RLP3015', node.span, `\`${node.name.name}\` has ${wanted === 0 ? 'no type parameters' : 'one type parameter'}, found ${node.arguments.length}`, {
    help: wanted === 0 ? `write \`${node.name.name}\`` : `write \`${node.name.name}[Type]\``,
  })
  return false
}

function reportUnknown(cx: Context, node: NamedType, scope: ModuleScope, variables: readonly string[]): void {
  const { name, span } = node.name
  const namespace = node.module ? scope.lookup(node.module.name) : undefined
  if (node.module && namespace?.symbol !== 'namespace') {
    if (cx.firstUnknown(node.module.name, span.file)) cx.report('RLP2001', node.module.span, `there is no module \`${node.module.name}\` here`, { help: `import it with \`import * as ${node.module.name} from "…"\`` })
    return
  }
  const isType = (symbol: DeclarationSymbol) => symbol.declaration.node === 'Type' || wordOf(symbol) === 'kind'
  const candidates = namespace?.symbol === 'namespace' ? [...namespace.target.declared.values()].filter(isType).map((symbol) => symbol.name) : typeNames(scope, variables)
  const foreign = node.module ? undefined : FOREIGN_TYPES.get(name)
  if (foreign) {
    cx.report('RLP2011', span, `there is no type \`${name}\``, { label: foreign.write ? `did you mean \`${foreign.write}\`?` : 'unknown type', help: foreign.help, fixes: foreign.write ? [replace(span, foreign.write)] : [] })
    return
  }
  const better = suggest(name, candidates)
  const elsewhere = moduleWith(cx, name, scope)
  if (!better && !cx.firstUnknown(name, span.file)) return
  cx.report('RLP2011', span, `there is no type \`${name}\``, {
    label: better ? `did you mean \`${better}\`?` : 'unknown type',
    help: better ? `write \`${better}\`` : elsewhere ? `import it: \`import { ${name} } from "${elsewhere}"\`` : `declare it with \`type ${name} = …\`, or import it`,
    fixes: better ? [replace(span, better)] : elsewhere ? [importFix(name, elsewhere, scope)] : [],
  })
}

function typeNames(scope: ModuleScope, variables: readonly string[]): string[] {
  const declared = scope.names().filter((name) => {
    const symbol = scope.lookup(name)
    return symbol?.symbol === 'declaration' && (symbol.declaration.node === 'Type' || wordOf(symbol) === 'kind')
  })
  return [...variables, ...declared, ...BUILT_IN_TYPES]
}

function ranged(cx: Context, node: TypeNode & { node: 'RangeType' }, inner: Type): Type {
  const low = node.low ? bound(cx, node.low, inner) : -Infinity
  const high = node.high ? bound(cx, node.high, inner) : Infinity
  if (low === undefined || high === undefined) return POISON
  if (low > high) {
    cx.report('RLP4008', node.span, `the range ${low}..${high} is empty`, { help: `write the lower bound first: \`${high}..${low}\`` })
    return POISON
  }
  const narrow = (option: Type): Type => (option.type === 'number' ? ({ ...option, low, high } satisfies NumberType) : option)
  if (!optionsOf(inner).some((option) => option.type === 'number')) {
    if (inner.type !== 'poison') cx.report('RLP3015', node.span, `only numbers have a range, not ${shortened(show(inner))}`, { help: 'remove `in …`' })
    return POISON
  }
  return union(optionsOf(inner).map(narrow))
}

/** A bound is a plain or negative number, with the unit of the type. */
function bound(cx: Context, expression: Expression, inner: Type): number | undefined {
  const negative = expression.node === 'Unary' && expression.operator === '-'
  const literal = negative ? expression.operand : expression
  if (literal.node === 'Number') {
    const unit = literal.unit === undefined || literal.unit.name === '%' ? undefined : unitNamed(literal.unit.name)
    const dimension = optionsOf(inner).find((option) => option.type === 'number')?.dimension
    if (unit?.dimension === dimension && (unit !== undefined) === (literal.unit !== undefined && literal.unit.name !== '%')) return (negative ? -1 : 1) * literal.value * (unit?.factor ?? 1)
  }
  if (literal.node !== 'Invalid') cx.report('RLP3015', expression.span, 'a bound of a type is a number with the unit of the type', { help: 'write a number, for example `Real in 0..1`' })
  return undefined
}
