// Stage kinds that change which model their policy is: a row for each. All others hand on the one that they were given.

import { withAdapter, withoutAdapter, type Adapted } from './adapters.js'
import { agentModel, sameEnvironment } from './agents.js'
import { withScoreHead } from './heads.js'
import { withIsolatedPaths } from './paths.js'
import { withReweighedAttention } from './reweighed.js'
import type { ModelPlan, Value } from './plan.js'

export const CHANGES = {
  Lora: withAdapter,
  MergeLora: withoutAdapter,
  IsolatePaths: withIsolatedPaths,
  ReweighAttention: withReweighedAttention,
  RewardModel: (model) => ({ model: withScoreHead(model) }),
  OnlineRl: sameEnvironment,
  Collect: sameEnvironment,
} as const satisfies Readonly<Record<string, (model: ModelPlan, attributes: Readonly<Record<string, Value>>) => Adapted>>

export const changesModel = (kind: string): kind is keyof typeof CHANGES => Object.hasOwn(CHANGES, kind)

/** Stage kinds that make a model of what they say themselves. */
export const MAKES = { OfflineRl: agentModel } as const satisfies Readonly<Record<string, (attributes: Readonly<Record<string, Value>>) => ModelPlan | undefined>>

export const makesModel = (kind: string): kind is keyof typeof MAKES => Object.hasOwn(MAKES, kind)
