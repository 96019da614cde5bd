// Which model a stage works on, and what changed it: from its policy back through the stages that handed it over.
// The drafts must be free of circles.

import type { TypeNode } from '../../grammar/ast/ast.js'
import { changesModel, makesModel } from '../../spec/plan/changes.js'
import type { Drafts } from './dependencies.js'
import type { AnyDraft, StageDraft } from './drafts.js'
import type { CompileValue, ReferenceTarget } from './value.js'

/** What a stage works on. */
export interface Behind {
  /** Address of the model; `undefined` for kinds without one, and where a stage made it. */
  readonly model: string | undefined
  /** The stages that made it, or changed which model it is, the first one first (`spec/plan/changes.ts`). */
  readonly changes: readonly StageDraft[]
}

/** Of a stage, once it was asked for: stages in a row share one answer. */
const known = new WeakMap<StageDraft, Behind>()

/** Address of the model behind a stage's policy; `undefined` for kinds without one. */
export function modelBehind(drafts: Drafts, stage: StageDraft): string | undefined {
  return behind(drafts, stage).model
}

/** The model behind a stage's policy, and what changed it. */
export function behind(drafts: Drafts, stage: StageDraft): Behind {
  const passed: StageDraft[] = []
  let at: StageDraft | undefined = stage
  let found: Behind = { model: undefined, changes: [] }
  while (at) {
    const before = known.get(at)
    if (before) {
      found = handedOver(at, before)
      break
    }
    passed.push(at)
    const input = policyInput(at)
    const to: ReferenceTarget | undefined = input === undefined ? undefined : targetOf(at.settings.get(input)?.value)
    if (to?.kind === 'model') found = { model: to.address, changes: [] }
    const from: AnyDraft | undefined = to?.kind === 'stage' ? drafts.get(to.address) : undefined
    at = from?.draft === 'stage' ? from : undefined
  }
  for (const each of passed.reverse()) {
    known.set(each, found)
    found = handedOver(each, found)
  }
  return known.get(stage) as Behind
}

/** As `behind`, of the value of an input such as `reference`. */
export const behindInput = (drafts: Drafts, { settings }: StageDraft, input: string): Behind => behindValue(drafts, settings.get(input)?.value)

/** As `behind`, of what a value refers to. */
export function behindValue(drafts: Drafts, value: CompileValue | undefined): Behind {
  const to = targetOf(value)
  const from = to?.kind === 'stage' ? drafts.get(to.address) : undefined
  return from?.draft === 'stage' ? handedOver(from, behind(drafts, from)) : { model: to?.kind === 'model' ? to.address : undefined, changes: [] }
}

/** The stage that put on the adapter of a policy that was changed so; `undefined` where it has none. */
export function adapterIn(changes: readonly StageDraft[]): StageDraft | undefined {
  const last = changes.findLast(({ kind }) => kind.name === 'Lora' || kind.name === 'MergeLora')
  return last?.kind.name === 'Lora' ? last : undefined
}

function handedOver(stage: StageDraft, { model, changes }: Behind): Behind {
  if (makesModel(stage.kind.name)) return { model: undefined, changes: [stage] }
  return { model, changes: changesModel(stage.kind.name) ? [...changes, stage] : changes }
}

/** What a value refers to. Policies that are merged share one model; the first says which. */
function targetOf(value: CompileValue | undefined): ReferenceTarget | undefined {
  switch (value?.type) {
    case 'ref':
      return value.to
    case 'list':
      return targetOf(value.items[0])
    case 'map':
      return targetOf(value.values[0])
    case 'record':
      return targetOf([...value.fields.values()][0])
    default:
      return undefined
  }
}

/** The input whose weights a stage works on: `policy`, else the first that takes a policy. */
function policyInput({ kind }: StageDraft): string | undefined {
  if (kind.members.get('policy')?.role === 'input') return 'policy'
  return [...kind.members.values()].find(({ role, type }) => role === 'input' && takesPolicy(type))?.name
}

function takesPolicy(type: TypeNode): boolean {
  switch (type.node) {
    case 'OptionalType':
      return takesPolicy(type.inner)
    case 'UnionType':
      return type.options.some(takesPolicy)
    case 'NamedType':
      return ['Policy', 'Model', 'Classifier', 'Scorer', 'Agent'].includes(type.name.name) || type.arguments.some(takesPolicy)
    default:
      return false
  }
}
