// Where rewards ask a model to look: the calls of `visual_attention` in their signals.
// Of the plan alone: the compiler adds the program `look` to stages whose rewards ask, the engine runs it.

import type { Expr, RewardPlan, Value } from './plan.js'

const VISUAL_ATTENTION = 'std/attention.visual_attention'

/** Whose tokens a model looks at. */
export const ROLES = ['image', 'system'] as const

/** Tags of the tokens of two roles, as they are written: pairs of texts, or null. */
export interface AskedRoles {
  readonly image: Value
  readonly system: Value
}

/** The same for the same tags. */
export const rolesKey = ({ image, system }: { readonly image: unknown; readonly system: unknown }): string => JSON.stringify([image, system])

/** What the signals of a reward ask about, each pair of roles once. */
export function askedRoles(signals: RewardPlan['signals']): readonly AskedRoles[] {
  const found = new Map<string, AskedRoles>()
  for (const { expr } of signals) {
    for (const args of callsIn(expr)) {
      const [image, system] = [args['image'], args['system']].map((arg) => (arg && 'const' in arg ? arg.const : null)) as [Value, Value]
      found.set(rolesKey({ image, system }), { image, system })
    }
  }
  return [...found.values()]
}

function callsIn(expr: Expr): Readonly<Record<string, Expr>>[] {
  if ('call' in expr) return [...(expr.call === VISUAL_ATTENTION ? [expr.args] : []), ...Object.values(expr.args).flatMap(callsIn)]
  if ('op' in expr) return expr.args.flatMap(callsIn)
  if ('if' in expr) return [expr.if, expr.then, expr.else].flatMap(callsIn)
  return 'field' in expr ? callsIn(expr.of) : []
}
