// Whether claims can mean something: data that they are measured on was not trained on (RLP5012), bounds and keys that it can reach (RLP5013),
// and arms with the budget that they are said to have (RLP5014).
// Follows references only; two sources are the same when they are the same call. Files with equal rows are not noticed.

import { canonicalJson } from '../../spec/plan/canonical.js'
import { plannedBudget, unequalBudgets } from './budget.js'
import type { Context } from './context.js'
import type { Drafts } from './dependencies.js'
import type { ClaimDraft, DatasetDraft, StageDraft } from './drafts.js'
import { misfit } from './fits.js'
import { toValue } from './to-plan.js'
import { parts, type CompileValue } from './value.js'

const BOUNDS = new Set(['<', '<=', '>', '>=', '==', '!='])

/** Rows at the beginning of a lineage: a source, and which part of it (`undefined` = all). */
interface Leaf {
  readonly source: string
  readonly part: string | undefined
  /** What people call it. */
  readonly name: string
}

/** The drafts must be free of circles. */
export function reportClaims(context: Context, drafts: Drafts, claims: readonly ClaimDraft[]): void {
  for (const claim of claims) {
    const { atLeast, checks, span } = claim
    if (atLeast !== undefined && checks.length > 0 && atLeast > checks.length) {
      context.report('RLP5013', span, `claim \`${claim.name}\` can never hold`, {
        label: `asks for ${atLeast} of ${checks.length}`,
        notes: [`its \`require\` has ${checks.length === 1 ? 'one check' : `${checks.length} checks, one for each key`}`],
        help: `ask for at most ${checks.length}, or add keys`,
      })
    }
    reportBound(context, drafts, claim)
    const { budget } = claim
    if (budget && budget.measure !== 'flops') {
      const { measure } = budget
      const found = unequalBudgets(claim.name, budget, (address) => {
        const stage = drafts.get(address)
        return stage?.draft === 'stage' ? plannedBudget(drafts, stage, measure) : undefined
      })
      if (found) context.diagnostics.push(found)
      continue
    }
    for (const { address } of claim.references) {
      const stage = drafts.get(address)
      if (stage?.draft === 'stage') reportOverlap(context, drafts, stage, claim)
    }
  }
}

const BEYOND = 1e-9

/** A number that an output is compared with must lie in the output's own range; the first of a claim that does not is told. */
function reportBound(context: Context, drafts: Drafts, { name, span, checks }: ClaimDraft): void {
  for (const { expr } of checks) {
    if (!('op' in expr) || !BOUNDS.has(expr.op)) continue
    const [measured, bound] = [expr.args.find((side) => 'stage' in side), expr.args.find((side) => 'const' in side)]
    if (!measured || !('stage' in measured) || !bound || !('const' in bound) || typeof bound.const !== 'number') continue
    const stage = drafts.get(measured.stage)
    const output = stage?.draft === 'stage' ? stage.kind.outputs.get(measured.metric) : undefined
    if (!output) continue
    const value = bound.const
    // A number at the end of the range is one that nothing lies beyond.
    const above = (expr.op === '>') === (expr.args[0] === measured)
    const wanted = expr.op === '>' || expr.op === '<' ? value + (above ? BEYOND : -BEYOND) : value
    const problem = (number: number) => misfit(context, { type: 'number', value: number, unit: undefined }, output.type, output.scope)
    const wrong = problem(value) ?? problem(wanted)
    if (!wrong) continue
    context.report('RLP5013', span, `claim \`${name}\` compares \`${measured.metric}\` with a number that it cannot have`, {
      label: problem(value) ? `${value} is no value of \`${measured.stage}.${measured.metric}\`` : `\`${measured.stage}.${measured.metric}\` is never ${above ? 'above' : 'below'} ${value}`,
      notes: [wrong.title],
      // 1.2 is more likely 120 % than 1.2 %.
      help: value > 2 && !problem(value / 100) ? `write \`${value}%\`` : 'compare with a number in that range',
    })
    return
  }
}

function reportOverlap(context: Context, drafts: Drafts, stage: StageDraft, claim: ClaimDraft): void {
  const policy = stage.settings.get('policy') ?? stage.settings.get('model')
  const data = stage.settings.get('data')
  if (policy?.member.role !== 'input' || data?.member.role !== 'input') return
  const trained = leavesOf(drafts, policy.value)
  const shared = leavesOf(drafts, data.value).find((leaf) => trained.some((other) => overlaps(leaf, other)))
  if (!shared) return
  context.report('RLP5012', data.written?.span ?? stage.span, `\`${stage.name}\` measures on data that its policy was trained on`, {
    label: `${shared.name} is part of the training data`,
    related: [{ span: claim.span, text: 'this claim rests on it' }],
    notes: [`${shared.name} reaches the policy of \`${stage.address}\` through the stages before`],
    help: 'measure on rows that no stage before it reads',
  })
}

/** The sources that `value` comes from, through datasets, curricula and stages. */
function leavesOf(drafts: Drafts, value: CompileValue, seen = new Set<string>()): readonly Leaf[] {
  if (value.type === 'call') {
    const inner = [...value.arguments.values()].flatMap((argument) => leavesOf(drafts, argument, seen))
    return inner.length > 0 || !givesRows(value) ? inner : [{ source: canonicalJson(toValue(value)).replaceAll(/(?<=["/])(\.\/)+/g, ''), part: undefined, name: `\`${value.fn.name}(…)\`` }]
  }
  if (value.type !== 'ref') return parts(value).flatMap((part) => leavesOf(drafts, part, seen))
  const { to } = value
  const place = to.kind === 'curriculum' && to.phase !== undefined ? `${to.address}.${to.phase}` : to.address
  if (seen.has(place)) return []
  seen.add(place)
  const draft = drafts.get(to.address)
  switch (draft?.draft) {
    case 'dataset':
      return ofDataset(drafts, draft, seen)
    case 'curriculum':
      return draft.phases.filter(({ name }) => to.kind !== 'curriculum' || to.phase === undefined || to.phase === name).flatMap(({ dataset }) => ofDataset(drafts, dataset, seen))
    case 'stage':
      return draft.settings.values().filter(({ member }) => member.role === 'input').flatMap((input) => leavesOf(drafts, input.value, seen))
    default:
      return []
  }
}

function ofDataset(drafts: Drafts, { address, source, where, skip, take }: DatasetDraft, seen: Set<string>): readonly Leaf[] {
  const cut = where !== undefined || (skip ?? 0) > 0 || take !== undefined ? canonicalJson({ where, skip, take }) : undefined
  return leavesOf(drafts, source, seen).map((leaf) => ({ source: leaf.source, part: [leaf.part, cut].filter((one) => one !== undefined).join(' ') || undefined, name: `\`${address}\`` }))
}

/** Different parts of one source may be apart (a split by `skip` and `take`), so only the whole or the same part counts. */
function overlaps(a: Leaf, b: Leaf): boolean {
  return a.source === b.source && (a.part === b.part || a.part === undefined || b.part === undefined)
}

function givesRows({ fn }: CompileValue & { type: 'call' }): boolean {
  const { declaration } = fn
  return declaration.node === 'Function' && declaration.result?.node === 'NamedType' && declaration.result.name.name === 'Dataset'
}
