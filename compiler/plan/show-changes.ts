// How a comparison of two plans reads: attribute by attribute in the notation of the language, instances that changed alike together,
// stages that only follow in one line. What changed is found in `spec/plan/compare.ts`.

import type { Graph } from '../../spec/graph/graph.js'
import { inlineComposites } from '../../spec/graph/inline.js'
import type { Difference, Fact, PlanComparison, StageComparison } from '../../spec/plan/compare.js'
import type { Plan } from '../../spec/plan/plan.js'
import { compareGraphs } from '../graph/compare.js'
import { showExpr, showValue } from './notation.js'

export interface ComparedPlans {
  readonly before: Plan
  readonly after: Plan
  readonly comparison: PlanComparison
}

export interface ShowChangesOptions {
  readonly colour: boolean
  /** Further lines under a changed stage, such as formulas as they are written. */
  readonly more?: (stage: StageComparison) => readonly string[]
}

/** Text that ends with a newline; a single line when both mean the same. */
export function showChanges(compared: ComparedPlans, { colour, more = () => [] }: ShowChangesOptions): string {
  const { comparison } = compared
  const { stages, claims, outputs, parameters } = comparison
  const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  const mark = { added: paint(32, '+'), removed: paint(31, '-'), changed: paint(33, '~') }
  const lines = parameters.map((each) => `  param ${line(each, compared)}`)
  const count = (change: StageComparison['change']) => stages.filter((each) => each.change === change).length

  for (const change of ['removed', 'added'] as const) for (const [head] of grouped(stages.filter((each) => each.change === change))) lines.push(`${mark[change]} ${head}`)
  const direct = stages.filter(({ change, differences }) => change === 'changed' && differences.length > 0)
  for (const [head, group] of grouped(direct, (stage) => linesOf(stage, compared))) {
    const first = group[0] as StageComparison
    lines.push(`${mark.changed} ${head}`, ...columns(first.differences.map((each) => cells(each, compared))).map((text) => `    ${text}`), ...more(first).map((text) => `    ${text}`))
  }
  const following = stages.filter(({ change, differences }) => change === 'changed' && differences.length === 0)
  if (following.length > 0) lines.push(`${mark.changed} ${following.length === 1 ? 'follows' : 'follow'}: ${list(following.map(({ address, through }) => `${address} (from ${list(through)})`))}`)
  const renamed = stages.flatMap(({ address, formerly }) => (formerly === undefined ? [] : [`${formerly} → ${address}`]))
  if (renamed.length > 0) lines.push(`  renamed: ${list(renamed)}`)
  for (const { name, change, differences } of claims) lines.push(`${mark[change]} claim ${name}`, ...columns(differences.map((each) => cells(each, compared))).map((text) => `    ${text}`))
  for (const each of outputs) lines.push(`${mark.changed} output ${line(each, compared)}`)

  const parts = (['changed', 'added', 'removed', 'renamed', 'same'] as const).flatMap((change) => (count(change) === 0 ? [] : [`${count(change)} ${change === 'same' ? 'unchanged' : change}`]))
  const total = stages.length === 0 ? 'no stages' : `stages: ${parts.join(', ')}`
  return comparison.same ? `same meaning (${total})\n${lines.map((text) => `${text}\n`).join('')}` : `${lines.join('\n')}\n${total}\n`
}

/** `optimizer.lr.peak: 2e-4 → 3e-4`, one line for each difference of a stage. */
export function linesOf(stage: StageComparison, compared: Pick<ComparedPlans, 'before' | 'after'>): readonly string[] {
  return stage.differences.map((each) => line(each, compared))
}

function line(difference: Difference, compared: Pick<ComparedPlans, 'before' | 'after'>): string {
  const [path, what] = cells(difference, compared)
  return `${path}: ${what}`
}

function cells({ path, before, after }: Difference, compared: Pick<ComparedPlans, 'before' | 'after'>): [path: string, what: string] {
  if (before && after && 'program' in before && 'program' in after) return [path, formulas(compared.before.programs[before.program], compared.after.programs[after.program])]
  return [path, `${before ? fact(before) : '(none)'} → ${after ? fact(after) : '(none)'}`]
}

function fact(shown: Fact): string {
  if ('value' in shown) return showValue(shown.value)
  if ('expr' in shown) return showExpr(shown.expr)
  return 'text' in shown ? shown.text : 'a program'
}

/** What differs in two lowered formulas: their constants, or more. */
function formulas(before: Graph | undefined, after: Graph | undefined): string {
  if (!before || !after) return 'another formula'
  const like = compareGraphs(inlineComposites(before), inlineComposites(after))
  if (like.likeness === 'same') return 'the same formula in another order'
  if (like.likeness === 'other') return 'another formula'
  return `constants of the formula: ${like.pairs.map((pair) => `${pair.ours} → ${pair.theirs} (in ${pair.in})`).join(', ')}`
}

/** Instances of one declaration whose lines are the same, under one head. */
function grouped(stages: readonly StageComparison[], linesFor: (stage: StageComparison) => readonly string[] = () => []): [head: string, stages: StageComparison[]][] {
  const groups = new Map<string, StageComparison[]>()
  for (const stage of stages) {
    const key = JSON.stringify([stage.name, stage.kind, ...linesFor(stage)])
    const group = groups.get(key)
    if (group) group.push(stage)
    else groups.set(key, [stage])
  }
  return [...groups.values()].map((group) => [`${list(group.map(({ address }) => address))}: ${(group[0] as StageComparison).kind}`, group])
}

/** More than so many names are counted. */
const MOST_NAMES = 4

function list(names: readonly string[]): string {
  return names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES - 1).join(', ')} and ${names.length - MOST_NAMES + 1} more`
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([path]) => path.length))
  return rows.map(([path, what]) => `${path.padEnd(width)}  ${what}`)
}
