// What stands in rewards and curricula: terms in their order, and phases.

import type { GenericDeclaration } from '../../grammar/ast/ast.js'
import { qualifiedName, type ModuleScope } from '../resolve/program.js'
import { checkBody, type Body } from './check-body.js'
import { withLocals, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { granted } from './grants.js'
import { TERM_WORDS } from './members.js'
import { REAL, type Type } from './types.js'

/** Terms see the completion, the row and earlier terms, measures earlier measures too; the total sees all terms. */
export function checkReward(cx: Context, body: Body): void {
  const { declaration, schema, row } = body
  let env = withLocals(body.env, granted(qualifiedName(schema.symbol), 'total', row))
  let logged = env
  const seen = new Map<string, GenericDeclaration>()
  const below = new Set([...(declaration.body?.items ?? []).flatMap((item) => (item.node === 'Declaration' && TERM_WORDS.includes(item.word.name) ? [item.name.name] : [])), 'total'])
  for (const term of declaration.body?.items ?? []) {
    if (term.node !== 'Declaration' || !TERM_WORDS.includes(term.word.name)) continue
    const { name, span } = term.name
    const word = term.word.name
    const before = seen.get(name)
    if (before || name === 'total') {
      cx.report('RLP2002', span, before ? `${word} \`${name}\` is declared twice` : `\`total\` is the attribute, not a ${word}`, {
        label: before ? `second ${word} of this name` : 'already has a meaning',
        related: before ? [{ span: before.name.span, text: 'first declared here' }] : [],
        help: before ? 'give it another name' : 'write `total = …`',
      })
    }
    seen.set(name, term)
    if (term.type) cx.report('RLP3015', term.type.span, `a ${word} has no type`, { label: `every ${word} is a Real`, help: `write \`${word} ${name} = …\`` })
    if (!term.value) {
      if (!cx.isDamaged(term.span)) cx.report('RLP3016', span, `${word} \`${name}\` needs a value`, { label: 'expected `= …` behind it', help: `write \`${word} ${name} = …\`` })
      env = withLocals(env, [[name, { type: 'poison' }]])
      continue
    }
    // A term is one number for each rollout; inside the reward, which sees one, it is just a number.
    const type = expectType(cx, term.value, { ...REAL, level: 'rollout' }, { ...(word === 'measure' ? logged : env), below: new Set([...below].filter((one) => one === name || !seen.has(one))) }, `${word} \`${name}\``)
    logged = withLocals(logged, [[name, ofOne(type)]])
    if (word === 'term') env = withLocals(env, [[name, ofOne(type)]])
  }
  checkBody(cx, { ...body, env })
}

export function checkPhase(cx: Context, phase: GenericDeclaration, scope: ModuleScope, env: Env, row: Type): void {
  const schema = cx.kinds.kindOf(phase, scope)
  if (!schema) return
  const bound = new Map<string, Type>(schema.typeParameters.map(({ name }) => [name, row]))
  checkBody(cx, { declaration: phase, schema, env, bound, row, words: [] })
}

function ofOne(type: Type): Type {
  if (type.type !== 'number') return type
  const { level: _, ...number } = type
  return number
}
