// A drafted reward in the form that lowering takes, for its plan and for its tests alike.
// Lowers nothing itself.

import type { FunctionDeclaration } from '../../grammar/ast/ast.js'
import type { RewardToLower } from './types.js'
import { qualifiedName, type Program } from '../resolve/program.js'
import type { RewardDraft } from '../elaborate/drafts.js'

export function rewardToLower(draft: RewardDraft, program: Program): RewardToLower {
  return {
    // The same for all rewards: programs that compute the same are the same.
    name: 'reward',
    terms: draft.terms,
    total: draft.total,
    substitutes: [draft.onError, draft.onTimeout, draft.onMissing].filter((value): value is number => typeof value === 'number'),
    extern: (call) => externNamed(program, call),
  }
}

function externNamed(program: Program, call: string): FunctionDeclaration | undefined {
  for (const { declared } of program.modules) {
    for (const symbol of declared.values()) {
      if (symbol.declaration.node === 'Function' && qualifiedName(symbol) === call) return symbol.declaration
    }
  }
  return undefined
}
