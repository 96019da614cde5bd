// Lowers stages that differ in seeds and data only once: keyed instances mostly do.
// What lowering is comes from the caller.

import { contentHash } from '../../spec/plan/canonical.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import type { StageDraft } from '../elaborate/drafts.js'
import type { Family, Setting } from '../elaborate/setting.js'
import type { LoweredStage, StageToLower } from '../lower/types.js'
import { qualifiedName } from '../resolve/program.js'
import { memoised } from './memoised.js'

/** What a stage stands on beside its settings. */
interface Ground {
  readonly model: ModelPlan | undefined
  /** The model behind the input `reference`. */
  readonly reference: ModelPlan | undefined
  readonly withoutEngine: boolean
  readonly steps: number | undefined
  readonly looks: boolean
}

/** `lower`, for a draft and what it stands on; what was lowered before is given again. */
export function sharing(lower: (stage: StageToLower) => LoweredStage) {
  const known = new Map<string, LoweredStage>()
  const instances = memoised((_: Family) => new Map<string, LoweredStage>())
  const shapes = new Map<string, number>()
  // Models that differ in their numbers alone are scored by one program.
  const shape = memoised((model: ModelPlan | undefined): number => {
    const hash = model === undefined ? '' : contentHash({ ...model, source: null })
    const number = shapes.get(hash) ?? shapes.size
    shapes.set(hash, number)
    return number
  })
  return (draft: StageDraft, given: Ground): LoweredStage => {
    const ground = shape(given.reference) === shape(given.model) ? { ...given, reference: undefined } : given
    const { model, reference, withoutEngine, steps, looks } = ground
    const about = `${shape(model)} ${shape(reference)} ${withoutEngine} ${steps} ${looks}`
    // Instances are told apart by the few settings that are their own; another declaration may still say the same.
    const ofFamily = instances(draft.settings.family)
    const instance = `${about} ${words(draft.settings.own.values())}`
    const alike = ofFamily.get(instance)
    if (alike) return alike
    const key = `${qualifiedName(draft.kind.symbol)} ${about} ${words(draft.settings.values())}`
    const found = known.get(key) ?? lower(stageToLower(draft, ground))
    known.set(key, found)
    ofFamily.set(instance, found)
    return found
  }
}

/** All that lowering sees of settings: of inputs only which are given. */
function words(settings: Iterable<Setting>): string {
  let text = ''
  for (const setting of settings) {
    if (setting.member.role === 'input') text += setting.value.type === 'none' ? ',' : ',given'
    else if (setting.path !== 'seed') text += `,${setting.text}`
  }
  return text
}

function stageToLower(draft: StageDraft, { model, reference, withoutEngine, steps, looks }: Ground): StageToLower {
  const inputs = [...draft.settings.values()].filter(({ member, value }) => member.role === 'input' && value.type !== 'none')
  return {
    address: draft.address,
    kind: draft.kind,
    attributes: new Map([...draft.settings.values()].map(({ path, value }) => [path, value])),
    inputs: new Set(inputs.map(({ path }) => path)),
    model,
    ...(reference ? { reference } : {}),
    withoutEngine,
    ...(steps === undefined ? {} : { steps }),
    looks,
    span: draft.span,
    spanOf: (path) => draft.settings.get(path)?.written?.span,
  }
}
