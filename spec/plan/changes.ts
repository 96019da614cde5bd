// Stage kinds that change which model their policy is: a row for each. All others hand on the one that they were given.

import { withAdapter, withoutAdapter, type Adapted } from './adapters.js'
import { withScoreHead } from './heads.js'
import { withIsolatedPaths } from './paths.js'
import type { ModelPlan, Value } from './plan.js'

export const CHANGES = {
  Lora: withAdapter,
  MergeLora: withoutAdapter,
  IsolatePaths: withIsolatedPaths,
  RewardModel: (model) => ({ model: withScoreHead(model) }),
} as const satisfies Readonly<Record<string, (model: ModelPlan, attributes: Readonly<Record<string, Value>>) => Adapted>>

export const changesModel = (kind: string): kind is keyof typeof CHANGES => Object.hasOwn(CHANGES, kind)
