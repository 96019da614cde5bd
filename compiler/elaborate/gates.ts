// Claims of the kind `Gate`: stages that wait for one wait for what it measures, though nothing of that reaches them.

import type { Context } from './context.js'
import type { Drafts } from './dependencies.js'
import type { ClaimDraft } from './drafts.js'

/** The drafts as they wait for each other, gates included: what a search for circles walks. Reports gates that hold back no stage (RLP5015). */
export function withGates(context: Context, drafts: Drafts, claims: readonly ClaimDraft[]): Drafts {
  const waiting = new Map(drafts)
  for (const { name, before, references } of claims) {
    if (!before) continue
    const stages = before.stages.flatMap((address) => drafts.get(address) ?? []).filter((draft) => draft.draft === 'stage')
    if (stages.length === 0 || stages.length < before.stages.length) {
      context.report('RLP5015', before.span, `gate \`${name}\` is before something that is no stage`, { label: 'stages wait for a gate, nothing else', help: 'name stages, for example `before = practice` or `before = [practice[*], again[*]]`' })
    }
    for (const { address } of stages) {
      const draft = waiting.get(address)
      if (draft?.draft === 'stage') waiting.set(address, { ...draft, references: [...draft.references, ...references] })
    }
  }
  return waiting
}
