// Sense of an objective: what the loss reads is there, what is there is read, and the functions know the levels of their stage.

import type { Expression } from '../../../grammar/ast/ast.js'
import { suggest } from '../../../grammar/diagnostics/suggest.js'
import type { DeclarationSymbol } from '../../resolve/program.js'
import { walk } from '../../resolve/walk.js'
import { insertion } from '../check-body.js'
import { joined, sourceOf, type Context } from '../context.js'
import { memberType } from '../members.js'
import { optionsOf, type FunctionType } from '../types.js'
import type { StageView } from './view.js'

export function checkObjective(cx: Context, view: StageView): void {
  checkReference(cx, view)
  checkClip(cx, view)
  checkLevels(cx, view)
}

function functionAt(view: StageView, path: string): FunctionType | undefined {
  const type = view.type(path)
  return type?.type === 'function' ? type : undefined
}

/** `ref_logp` is read, by the loss or by an advantage with a penalty in it, exactly when there is a `reference`. */
function checkReference(cx: Context, view: StageView): void {
  const given = view.value('reference')
  const functions = view.has('reference') && view.has('loss') ? ['loss', 'advantage'].flatMap((path) => (view.has(path) ? [{ path, fn: functionAt(view, path) }] : [])) : []
  // Of one that is no function nobody knows what it reads.
  if (functions.length === 0 || functions.some(({ fn }) => !fn)) return
  const reader = functions.find(({ fn }) => fn?.parameters.some(({ name }) => name === 'ref_logp'))
  const reads = reader !== undefined
  const { path, fn } = (reader ?? functions[0]) as (typeof functions)[number]
  const name = fn?.symbol ? `\`${fn.symbol.name}\`` : `the ${path}`
  if (reads && (!given || given.node === 'None')) {
    const policy = view.value('policy')
    const text = policy && `reference = ${sourceOf(policy.span)}`
    const { body } = view.declaration
    cx.report('RLP6004', view.span(path), `${name} reads \`ref_logp\`, and there is no \`reference\``, {
      label: 'which policy is the reference?',
      notes: ['the reference is the frozen policy that the KL penalty pulls towards, usually the one the stage starts from'],
      help: text ? `add \`${text}\`, or use a function without \`ref_logp\`` : 'add `reference = …`, or use a function without `ref_logp`',
      fixes: text && body && !given ? [{ title: `add \`${text}\``, edits: [insertion(body, text)], safe: false }] : [],
    })
  } else if (!reads && given && given.node !== 'None') {
    cx.report('RLP6006', given.span, `\`reference\` is given, and ${name} does not read it`, {
      label: 'has no effect',
      related: view.value('loss') ? [{ span: view.span('loss'), text: 'reads no `ref_logp`' }] : [],
      help: 'remove it, or use a loss that reads `ref_logp`, such as `clipped_with_kl(kl = 0.04)`',
    })
  }
}

/** With one pass and one split the policy that is updated is the one that sampled: the ratio is 1 and nothing is clipped. */
function checkClip(cx: Context, view: StageView): void {
  if (!view.has('update.passes') || view.constant('update.passes') !== 1 || view.constant('update.splits') !== 1) return
  walk(view.value('loss'), (part) => {
    if (part.node !== 'Call') return
    for (const argument of part.arguments) {
      if (argument.name?.name !== 'clip') continue
      cx.report('RLP6008', argument.span, '`clip` cannot act here', {
        label: 'the importance ratio is always 1',
        notes: ['each batch of rollouts is used for one update (`passes = 1`, `splits = 1`), so `logp` equals `old_logp`'],
        help: 'use `update { passes = 2 }` or more `splits`, or leave `clip` out',
      })
    }
  })
}

/** Functions may reduce over levels that other kinds have and this one does not. */
function checkLevels(cx: Context, view: StageView): void {
  const { levels } = view.schema
  if (levels.length === 0) return
  for (const member of view.schema.members.values()) {
    const value = view.value(member.name)
    if (!value || !optionsOf(memberType(cx, member)).some((option) => option.type === 'function')) continue
    const found = cx.types.get(value)
    const symbol = found?.type === 'function' ? found.symbol : undefined
    const foreign = symbol && [...levelsUsed(symbol)].find((level) => cx.levels.has(level) && !levels.includes(level))
    if (!symbol || !foreign) continue
    const better = suggest(foreign, levels)
    cx.report('RLP4104', value.span, `\`${symbol.name}\` reduces over \`${foreign}\`, and \`${view.schema.name}\` has no such level`, {
      label: `\`${view.schema.name}\` has ${joined(levels)}`,
      related: [{ span: symbol.declaration.name.span, text: 'declared here' }],
      help: `use a function for these levels${better ? `, over \`${better}\`` : ''}`,
    })
  }
}

/** Levels that `over = …` names in a function of the language and in those it calls. */
function levelsUsed(symbol: DeclarationSymbol, seen: Set<DeclarationSymbol> = new Set()): Set<string> {
  const levels = new Set<string>()
  if (seen.has(symbol) || symbol.declaration.node !== 'Function') return levels
  seen.add(symbol)
  const { lets, body } = symbol.declaration
  const look = (part: Expression) => {
    if (part.node === 'Call') for (const { name, value } of part.arguments) if (name?.name === 'over' && value.node === 'Name') levels.add(value.name)
    if (part.node !== 'Name') return
    const other = symbol.module.lookup(part.name)
    if (other?.symbol === 'declaration') for (const level of levelsUsed(other, seen)) levels.add(level)
  }
  for (const { value } of lets) walk(value, look)
  walk(body, look)
  return levels
}
