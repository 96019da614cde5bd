// Which model a stage works on: from its policy back through the stages that handed it over.
// The drafts must be free of circles.

import type { TypeNode } from '../../grammar/ast/ast.js'
import type { Drafts } from './dependencies.js'
import type { StageDraft } from './drafts.js'
import type { CompileValue } from './value.js'

/** Address of the model behind a stage's policy; `undefined` for kinds without one. */
export function modelBehind(drafts: Drafts, stage: StageDraft): string | undefined {
  const input = policyInput(stage)
  return input === undefined ? undefined : modelOf(drafts, stage.settings.get(input)?.value)
}

function modelOf(drafts: Drafts, value: CompileValue | undefined): string | undefined {
  switch (value?.type) {
    case 'ref': {
      const { to } = value
      if (to.kind === 'model') return to.address
      const from = to.kind === 'stage' ? drafts.get(to.address) : undefined
      return from?.draft === 'stage' ? modelBehind(drafts, from) : undefined
    }
    // Policies that are merged share one model; the first says which.
    case 'list':
      return modelOf(drafts, value.items[0])
    case 'map':
      return modelOf(drafts, value.values[0])
    case 'record':
      return modelOf(drafts, [...value.fields.values()][0])
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
