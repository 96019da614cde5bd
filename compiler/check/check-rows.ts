// Rewards read rows that data provides: whether the rows of a stage have the fields that its reward reads.

import { qualifiedName, type DeclarationSymbol } from '../resolve/program.js'
import type { KindSchema } from '../kinds/schema.js'
import { mismatch } from './assignable.js'
import { differences } from './complain.js'
import { shortened, sourceOf, type Context, type Written } from './context.js'
import { expectType } from './expect.js'
import { attributeOf, memberType } from './members.js'
import { keysEnv } from './symbols.js'
import { ANY, optionsOf, POISON, show, type ArtefactName, type Type } from './types.js'

const READERS: readonly ArtefactName[] = ['Reward', 'Term']
const SOURCES: readonly ArtefactName[] = ['Dataset', 'Curriculum']

/** Compares every reward or term that a stage takes with the rows of its data; what one reward misses is said once. */
export function checkRows(cx: Context, schema: KindSchema, written: Written): void {
  const inputs = [...schema.members.values()].filter(({ role }) => role === 'input')
  const named = (names: readonly ArtefactName[]) => inputs.filter((member) => optionsOf(memberType(cx, member)).some((option) => option.type === 'artefact' && names.includes(option.name)))
  const [source] = named(SOURCES)
  const data = source && written.get(source.name)
  if (!data) return
  const given = rowIn(cx.types.get(data.value))
  for (const reader of named(READERS)) {
    const reward = written.get(reader.name)
    const wanted = reward && rowIn(cx.types.get(reward.value))
    if (!reward || !wanted || !given) continue
    const reason = mismatch(given, wanted, cx.levels)
    const told = `${sourceOf(reward.value.span).split('.')[0]} ${JSON.stringify(reason)}`
    if (!reason || cx.rowsTold.has(told)) continue
    cx.rowsTold.add(told)
    cx.report('RLP3011', reward.value.span, `this reward is declared for other rows than \`${source.name}\` provides`, {
      label: `declared for ${shortened(show(wanted))}`,
      related: [{ span: data.value.span, text: 'these rows are scored' }],
      notes: reason.why === 'fields' ? differences(reason) : [],
      help: `declare the reward for the rows of \`${source.name}\`, or give \`${source.name}\` rows with these fields`,
    })
  }
}

/** The rows that the input `name` of a stage is given, as `row` of its expressions; anything when it is not known. */
export function rowOfInput(cx: Context, symbol: DeclarationSymbol, schema: KindSchema, name: string): Type {
  const member = schema.members.get(name)
  const value = attributeOf(symbol.declaration, name)
  if (!member || !value || symbol.declaration.node !== 'Declaration' || qualifiedName(schema.symbol) !== 'std/stages.Filter') return ANY
  const type = expectType(cx, value, memberType(cx, member), keysEnv(cx, symbol, symbol.declaration), `\`${name}\``)
  return rowIn(type) ?? POISON
}

function rowIn(type: Type | undefined): Type | undefined {
  return optionsOf(type ?? POISON).flatMap((option) => (option.type === 'artefact' && option.row ? [option.row] : []))[0]
}
