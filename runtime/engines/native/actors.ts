// Who takes part when a policy learns from what it writes, or from pairs: the policy, a frozen reference, the reward.
// What they do is in `experience.ts` and in the stage kinds.

import type { Graph } from '../../../spec/graph/graph.js'
import { Policy } from './policy.js'
import { ofReference } from './programs.js'
import { Rewarder, rewardName } from './reward.js'
import type { StageRun } from './stage.js'

export interface Actors {
  readonly policy: Policy
  /** The reference policy; absent when the objective does not read it. */
  readonly frozen: Policy | undefined
  readonly rewarder: Rewarder
}

type Graphs = Readonly<Record<string, Graph>>

/** The stage's policy, and the reference policy where the objective, or what `more` names, reads its log-probabilities. */
export async function openPolicies(run: StageRun, graphs: Graphs, more: Iterable<string> = []): Promise<Pick<Actors, 'policy' | 'frozen'>> {
  const { stage, executor } = run
  const policy = await Policy.open(executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphs)
  const reads = new Set([...policy.programs.feeds('weigh'), ...policy.programs.feeds('measure'), ...more])
  const frozen = reads.has('ref_logp') ? await Policy.open(executor, await run.openPolicy(stage.inputs['reference'] ?? null), ofReference(graphs)) : undefined
  return { policy, frozen }
}

/** The policies of a stage and its reward. */
export async function openActors(run: StageRun, graphs: Graphs, more?: Iterable<string>): Promise<Actors> {
  return { ...(await openPolicies(run, graphs, more)), rewarder: await Rewarder.open(run, rewardName(run.stage.inputs['reward'] ?? null)) }
}

export function closePolicies({ policy, frozen }: Pick<Actors, 'policy' | 'frozen'>): void {
  policy.close()
  frozen?.close()
}
