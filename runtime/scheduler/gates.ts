// Gates: claims that stages wait for. What a gate measures runs before the stages behind it, and they run only when it holds.
// Whether one holds is decided as for every claim, in `claims.ts`.

import { measuredBy } from '../../spec/plan/measured.js'
import type { ClaimPlan, Plan } from '../../spec/plan/plan.js'

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
    return this.of(address).flatMap((gate) => measuredBy(gate).map(({ stage }) => stage))
  }
}
