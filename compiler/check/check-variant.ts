// Variants: every path of `set` leads to an attribute, and the value fits it.

import type { Attribute, GenericDeclaration } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { KindSchema, Member } from '../kinds/schema.js'
import { qualifiedName, wordOf, type DeclarationSymbol } from '../resolve/program.js'
import { substitute } from './assignable.js'
import { listed, moduleEnv, replace, withLocals, type Context } from './context.js'
import { expectType } from './expect.js'
import { granted } from './grants.js'
import { infer } from './infer.js'
import { reportUnknownName } from './infer-names.js'
import { memberType } from './members.js'
import { keysOf, rowOf, schemaOf, typeOfSymbol } from './symbols.js'
import { POISON, type Type } from './types.js'

export function checkVariant(cx: Context, symbol: DeclarationSymbol, declaration: GenericDeclaration): void {
  const { name, body, value } = declaration
  if (!body) {
    if (!cx.isDamaged(declaration.span)) cx.report('RLP3016', (value ?? name).span, `variant \`${name.name}\` has no body`, { label: 'expected `{ set { … } }`', help: 'write `{ set { stage.attribute = value } }`' })
    return
  }
  for (const item of body.items) {
    if (item.node === 'Section' && item.name.name === 'set') {
      for (const inner of item.body.items) {
        if (inner.node === 'Attribute') checkPath(cx, symbol, inner)
        else cx.report('RLP2013', inner.node === 'Section' ? inner.name.span : inner.span, 'a variant sets attributes one by one', { label: 'expected `path = value`', help: inner.node === 'Section' ? `write \`${inner.name.name}.attribute = …\`` : 'write `stage.attribute = value`' })
      }
      continue
    }
    const span = item.node === 'Attribute' ? (item.path[0]?.span ?? item.span) : item.node === 'Section' ? item.name.span : item.span
    cx.report('RLP2013', span, 'a variant has `set { … }` and nothing else', { label: 'not here', help: 'write it as `set { stage.attribute = value }`' })
  }
}

function checkPath(cx: Context, variant: DeclarationSymbol, item: Attribute): void {
  const scope = variant.module
  const [first, ...rest] = item.path
  if (!first) return
  const target = scope.lookup(first.name)
  const silent = () => infer(cx, item.value, moduleEnv(scope))
  if (!target) {
    reportUnknownName(cx, first.name, first.span, scope, [...scope.declared.keys()])
    silent()
    return
  }
  if (target.symbol !== 'declaration' || target.declaration.node !== 'Declaration') {
    if (target.symbol !== 'lost') cx.report('RLP3003', first.span, `\`${first.name}\` has no attributes`, { label: 'cannot be changed by a variant', help: 'name a stage, model, dataset, reward or curriculum' })
    silent()
    return
  }
  const { declaration } = target
  const word = wordOf(target)
  if (rest.length === 0 && (word === 'param' || word === 'const')) {
    const type = typeOfSymbol(cx, target)
    expectType(cx, item.value, declaration.type && type ? type : POISON, moduleEnv(scope), `\`${first.name}\``)
    return
  }
  const phase = phasesOf(declaration).find(({ name }) => name.name === rest[0]?.name)
  const schema = phase ? cx.kinds.kindOf(phase, target.module) : schemaOf(cx, declaration, target.module)
  if (!schema) {
    if (!['stage', 'model', 'dataset', 'reward', 'curriculum', 'env'].includes(word)) cx.report('RLP3003', first.span, `a ${word} has no attributes`, { label: 'cannot be changed by a variant', help: 'name a stage, model, dataset, reward or curriculum' })
    silent()
    return
  }
  const member = memberAt(cx, schema, phase ? rest : item.path, declaration)
  if (!member) {
    silent()
    return
  }
  const row = schema.typeParameters.length > 0 ? rowOf(cx, declaration, target.module) : POISON
  const bound = new Map<string, Type>(schema.typeParameters.map(({ name }) => [name, row]))
  const keys = keysOf(cx, target, declaration).map(({ name, type }) => [name, type] as const)
  const env = withLocals(moduleEnv(scope), [...keys, ...granted(qualifiedName(schema.symbol), member.name, row)])
  expectType(cx, item.value, substitute(memberType(cx, member), bound), env, `\`${item.path.map(({ name }) => name).join('.')}\``)
}

/** The attribute that a path means; a wrong path is reported. */
function memberAt(cx: Context, schema: KindSchema, path: Attribute['path'], declaration: GenericDeclaration): Member | undefined {
  const [first, head, tail, more] = path
  if (!first) return undefined
  const phases = schema.category === 'Curriculum' ? phasesOf(declaration).map(({ name }) => name.name) : []
  if (!head) {
    cx.report('RLP2015', first.span, `\`${first.name}\` is not an attribute`, { label: `expected \`${first.name}.attribute\``, notes: [`it has ${listed([...schema.members.keys(), ...schema.sections.keys(), ...phases], 16)}`], help: `name what changes: \`${first.name}.attribute = …\`` })
    return undefined
  }
  const section = schema.sections.get(head.name)
  if (!tail && schema.members.has(head.name)) return schema.members.get(head.name)
  if (tail && !more && section?.members.has(tail.name)) return section.members.get(tail.name)
  if (section && !tail) {
    cx.report('RLP2015', head.span, `\`${head.name}\` is a section`, { label: `expected \`${first.name}.${head.name}.attribute\``, notes: [`it has ${listed([...section.members.keys()])}`], help: 'name the attribute in it' })
    return undefined
  }
  const wrong = section && tail ? tail : head
  const names = section && tail ? [...section.members.keys()] : [...schema.members.keys(), ...schema.sections.keys(), ...phases]
  const nested = section ? undefined : [...schema.sections.values()].find(({ members }) => members.has(head.name))
  const better = (section && tail ? section.aliases : schema.aliases).get(wrong.name) ?? (nested && !tail ? `${nested.name}.${head.name}` : suggest(wrong.name, names))
  cx.report('RLP2006', wrong.span, `${section && tail ? `section \`${section.name}\` of ` : `${wordFor(schema)} kind `}\`${schema.name}\` has no attribute \`${wrong.name}\``, {
    label: better ? `did you mean \`${better}\`?` : 'unknown attribute',
    notes: names.length === 0 ? [] : [`it has ${listed(names, 16)}`],
    help: better ? `write \`${better}\`` : 'use one of these',
    fixes: better ? [replace(wrong.span, better)] : [],
  })
  return undefined
}

function phasesOf({ body }: GenericDeclaration): readonly GenericDeclaration[] {
  return (body?.items ?? []).filter((item): item is GenericDeclaration => item.node === 'Declaration' && item.word.name === 'phase')
}

function wordFor(schema: KindSchema): string {
  return schema.category === 'Data' ? 'dataset' : schema.category.toLowerCase()
}
