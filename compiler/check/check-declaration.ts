// One declaration of the generic shape: its word, kind, keys and value, then what is inside.

import type { GenericDeclaration } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { symbolOfType } from '../kinds/read.js'
import type { KindSchema } from '../kinds/schema.js'
import { GRAMMAR_WORDS, MEMBER_WORDS, TOP_WORDS, type TopWord } from '../kinds/words.js'
import type { DeclarationSymbol, ModuleScope } from '../resolve/program.js'
import { checkBody } from './check-body.js'
import { checkKind } from './check-kind.js'
import { checkPhase, checkReward } from './check-members.js'
import { checkRows, rowOfInput } from './check-rows.js'
import { checkVariant } from './check-variant.js'
import { joined, listed, replace, shortened, type Context } from './context.js'
import { expectType, reportRepetition } from './expect.js'
import { FOREIGN_KINDS } from './foreign-names.js'
import { importFix, moduleWith } from './import-fix.js'
import { readType } from './read-type.js'
import { keysEnv, keysOf, rowOf, typeOfSymbol } from './symbols.js'
import { artefact, optionsOf, show, type Type } from './types.js'

export function checkDeclaration(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): void {
  const { word } = declaration
  const rule = TOP_WORDS[word.name]
  if (!Object.hasOwn(TOP_WORDS, word.name) || !rule) return unknownWord(cx, declaration)
  if (declaration.name.name === '') return // the parser has said so
  checkKeys(cx, symbol, declaration, rule)
  switch (word.name) {
    case 'kind':
      return checkKind(cx, symbol)
    case 'variant':
      return checkVariant(cx, symbol, declaration)
    case 'param':
    case 'const':
    case 'secret':
      return checkValueOf(cx, symbol, declaration)
  }
  if (word.name === 'dataset' && declaration.value) return checkDatasetValue(cx, symbol, declaration)
  if (declaration.value) cx.report('RLP3016', declaration.value.span, `a ${word.name} has a body, not a value`, { label: 'expected `{ … }`', help: `write \`${word.name} ${symbol.name} { … }\`` })
  const schema = kindOf(cx, symbol, declaration, rule)
  if (!schema) return
  typeOfSymbol(cx, symbol)
  if (!declaration.body) {
    if (!declaration.value && !cx.isDamaged(declaration.span)) cx.report('RLP3016', declaration.name.span, `${word.name} \`${symbol.name}\` has no body`, { label: 'expected `{ … }` behind it', help: `write what it is in braces: \`{ … }\`` })
    return
  }
  checkInside(cx, symbol, declaration, schema)
}

function checkInside(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration, schema: KindSchema): void {
  const env = keysEnv(cx, symbol, declaration)
  const row = schema.typeParameters.length > 0 ? rowOf(cx, declaration, symbol.module) : { type: 'poison' as const }
  const bound = new Map<string, Type>(schema.typeParameters.map(({ name }) => [name, row]))
  const words = Object.keys(MEMBER_WORDS).filter((each) => MEMBER_WORDS[each]?.includes(declaration.word.name))
  switch (declaration.word.name) {
    case 'reward':
      return checkReward(cx, { declaration, schema, env, bound, row, words })
    case 'curriculum':
      checkBody(cx, { declaration, schema, env, bound, row, words })
      for (const item of declaration.body?.items ?? []) if (item.node === 'Declaration' && item.word.name === 'phase') checkPhase(cx, item, symbol.module, env, row)
      return
    case 'stage': {
      const found = checkBody(cx, { declaration, schema, env, bound, row: rowOfInput(cx, symbol, schema, 'data'), words })
      return checkRows(cx, schema, found)
    }
    default:
      checkBody(cx, { declaration, schema, env, bound, row, words })
  }
}

function unknownWord(cx: Context, { word, name }: GenericDeclaration): void {
  const parents = MEMBER_WORDS[word.name]
  if (parents) {
    cx.report('RLP2013', word.span, `\`${word.name}\` cannot stand at the top of a file`, { label: 'not here', help: `\`${word.name}\` belongs into a ${joined(parents, 'or')}` })
    return
  }
  const schema = [...cx.kinds.all.values()].find(({ name }) => name === word.name)
  const wanted = schema && Object.keys(TOP_WORDS).find((each) => TOP_WORDS[each]?.category === schema.category)
  if (schema && wanted) {
    cx.report('RLP2007', word.span, `\`${word.name}\` is a kind and stands behind the name`, { label: 'a word is expected here', help: `write \`${wanted} ${name.name}: ${word.name}\`` })
    return
  }
  const words = [...Object.keys(TOP_WORDS), ...GRAMMAR_WORDS]
  const better = suggest(word.name, words, FOREIGN_WORDS)
  cx.report('RLP2007', word.span, `\`${word.name}\` is no declaration word`, {
    label: better ? `did you mean \`${better}\`?` : 'unknown word',
    notes: [`declarations begin with ${listed(words, 20)}`],
    help: better ? `write \`${better}\`` : 'begin with one of these words',
    fixes: better ? [replace(word.span, better)] : [],
  })
}

/** Words that people bring along. */
const FOREIGN_WORDS: ReadonlyMap<string, string> = new Map([
  ['let', 'const'],
  ['var', 'const'],
  ['def', 'fn'],
  ['func', 'fn'],
  ['function', 'fn'],
  ['data', 'dataset'],
  ['step', 'stage'],
  ['task', 'stage'],
  ['parameter', 'param'],
  ['arg', 'param'],
  ['assert', 'claim'],
  ['environment', 'env'],
])

/** The kind of a declaration, if it is one that the word takes. */
function kindOf(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration, rule: TopWord): KindSchema | undefined {
  const { word, type } = declaration
  const kinds = () => [...cx.kinds.all.values()].filter(({ category }) => category === rule.category)
  const schema = cx.kinds.kindOf(declaration, symbol.module)
  if (schema && schema.category === rule.category) {
    if (type?.node === 'NamedType') checkTypeArguments(cx, declaration, schema)
    return schema
  }
  if (!type) {
    if (!cx.isDamaged(declaration.span)) {
      const names = kinds().map(({ name }) => name)
      cx.report('RLP3016', declaration.name.span, `${word.name} \`${symbol.name}\` needs a kind`, { label: `what kind of ${word.name}?`, notes: names.length > 0 ? [`kinds: ${listed(names)}`] : [], help: `write \`${word.name} ${symbol.name}: ${names[0] ?? 'Kind'}\`` })
    }
    return undefined
  }
  if (type.node === 'InvalidType') return undefined
  if (schema) {
    const fitting = Object.keys(TOP_WORDS).find((each) => TOP_WORDS[each]?.category === schema.category)
    cx.report('RLP2012', type.span, `\`${schema.name}\` is no kind of ${word.name}`, {
      label: `a kind of ${fitting ?? schema.category.toLowerCase()}`,
      related: [{ span: schema.symbol.declaration.name.span, text: 'declared here' }],
      help: fitting ? `write \`${fitting} ${symbol.name}: ${schema.name}\`, or use a kind of ${word.name}` : `use a kind of ${word.name}`,
    })
    return undefined
  }
  const found = type.node === 'NamedType' ? symbolOfType(type, symbol.module) : undefined
  if (found?.symbol === 'lost') return undefined
  const names = symbol.module.names().filter((name) => cx.kinds.of(symbol.module.lookup(name))?.category === rule.category)
  const written = type.node === 'NamedType' ? type.name.name : show(readType(cx, type, symbol.module))
  // A kind that is only not imported is meant before one that is spelt otherwise.
  const meant = found ? undefined : kindElsewhere(cx, written, kinds(), symbol.module)
  const better = found || meant ? undefined : suggest(written, names)
  const foreign = found ? undefined : FOREIGN_KINDS.get(written)
  if (foreign) {
    cx.report('RLP2011', type.span, `there is no kind \`${written}\``, { label: foreign.write ? `did you mean \`${foreign.write}\`?` : 'unknown kind', help: foreign.help, fixes: foreign.write ? [replace(type.span, foreign.write)] : [] })
    return undefined
  }
  const near = meant || better ? undefined : kinds().find(({ name }) => suggest(written, [name]))
  const elsewhere = meant ?? (near && { name: near.name, from: near.symbol.module.path })
  if (!better && !cx.firstUnknown(written, type.span.file)) return undefined
  cx.report('RLP2011', type.node === 'NamedType' ? type.name.span : type.span, found ? `\`${written}\` is no kind of ${word.name}` : `there is no kind \`${shortened(written)}\``, {
    label: better ? `did you mean \`${better}\`?` : 'unknown kind',
    notes: names.length > 0 ? [`kinds of ${word.name} here: ${listed(names)}`] : [],
    help: better ? `write \`${better}\`` : elsewhere ? `import it: \`import { ${elsewhere.name} } from "${elsewhere.from}"\`` : `name a kind of ${word.name}, or import one`,
    fixes: type.node !== 'NamedType' ? [] : better ? [replace(type.name.span, better)] : elsewhere?.name === written ? [importFix(written, elsewhere.from, symbol.module)] : [],
  })
  return undefined
}

/** The kind of another module that a name means, were it imported: the same but for case, among those that are read; else the same in the library. */
function kindElsewhere(cx: Context, written: string, kinds: readonly KindSchema[], scope: ModuleScope): { readonly name: string; readonly from: string } | undefined {
  if (scope.names().some((name) => name.toLowerCase() === written.toLowerCase())) return undefined
  const read = kinds.find(({ name }) => name === written) ?? kinds.find(({ name }) => name.toLowerCase() === written.toLowerCase())
  if (read) return { name: read.name, from: read.symbol.module.path }
  const from = moduleWith(cx, written, scope)
  return from === undefined ? undefined : { name: written, from }
}

function checkTypeArguments(cx: Context, { type, name, word }: GenericDeclaration, schema: KindSchema): void {
  if (type?.node !== 'NamedType' || type.arguments.length === schema.typeParameters.length) return
  const wanted = schema.typeParameters.map((parameter) => parameter.name)
  cx.report('RLP3015', type.span, wanted.length === 0 ? `\`${schema.name}\` has no type parameters` : `\`${schema.name}\` needs the type of its rows`, {
    label: wanted.length === 0 ? `found ${type.arguments.length}` : `expected \`${schema.name}[${wanted.join(', ')}]\``,
    help: wanted.length === 0 ? `write \`${word.name} ${name.name}: ${schema.name}\`` : `write \`${schema.name}[{ prompt: Text, … }]\`, or the name of a type`,
  })
}

/** `for k in set`: where keys may stand, and what a set is. */
function checkKeys(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration, rule: TopWord): void {
  if (declaration.keys.length === 0) return
  const [first] = declaration.keys
  if (!rule.keys && first) {
    cx.report('RLP2013', first.name.span, `a ${declaration.word.name} has no instances`, { label: 'no `for` here', help: `remove \`for …\`; ${joined(Object.keys(TOP_WORDS).filter((word) => TOP_WORDS[word]?.keys))} can have keys` })
    return
  }
  const types = keysOf(cx, symbol, declaration)
  const seen = new Set<string>()
  declaration.keys.forEach(({ name, set }, i) => {
    if (seen.has(name.name)) cx.report('RLP2002', name.span, `key \`${name.name}\` is declared twice`, { label: 'second key of this name', help: 'give it another name' })
    seen.add(name.name)
    if (set.node === 'List') {
      reportRepetition(cx, set, 'the set of keys')
      if (set.items.length === 0) cx.report('RLP3017', set.span, `\`${symbol.name}\` has no instances`, { label: 'an empty set', help: 'list at least one key' })
    }
    const type = cx.types.get(set)
    if (!type || type.type === 'poison' || type.type === 'any') return
    const items = optionsOf(types[i]?.type ?? type)
    const legal = (type.type === 'list' || type.type === 'range') && items.every((item) => item.type === 'text' || item.type === 'any' || (item.type === 'number' && item.whole && item.dimension === undefined))
    if (!legal) cx.report('RLP3001', set.span, 'keys come from a set of texts or integers', { label: `expected Set[Text] or Set[Int], found ${shortened(show(type))}`, help: 'write `["a", "b"]`, `[0, 1, 2]` or `1..4`' })
  })
}

function checkValueOf(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): void {
  const { word, name, body, type, value } = declaration
  if (body) cx.report('RLP3016', name.span, `a ${word.name} has a value, not a body`, { label: 'expected `= …`', help: `write \`${word.name} ${name.name} = …\`` })
  else if (!value && (word.name !== 'param' || !type) && !cx.isDamaged(declaration.span)) {
    cx.report('RLP3016', name.span, `${word.name} \`${name.name}\` needs a value`, { label: 'expected `= …` behind it', help: word.name === 'secret' ? `write \`secret ${name.name} from env("NAME")\`` : `write \`${word.name} ${name.name} = …\`` })
  }
  if (value && declaration.from !== (word.name === 'secret')) {
    cx.report('RLP3016', value.span, declaration.from ? 'only secrets are read `from` somewhere' : 'a secret is not written down', {
      label: declaration.from ? 'expected `= …`' : 'expected `from env("NAME")`',
      help: declaration.from ? `write \`${word.name} ${name.name} = …\`` : `write \`secret ${name.name} from env("NAME")\``,
    })
    if (word.name === 'secret') return
  }
  typeOfSymbol(cx, symbol)
}

/** `dataset d = expression`, with or without the type of its rows. */
function checkDatasetValue(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): void {
  const { value, body, type } = declaration
  if (!value) return
  if (body) cx.report('RLP3016', declaration.name.span, 'a dataset has a value or a body, not both', { label: 'remove one of them', help: 'write `source = …` into the body' })
  const env = keysEnv(cx, symbol, declaration)
  const row = type && kindOf(cx, symbol, declaration, TOP_WORDS['dataset'] as TopWord) ? rowOf(cx, declaration, symbol.module) : undefined
  if (type && !row) return
  expectType(cx, value, artefact('Dataset', row), env, `dataset \`${symbol.name}\``)
  typeOfSymbol(cx, symbol)
}
