// Offline reinforcement learning: an agent is made and trained on recorded transitions alone.

import { lineage } from '../../../spec/plan/lineage.js'
import { freshWeights } from '../../checkpoint/initialise.js'
import { Agent, anew, EVERY_PART } from './agent.js'
import { number } from './attributes.js'
import { Course } from './course.js'
import { trainingLoop } from './loop.js'
import type { StageKind } from './stage.js'
import { transitionOf } from './transitions.js'

export const offlineRl: StageKind = async (run) => {
  const { plan, stage } = run
  const model = lineage(plan)({ stage: stage.address, output: 'agent' })?.model
  if (!model) throw new RangeError(`the plan has no agent for ${stage.address}`)
  const agent = await Agent.open(run, anew({ model, weights: freshWeights(model, 0) }, stage, EVERY_PART))
  const course = await Course.open(run, stage.inputs['data'] ?? null)
  const [batch, steps] = [number(stage, 'batch'), number(stage, 'length')]
  let updates = 0
  const trained = {
    get updates() {
      return updates
    },
    state: () => agent.state(),
    restore: (state: Parameters<Agent['restore']>[0], done: number) => {
      agent.restore(state)
      updates = done
    },
  }
  const meanValue = await trainingLoop(run, trained, course, {
    steps,
    outcome: 'value',
    update: async (step) => {
      const rows = course.take(batch).map((drawn) => transitionOf(drawn, agent.sizes, agent.rewards))
      const metrics = { ...(await agent.updateCritics(rows, step)), ...(await agent.updateActor(rows, step)) }
      updates = step + 1
      return metrics
    },
  })
  const result = { metrics: { success: await agent.success(), mean_value: meanValue }, policies: { agent: await agent.handedOver() } }
  agent.close()
  return result
}
