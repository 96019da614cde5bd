// The graph of everything that waits for something: circles (RLP5001), stages that feed nothing (RLP5004),
// and which stages must be done first. Edges are the references that elaboration found.

import type { AnyDraft, StageDraft } from './drafts.js'
import type { Context } from './context.js'
import type { Reference } from './settings.js'

export type Drafts = ReadonlyMap<string, AnyDraft>

/** Reports every circle once, with its whole path; true when there is none. */
export function reportCycles(context: Context, drafts: Drafts): boolean {
  const state = new Map<string, 'open' | 'done'>()
  const path: { address: string; reference: Reference | undefined }[] = []
  let acyclic = true
  const visit = (address: string, reference: Reference | undefined): void => {
    const draft = drafts.get(address)
    if (!draft || state.get(address) === 'done') return
    if (state.get(address) === 'open') {
      acyclic = false
      reportCycle(context, [...path.slice(path.findIndex((step) => step.address === address) + 1), { address, reference }])
      return
    }
    state.set(address, 'open')
    path.push({ address, reference })
    for (const next of draft.references) visit(next.address, next)
    path.pop()
    state.set(address, 'done')
  }
  for (const address of drafts.keys()) visit(address, undefined)
  return acyclic
}

/** `steps`: each thing of the circle with the reference by which it was reached; the last is the one it began with. */
function reportCycle(context: Context, steps: readonly { address: string; reference: Reference | undefined }[]): void {
  const names = steps.map(({ address }) => address)
  const begin = names.at(-1) as string
  const labels = steps.flatMap(({ address, reference }, i) => (reference ? [{ span: reference.span, text: `${i === 0 ? begin : (names[i - 1] as string)} needs ${address}` }] : []))
  const [first, ...rest] = labels
  if (!first) return
  context.report('RLP5001', first.span, steps.length === 1 ? `\`${begin}\` waits for itself` : 'these wait for each other', {
    label: first.text,
    related: rest,
    notes: [[begin, ...names].join(' -> ')],
    help: 'take one of these references out, or refer to an earlier instance',
  })
}

/** Stages that nothing uses, when the pipeline says what it hands out. Stages without artefacts are ends in themselves. */
export function reportUnreachable(context: Context, drafts: Drafts, roots: readonly Reference[], handsOut: boolean): void {
  if (!handsOut) return
  const reached = new Set<string>()
  const visit = (address: string): void => {
    if (reached.has(address)) return
    reached.add(address)
    for (const next of drafts.get(address)?.references ?? []) visit(next.address)
  }
  for (const { address } of roots) visit(address)
  const stages = [...drafts.values()].filter((draft): draft is StageDraft => draft.draft === 'stage')
  for (const stage of stages) if (!handsOn(stage)) visit(stage.address)
  const used = new Set(stages.flatMap(({ span, address }) => (reached.has(address) ? [span] : [])))
  for (const stage of stages) {
    if (used.has(stage.span)) continue
    context.report('RLP5004', stage.span, `stage \`${stage.name}\` feeds nothing`, {
      label: 'no output, claim or evaluation depends on it',
      notes: ['it would be run for nothing'],
      help: 'add its result to the outputs of the pipeline, or remove the stage',
    })
  }
}

/** Whether a stage makes something that others could use. */
function handsOn({ kind }: StageDraft): boolean {
  return [...kind.outputs.values()].some(({ type }) => type.node === 'NamedType' && type.name.name !== 'Real')
}

/** The stages that must be done before `address`: the nearest ones, through datasets and curricula, and `others`; sorted. */
export function neededStages(drafts: Drafts, address: string, others: readonly string[] = []): readonly string[] {
  const found = new Set(others)
  const seen = new Set<string>()
  const visit = (from: string): void => {
    for (const { address: next } of drafts.get(from)?.references ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      if (drafts.get(next)?.draft === 'stage') found.add(next)
      else visit(next)
    }
  }
  visit(address)
  return [...found].sort()
}
