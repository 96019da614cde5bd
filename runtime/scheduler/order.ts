// The order in which stages run: every stage after those it needs, otherwise by address.

import type { StagePlan } from '../../spec/plan/plan.js'

/** Topological order. The compiler refuses cycles; a plan with one is damaged: `RangeError`. */
export function runOrder(stages: readonly StagePlan[]): StagePlan[] {
  const left = new Map(stages.map((stage) => [stage.address, stage]))
  const ordered: StagePlan[] = []
  while (left.size > 0) {
    const ready = [...left.values()].filter((stage) => stage.needs.every((address) => !left.has(address)))
    if (ready.length === 0) throw new RangeError(`stages wait for each other: ${[...left.keys()].join(', ')}`)
    for (const stage of ready) {
      ordered.push(stage)
      left.delete(stage.address)
    }
  }
  return ordered
}
