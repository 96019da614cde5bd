// Sense of data: shares of a mixture sum to 1, and every phase of a curriculum that is walked through comes to an end.

import type { Expression } from '../../../grammar/ast/ast.js'
import { qualifiedName, wordOf, type DeclarationSymbol } from '../../resolve/program.js'
import { partsOf } from '../../resolve/walk.js'
import { replace, type Context } from '../context.js'
import { membersOf } from '../members.js'
import { constantOf } from '../types.js'

/** Sums of written percentages are exact to this. */
const EXACT = 1e-9

export function checkMixtures(cx: Context): void {
  for (const expression of cx.types.keys()) {
    if (expression.node !== 'Call' || !calls(cx, expression.callee, 'std/prelude.mixture')) continue
    const parts = (expression.arguments.find(({ name }) => !name || name.name === 'parts') ?? expression.arguments[0])?.value
    if (parts?.node !== 'List' || parts.items.length === 0) continue
    const shares = parts.items.map((item) => shareOf(cx, item))
    const values = shares.map((share) => constantOf(share && cx.types.get(share)))
    if (!values.every((value) => value !== undefined)) continue
    const sum = values.reduce((total, value) => total + value, 0)
    if (Math.abs(sum - 1) <= EXACT) continue
    const last = shares.at(-1)
    const rest = 1 - (sum - (values.at(-1) as number))
    const fitting = rest > 0 && rest <= 1 && last
    cx.report('RLP6007', parts.span, `the shares of a mixture sum to ${percent(sum)}, not to 100%`, {
      label: values.map(percent).join(' + '),
      help: fitting ? `for example, make the last share ${percent(rest)}` : 'change the shares so that they sum to 100%',
      fixes: fitting ? [replace(last.span, percent(rest), false)] : [],
    })
  }
}

function shareOf(cx: Context, item: Expression): Expression | undefined {
  if (item.node !== 'Call' || !calls(cx, item.callee, 'std/prelude.share')) return undefined
  return (item.arguments.find(({ name }) => name?.name === 'part') ?? item.arguments.find(({ name }) => !name))?.value
}

function calls(cx: Context, callee: Expression, name: string): boolean {
  const type = cx.types.get(callee)
  return type?.type === 'function' && type.symbol !== undefined && qualifiedName(type.symbol) === name
}

function percent(value: number): string {
  return `${Number((value * 100).toPrecision(12))}%`
}

/** A curriculum that a stage takes as a whole moves from phase to phase: all but the last must end. */
export function checkCurricula(cx: Context): void {
  const seen = new Set<DeclarationSymbol>()
  for (const written of cx.written.values()) {
    for (const { value } of written.values()) {
      for (const { symbol, use } of wholes(cx, value)) {
        if (seen.has(symbol)) continue
        seen.add(symbol)
        const phases = [...membersOf(symbol.declaration, 'phase').values()]
        for (const phase of phases.slice(0, -1)) {
          const body = cx.written.get(phase)
          if (!body || body.has('between') || body.has('advance')) continue
          cx.report('RLP6002', phase.name.span, `phase \`${phase.name.name}\` never ends`, {
            label: 'no `between` and no `advance`',
            related: [{ span: use.span, text: 'the curriculum is walked through here' }],
            help: 'add `between = 100 steps..200 steps`, or `advance = metrics.… >= …`',
          })
        }
      }
    }
  }
}

/** Curricula that an expression names as a whole, not by phase. */
function wholes(cx: Context, expression: Expression): { symbol: DeclarationSymbol; use: Expression }[] {
  const type = cx.types.get(expression)
  if (type?.type === 'artefact' && type.name === 'Curriculum' && type.symbol && wordOf(type.symbol) === 'curriculum') return [{ symbol: type.symbol, use: expression }]
  if (expression.node === 'Field') return []
  return partsOf(expression).flatMap((part) => wholes(cx, part))
}
