// Gates: claims that stages wait for. What a gate measures runs before the stages behind it, and they run only when it holds.

import type { ClaimPlan, Expr, Plan } from '../../spec/plan/plan.js'

export class Gates {
  private readonly before = new Map<string, ClaimPlan[]>()

  constructor({ claims }: Plan) {
    for (const claim of claims) for (const address of claim.before ?? []) this.before.set(address, [...this.of(address), claim])
  }

  /** The gates that a stage waits for. */
  of(address: string): readonly ClaimPlan[] {
    return this.before.get(address) ?? []
  }

  /** The stages that are measured by the gates of a stage. */
  measured(address: string): readonly string[] {
    return this.of(address).flatMap(({ checks }) => checks.flatMap(({ expr }) => stagesIn(expr)))
  }
}

function stagesIn(expr: Expr): readonly string[] {
  if ('stage' in expr) return [expr.stage]
  if ('field' in expr) return stagesIn(expr.of)
  if ('op' in expr) return expr.args.flatMap(stagesIn)
  if ('if' in expr) return [expr.if, expr.then, expr.else].flatMap(stagesIn)
  if ('call' in expr) return Object.values(expr.args).flatMap(stagesIn)
  return []
}
