// The model behind each stage of a spec, with the adapters, merges and paths that stages before it made of it, and what is said where one cannot be made.
// The changes themselves are `spec/plan/changes.ts`.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import { environmentOf } from '../../spec/plan/agents.js'
import type { Fault } from '../../spec/plan/adapters.js'
import { CHANGES, changesModel, makesModel, MAKES } from '../../spec/plan/changes.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { report } from '../elaborate/codes.js'
import type { Drafts } from '../elaborate/dependencies.js'
import type { StageDraft } from '../elaborate/drafts.js'
import { behind, type Behind } from '../elaborate/lineage.js'
import { memoised } from './memoised.js'
import { saidBy } from './said.js'

/** The plans of the models behind stages, with what changed them. */
export class BehindPlans {
  private readonly attributes = memoised((stage: StageDraft) => saidBy(stage).attributes)
  /** A change that cannot be made is a mistake of its own stage: behind it the model is as it was. */
  private readonly changed = memoised((plan: ModelPlan) =>
    memoised((stage: StageDraft): ModelPlan => {
      const { name } = stage.kind
      const changed = changesModel(name) ? CHANGES[name](plan, this.attributes(stage)) : undefined
      return changed && 'model' in changed ? changed.model : plan
    }),
  )

  private readonly faulty = memoised((stage: StageDraft): boolean => this.fault(stage, this.under(stage)) !== undefined)

  constructor(
    private readonly drafts: Drafts,
    private readonly models: ReadonlyMap<string, ModelPlan>,
  ) {}

  of({ model, changes }: Behind): ModelPlan | undefined {
    const plan = model === undefined ? undefined : this.models.get(model)
    return changes.reduce((at, stage) => this.made(stage) ?? (at && this.changed(at)(stage)), plan)
  }

  /** The model that a stage works on: what it is given, or makes. */
  under(stage: StageDraft): ModelPlan | undefined {
    return this.made(stage) ?? this.of(behind(this.drafts, stage))
  }

  /** The environment that a stage acts in, by its name. */
  environment(stage: StageDraft): string | undefined {
    return stage.kind.members.has('environment') ? environmentOf(this.attributes(stage)) : undefined
  }

  private made(stage: StageDraft): ModelPlan | undefined {
    const { name } = stage.kind
    return makesModel(name) ? MAKES[name](this.attributes(stage)) : undefined
  }

  /** Why a stage cannot change its model, or cannot work with the adapter that it meets. */
  fault(stage: StageDraft, model: ModelPlan | undefined): Fault | undefined {
    const { name } = stage.kind
    if (name === 'Merge' || name === 'ShrinkPerturb') {
      const adapted = stage.settings.referring().flatMap(({ references }) => references).some((address) => {
        const from = this.drafts.get(address)
        const given = from?.draft === 'stage' ? this.under(from) : undefined
        return given && this.changed(given)(from as StageDraft).adapter !== undefined
      })
      return adapted ? { fault: `\`${name}\` works on whole weights, and this policy has an adapter` } : undefined
    }
    if (!changesModel(name) || !model) return undefined
    // Behind a change that could not be made, what is missing has been told of.
    if (behind(this.drafts, stage).changes.some((before) => this.faulty(before))) return undefined
    const changed = CHANGES[name](model, this.attributes(stage))
    return 'fault' in changed ? changed : undefined
  }
}

/** What is said of a fault, by kind; others are about adapters. */
const reports: Readonly<Record<string, (stage: StageDraft, fault: Fault) => Diagnostic>> = { IsolatePaths: pathsFault, ReweighAttention: rolesFault, OnlineRl: agentFault, Collect: agentFault }

/** Diagnostic of a stage that cannot change its model. */
export const reportFault = (stage: StageDraft, fault: Fault): Diagnostic => (reports[stage.kind.name] ?? adapterFault)(stage, fault)

function agentFault(stage: StageDraft, { fault }: Fault): Diagnostic {
  return report('RLP5018', stage.settings.get('agent')?.written?.span ?? stage.span, `\`${stage.name}\` is given an agent of another environment`, { label: fault, help: 'give both stages the same `environment`' })
}

function adapterFault(stage: StageDraft, { fault, attribute }: Fault): Diagnostic {
  const help = attribute === 'targets' ? 'choose among these names, or leave out `targets`' : stage.kind.name === 'MergeLora' ? 'give it a policy that comes from a `Lora`' : 'merge it first, with `MergeLora`'
  return report('RLP5016', stage.settings.get('targets')?.written?.span ?? stage.settings.get('policy')?.written?.span ?? stage.span, `\`${stage.name}\` cannot use this adapter`, { label: fault, help })
}

function pathsFault(stage: StageDraft, { fault }: Fault): Diagnostic {
  const span = ['block', 'path', 'policy'].map((path) => stage.settings.get(path)?.written?.span).find((found) => found !== undefined)
  return report('RLP5017', span ?? stage.span, `\`${stage.name}\` cannot keep the paths of this policy apart`, { label: fault, help: 'put `<…>` and `</…>` of the block and the path into the `vocabulary` of a `Transformer`, or name tags that are in it' })
}

function rolesFault(stage: StageDraft, { fault }: Fault): Diagnostic {
  const span = ['roles.image', 'roles.system', 'policy'].map((path) => stage.settings.get(path)?.written?.span).find((found) => found !== undefined)
  return report('RLP5017', span ?? stage.span, `\`${stage.name}\` cannot change the attention of this policy`, { label: fault, help: 'name the tags that open and close the tokens of each role, `roles { image = ["<img>", "</img>"], system = ["<sys>", "</sys>"] }`, and have them in the `vocabulary` of a `Transformer`' })
}
