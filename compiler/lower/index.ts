// Lowering as the plan's assembly wants it: models, rewards and stages → programs.
// Does not hold anything between calls.

import { freshModel } from '../model/transformer.js'
import { lowerReward } from './reward.js'
import { lowerStage } from './stage.js'

export const lowering = { model: freshModel, reward: lowerReward, stage: lowerStage } as const
