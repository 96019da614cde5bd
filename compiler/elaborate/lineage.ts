// Which model a stage works on: from its policy back through the stages that handed it over.
// The drafts must be free of circles.

import type { TypeNode } from '../../grammar/ast/ast.js'
import type { Drafts } from './dependencies.js'
import type { AnyDraft, StageDraft } from './drafts.js'
import type { CompileValue, ReferenceTarget } from './value.js'

/** Of a stage, once it was asked for: stages in a row share one answer. */
const known = new WeakMap<StageDraft, { readonly model: string | undefined }>()

/** Address of the model behind a stage's policy; `undefined` for kinds without one. */
export function modelBehind(drafts: Drafts, stage: StageDraft): string | undefined {
  const passed: StageDraft[] = []
  let at: StageDraft | undefined = stage
  let model: string | undefined
  while (at) {
    const found = known.get(at)
    if (found) model = found.model
    passed.push(at)
    const input: string | undefined = found ? undefined : policyInput(at)
    const to: ReferenceTarget | undefined = input === undefined ? undefined : targetOf(at.settings.get(input)?.value)
    if (to?.kind === 'model') model = to.address
    const from: AnyDraft | undefined = to?.kind === 'stage' ? drafts.get(to.address) : undefined
    at = from?.draft === 'stage' ? from : undefined
  }
  for (const each of passed) known.set(each, { model })
  return model
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
      return ['Policy', 'Model', 'Classifier'].includes(type.name.name) || type.arguments.some(takesPolicy)
    default:
      return false
  }
}
