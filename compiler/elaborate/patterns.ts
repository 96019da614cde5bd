// Regular expressions that are known before the run: one that is none is told where it is given (RLP5020), not by every stage that searches with it.
// What a row or a completion makes is for the run.

import type { Parameter } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { PRELUDE } from '../resolve/resolve.js'
import type { ModuleScope } from '../resolve/program.js'
import type { Context } from './context.js'
import type { CompileValue } from './value.js'

/** Looks at what is given for a parameter of the prelude's type `Pattern`. */
export function reportPattern(context: Context, value: CompileValue, { name, type }: Parameter, scope: ModuleScope, span: Span): void {
  if (value.type !== 'text' || type.node !== 'NamedType' || type.name.name !== 'Pattern') return
  const symbol = scope.lookup('Pattern')
  if (symbol?.symbol !== 'declaration' || symbol.module.path !== PRELUDE) return
  const fault = faultOf(value.value)
  if (fault === undefined) return
  context.report('RLP5020', span, `\`${name.name}\` is no regular expression`, {
    label: fault,
    notes: [`read as ${JSON.stringify(value.value)}`],
    help: 'JavaScript\'s syntax with the flags `s` and `u`; what is meant as it stands has `\\\\` before it: `"\\\\("`',
  })
}

/** What the engine says is wrong. */
function faultOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'su')
    return undefined
  } catch (error) {
    return (error as Error).message.replace(/^.*: /s, '').toLowerCase()
  }
}
