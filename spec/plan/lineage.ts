// Which model a value of a plan is: from a stage's output back through the stages that changed it.
// Of the plan alone: the compiler, which has no plan yet, walks its drafts (`compiler/elaborate/lineage.ts`) by the same table.

import { CHANGES, changesModel, makesModel, MAKES } from './changes.js'
import type { ModelPlan, Plan, StagePlan, Value } from './plan.js'

export interface Behind {
  readonly model: ModelPlan
  /** Of a policy with an adapter: the policy that it was put on, whose weights stand still. */
  readonly base?: Value
}

/** The input whose model a stage works on. */
export const modelInput = ({ inputs }: Pick<StagePlan, 'inputs'>): Value => inputs['policy'] ?? inputs['model'] ?? inputs['agent'] ?? null

/** Of a plan: the model behind a value; undefined for what is no model. Each stage is walked once. */
export function lineage(plan: Plan): (value: Value) => Behind | undefined {
  const stages = new Map(plan.stages.map((stage) => [stage.address, stage]))
  const known = new Map<StagePlan, Behind | undefined>()
  return (value) => {
    const passed: StagePlan[] = []
    let at = value
    let stage = stageOf(at)
    while (stage && !known.has(stage)) {
      passed.push(stage)
      at = modelInput(stage)
      stage = stageOf(at)
    }
    let behind = stage ? known.get(stage) : modelOf(at)
    for (const each of passed.reverse()) {
      behind = makesModel(each.kind) ? made(each.kind, each) : behind && handedOver(each, behind)
      known.set(each, behind)
    }
    return behind
  }

  function stageOf(value: Value): StagePlan | undefined {
    return typeof value === 'object' && value !== null && 'stage' in value ? stages.get(value.stage) : undefined
  }

  function modelOf(value: Value): Behind | undefined {
    const model = typeof value === 'object' && value !== null && 'model' in value ? plan.models[value.model] : undefined
    return model && { model }
  }
}

function made(kind: keyof typeof MAKES, { attributes }: StagePlan): Behind | undefined {
  const model = MAKES[kind](attributes)
  return model && { model }
}

function handedOver(stage: StagePlan, behind: Behind): Behind | undefined {
  if (!changesModel(stage.kind)) return behind
  const changed = CHANGES[stage.kind](behind.model, stage.attributes)
  if ('fault' in changed) return undefined
  const { model } = changed
  if (!model.adapter) return { model }
  const base = behind.model.adapter ? behind.base : modelInput(stage)
  return { model, ...(base === undefined ? {} : { base }) }
}
