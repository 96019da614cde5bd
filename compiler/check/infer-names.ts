// What names, fields and keys in brackets stand for.

import type { Expression, Field, Identifier, Index, Name } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Span } from '../../grammar/source/source.js'
import { wordOf, type DeclarationSymbol, type ModuleScope, type NamespaceSymbol } from '../resolve/program.js'
import { BUILTINS } from './builtins.js'
import { unindexed } from './complain.js'
import { listed, replace, shortened, sourceOf, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { PLACES } from './grants.js'
import { FOREIGN_VALUES } from './foreign-names.js'
import { importFix, moduleWith } from './import-fix.js'
import { infer } from './infer.js'
import { unitNamed } from './units.js'
import { lackedInputs, outputType, phasesOf, termsOf } from './members.js'
import { typeOfSymbol } from './symbols.js'
import { artefact, INT, NONE, optional, optionsOf, POISON, show, TEXT, type ArtefactType, type InstancesType, type Type } from './types.js'

export function inferName(cx: Context, expression: Name, env: Env, wanted?: Type): Type {
  const known = env.locals.get(expression.name)
  if (known) return known
  const symbol = env.scope.lookup(expression.name)
  switch (symbol?.symbol) {
    case 'lost':
      return POISON
    case 'namespace':
      cx.report('RLP3003', expression.span, `\`${expression.name}\` is a module, not a value`, { label: 'expected a value', help: `name something in it: \`${expression.name}.…\`` })
      return POISON
    case 'declaration':
      return inferSymbol(cx, symbol, expression.span, env)
  }
  unknownName(cx, expression, env, wanted)
  return POISON
}

/** The type of a declaration where it is named; what is no value is reported. */
export function inferSymbol(cx: Context, symbol: DeclarationSymbol, span: Span, env: Env): Type {
  if (env.owner) {
    const references = cx.references.get(env.owner.declaration) ?? []
    references.push({ to: symbol, span })
    cx.references.set(env.owner.declaration, references)
  }
  const type = typeOfSymbol(cx, symbol)
  if (type) return type
  const word = wordOf(symbol)
  cx.report('RLP3003', span, `\`${symbol.name}\` is a ${word}, not a value`, {
    label: 'expected a value',
    related: [{ span: symbol.declaration.name.span, text: 'declared here' }],
    help: word === 'type' || word === 'kind' ? 'types stand behind `:`' : `a ${word} cannot be referred to`,
  })
  return POISON
}

function unknownName(cx: Context, { name, span }: Name, env: Env, wanted: Type | undefined): void {
  const place = PLACES[name]
  if (place !== undefined) {
    cx.report('RLP2014', span, `\`${name}\` has no meaning here`, { label: 'not granted in this place', notes: [`\`${name}\` exists in ${place}`], help: 'move the expression there' })
    return
  }
  if (env.below?.has(name)) {
    cx.report('RLP2001', span, `\`${name}\` is not known yet`, { label: 'declared here or below', notes: ['terms are computed from the first to the last, then the total'], help: `read only terms that stand above, or move \`${name}\` up` })
    return
  }
  const texts = optionsOf(wanted ?? POISON).flatMap((option) => (option.type === 'text' && option.value !== undefined ? [option.value] : []))
  const text = suggest(name, texts)
  if (text !== undefined) {
    cx.report('RLP2001', span, `there is no name \`${name}\``, { label: `did you mean the text ${JSON.stringify(text)}?`, help: `write ${JSON.stringify(text)}`, fixes: [replace(span, JSON.stringify(text))] })
    return
  }
  if (Object.hasOwn(BUILTINS, name)) {
    cx.report('RLP3003', span, `\`${name}\` of the language must be called`, { label: 'expected a value', help: `write \`${name}(…)\`` })
    return
  }
  reportUnknownName(cx, name, span, env.scope, [...env.locals.keys(), ...env.scope.names()])
}

/** A name that nothing declares: the nearest one that exists, or the module that has it. */
export function reportUnknownName(cx: Context, name: string, span: Span, scope: ModuleScope, candidates: readonly string[]): void {
  const foreign = FOREIGN_VALUES.get(name)
  if (foreign) {
    cx.report('RLP2001', span, `there is no name \`${name}\``, { label: foreign.write ? `did you mean \`${foreign.write}\`?` : 'not declared', help: foreign.help, fixes: foreign.write ? [replace(span, foreign.write)] : [] })
    return
  }
  if (unitNamed(name)) {
    cx.report('RLP2001', span, `there is no name \`${name}\``, { label: 'a unit', help: `a unit stands behind its number: \`5 ${name}\`` })
    return
  }
  const better = suggest(name, candidates)
  const elsewhere = moduleWith(cx, name, scope)
  if ((elsewhere || !better) && !cx.firstUnknown(name, span.file)) return // one import, one declaration mends them all
  cx.report('RLP2001', span, `there is no name \`${name}\``, {
    label: elsewhere ? 'not imported' : better ? `did you mean \`${better}\`?` : 'not declared',
    help: elsewhere ? `import it: \`import { ${name} } from "${elsewhere}"\`` : better ? `write \`${better}\`` : 'declare it, import it, or write a text in quotes',
    fixes: elsewhere ? [importFix(name, elsewhere, scope)] : better ? [replace(span, better)] : [],
  })
}

export function inferField(cx: Context, expression: Field, env: Env): Type {
  const { target, name } = expression
  const namespace = namespaceOf(target, env)
  if (namespace) return namespaceMember(cx, namespace, name, env)
  return fieldOf(cx, infer(cx, target, env), target, name)
}

/** The module that `target` names, when it is the alias of an import. */
export function namespaceOf(target: Expression, env: Env): NamespaceSymbol | undefined {
  if (target.node !== 'Name' || env.locals.has(target.name)) return undefined
  const symbol = env.scope.lookup(target.name)
  return symbol?.symbol === 'namespace' ? symbol : undefined
}

function namespaceMember(cx: Context, namespace: NamespaceSymbol, name: Identifier, env: Env): Type {
  const symbol = namespace.target.declared.get(name.name)
  if (symbol) return inferSymbol(cx, symbol, name.span, env)
  const names = [...namespace.target.declared.keys()]
  const better = suggest(name.name, names)
  cx.report('RLP2004', name.span, `module \`${namespace.target.path}\` has no \`${name.name}\``, {
    label: better ? `did you mean \`${better}\`?` : 'not declared there',
    notes: [`it declares ${listed(names)}`],
    help: better ? `write \`${namespace.name}.${better}\`` : 'use a name that the module declares',
    fixes: better ? [replace(name.span, better)] : [],
  })
  return POISON
}

function fieldOf(cx: Context, type: Type, target: Expression, name: Identifier): Type {
  switch (type.type) {
    case 'poison':
    case 'any':
      return type
    case 'keyed': {
      const item = fieldOf(cx, type.item, target, name)
      return item.type === 'poison' ? POISON : { ...type, item }
    }
    case 'record': {
      const field = type.fields.get(name.name)
      if (field) return field.optional ? optional(field.type) : field.type
      return missing(cx, target, name, 'field', [...type.fields.keys()])
    }
    case 'map':
      return type.item
    case 'range':
      if (name.name === 'low' || name.name === 'high') return type.item
      return missing(cx, target, name, 'end', ['low', 'high'])
    case 'stage':
      reportLacked(cx, type, name)
      return outputType(cx, type, name.name) ?? missing(cx, target, name, 'output', [...type.schema.outputs.keys()])
    case 'artefact':
      return artefactField(cx, type, target, name)
    case 'instances':
      unindexed(cx, target, type.keys.map((key) => key.name))
      return POISON
    case 'union':
      if (type.options.some((option) => option.type === 'none')) {
        cx.report('RLP3006', target.span, `\`${shortened(sourceOf(target.span), 30)}\` may be \`none\` here`, { label: `found ${shortened(show(type))}`, help: `say what stands for \`none\`: \`if … == none then … else …\`` })
        return POISON
      }
  }
  cx.report('RLP3007', name.span, `${shortened(show(type))} has no fields`, { label: `no field \`${name.name}\``, help: 'remove the field' })
  return POISON
}

/** An output that its kind has, and that this stage does not hand over. */
function reportLacked(cx: Context, type: Type & { type: 'stage' }, name: Identifier): void {
  const inputs = lackedInputs(cx, type, name.name)
  if (inputs.length === 0) return
  const either = inputs.map((input) => `\`${input}\``).join(' or ')
  const { symbol } = type
  cx.report('RLP3007', name.span, `\`${symbol.name}\` has \`${name.name}\` only with ${either}`, {
    label: 'it is not there without',
    related: [{ span: symbol.declaration.name.span, text: 'not given here' }],
    help: `give ${either} to \`${symbol.name}\``,
  })
}

function artefactField(cx: Context, type: ArtefactType, target: Expression, name: Identifier): Type {
  const declaration = type.symbol?.declaration
  if (type.name === 'Curriculum' && declaration) {
    const phases = phasesOf(declaration)
    if (phases.includes(name.name)) return artefact('Dataset', type.row)
    return missing(cx, target, name, 'phase', phases)
  }
  if (type.name === 'Reward' && declaration) {
    const terms = [...termsOf(declaration).keys(), 'total']
    if (terms.includes(name.name)) return artefact('Term', type.row, type.symbol)
    return missing(cx, target, name, 'term', terms)
  }
  const what = type.symbol ? `${wordOf(type.symbol)} \`${type.symbol.name}\`` : show(artefact(type.name))
  cx.report('RLP3007', name.span, `${what} has no \`${name.name}\``, {
    label: 'no such field',
    help: type.name === 'Completion' ? 'read the text with a signal, such as `tagged(completion, "answer")`' : type.name === 'Model' ? 'a model is used as a whole; stages have outputs' : 'use it as a whole',
  })
  return POISON
}

function missing(cx: Context, target: Expression, name: Identifier, what: string, names: readonly string[]): Type {
  const better = suggest(name.name, names)
  cx.report('RLP3007', name.span, `\`${shortened(sourceOf(target.span), 30)}\` has no ${what} \`${name.name}\``, {
    label: better ? `did you mean \`${better}\`?` : `no such ${what}`,
    notes: names.length > 0 ? [`it has ${listed(names)}`] : [],
    help: better ? `write \`.${better}\`` : names.length > 0 ? `name one of its ${what}s` : 'use it as a whole',
    fixes: better ? [replace(name.span, better)] : [],
  })
  return POISON
}

export function inferIndex(cx: Context, expression: Index, env: Env): Type {
  const type = infer(cx, expression.target, env)
  const [only] = expression.keys
  if (type.type === 'record' && expression.target.node === 'Name' && expression.target.name in PLACES && only?.node === 'Text') {
    const text = `${expression.target.name}.${only.value}`
    cx.report('RLP3012', expression.span, 'fields are named with a point', { label: `write \`${text}\``, help: `write \`${text}\``, fixes: [replace(expression.span, text)] })
    return POISON
  }
  if (type.type === 'instances') return instanceOf(cx, expression, type, env)
  const [key] = expression.keys
  if (type.type === 'poison' || type.type === 'any' || !key) {
    for (const each of expression.keys) if (each.node !== 'Star') infer(cx, each, env)
    return POISON
  }
  if (expression.keys.length === 1 && key.node !== 'Star') {
    if (type.type === 'list') {
      expectType(cx, key, { ...INT, low: 0 }, env, 'the index of a list')
      return type.item
    }
    if (type.type === 'map' || type.type === 'record') return entryOf(cx, expression, type, key, env)
  }
  const source = shortened(sourceOf(expression.target.span), 24)
  cx.report('RLP3012', expression.span, `\`${source}\` has no instance keys`, {
    label: `${shortened(show(type))} is not declared with \`for\``,
    help: `write \`${source}\``,
    fixes: [replace({ ...expression.span, start: expression.target.span.end }, '')],
  })
  return POISON
}

function entryOf(cx: Context, expression: Index, type: Type & { type: 'map' | 'record' }, key: Expression, env: Env): Type {
  expectType(cx, key, TEXT, env, 'the key of a record')
  if (type.type === 'map') return type.item
  if (key.node === 'Text') return fieldOf(cx, type, expression.target, { name: key.value, span: key.span })
  const fields = [...type.fields.values()].map((field) => (field.optional ? optional(field.type) : field.type))
  const [first] = fields
  return first ? { type: 'union', options: fields } : NONE
}

function instanceOf(cx: Context, expression: Index, type: InstancesType, env: Env): Type {
  const { keys } = expression
  if (keys.length !== type.keys.length) {
    for (const each of keys) if (each.node !== 'Star') infer(cx, each, env)
    const source = sourceOf(expression.target.span)
    cx.report('RLP3012', expression.span, `\`${source}\` has ${type.keys.length} ${type.keys.length === 1 ? 'key' : 'keys'}, found ${keys.length}`, {
      label: `expected [${type.keys.map(({ name }) => name).join(', ')}]`,
      related: [{ span: type.symbol.declaration.name.span, text: 'declared here' }],
      help: `write \`${source}[${type.keys.map(({ name }) => name).join(', ')}]\`, with \`*\` for all of a key`,
    })
    return POISON
  }
  let fits = true
  keys.forEach((key, i) => {
    const wanted = type.keys[i]
    if (key.node === 'Star' || !wanted) return
    if (expectType(cx, key, wanted.type, env, `key \`${wanted.name}\` of \`${type.symbol.name}\``).type === 'poison') fits = false
  })
  if (!fits) return POISON
  const stars = keys.filter((key) => key.node === 'Star').length
  return stars === 0 ? type.item : { type: 'keyed', stars, item: type.item }
}
