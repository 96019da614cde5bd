// Kinds themselves: types and defaults of their members, and aliases that lead somewhere.

import type { KindSchema, Member } from '../kinds/schema.js'
import type { DeclarationSymbol } from '../resolve/program.js'
import { moduleEnv, type Context } from './context.js'
import { expectType } from './expect.js'
import { granted } from './grants.js'
import { memberType } from './members.js'
import { ANY } from './types.js'
import { qualifiedName } from '../resolve/program.js'
import { withLocals } from './context.js'

export function checkKind(cx: Context, symbol: DeclarationSymbol): void {
  const schema = cx.kinds.of(symbol)
  const declaration = symbol.declaration
  if (!schema || declaration.node !== 'Declaration') return
  for (const member of [...schema.members.values(), ...schema.outputs.values()]) checkMember(cx, schema, member)
  for (const section of schema.sections.values()) for (const member of section.members.values()) if (member.scope === symbol.module) checkMember(cx, schema, member)
  for (const item of declaration.body?.items ?? []) {
    if (item.node !== 'Declaration' || item.word.name !== 'alias') continue
    const path = schema.aliases.get(item.name.name)
    if (path === undefined || leads(schema, path)) continue
    cx.report('RLP2006', item.value?.span ?? item.span, `alias \`${item.name.name}\` leads to no attribute`, { label: `\`${schema.name}\` has no \`${path}\``, help: 'name an attribute of the kind, or `section.attribute`' })
  }
}

function checkMember(cx: Context, schema: KindSchema, member: Member): void {
  const type = memberType(cx, member)
  if (!member.default) return
  const env = withLocals(moduleEnv(member.scope), granted(qualifiedName(schema.symbol), member.name, ANY))
  expectType(cx, member.default, type, env, `the default of \`${member.name}\``)
}

function leads(schema: KindSchema, path: string): boolean {
  const [head = '', tail] = path.split('.')
  return tail === undefined ? schema.members.has(head) || schema.sections.has(head) : schema.sections.get(head)?.members.has(tail) === true
}
