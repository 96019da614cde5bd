// Completions with tools and hints (START, arXiv 2503.04625). A completion is drawn to its end, cut at the first call or place for a hint, given what the tool or the
// hint says, and drawn on from there: what follows a cut does not depend on when one stops, and is not counted.

import { isList, type Value } from '../../../spec/plan/plan.js'
import { callHost } from '../../host-functions.js'
import { Later, type Completion, type HostValue } from '../../host.js'
import { below, randomKey } from '../../random.js'
import { attribute, number } from './attributes.js'
import type { Drawn } from './course.js'
import { Policy } from './policy.js'
import { graphsOf } from './programs.js'
import { everyRow, promptTokens } from './prompts.js'
import { meanOf, problemsOf, Rewarder, rewardName, sampleOf, termMeans, termsOf, termValues } from './reward.js'
import { completionOf } from './rollout.js'
import type { StageKind, StageRun } from './stage.js'
import { writeOut } from './written.js'

/** Completions kept for people to read. */
const SAMPLES = 32

interface Tool { readonly open: string; readonly close: string; readonly before: string; readonly after: string; readonly run: string }
interface Hint { readonly text: string; readonly after: readonly string[] }

interface Draft {
  readonly drawn: Drawn
  readonly row: number
  readonly prompt: readonly number[]
  /** Written so far, with what was put in. */
  ids: number[]
  /** Of these, written by the policy. */
  own: number
  calls: number
  hints: number
  finished: boolean
}

/** What ends a draw before its end: so many of the new tokens stay, then comes this text. */
interface Cut { readonly at: number; readonly text: string; readonly kind: 'calls' | 'hints' }

export const generateWithTools: StageKind = async (run) => {
  const { stage } = run
  const score = stage.inputs['score'] ?? null
  const rewarder = await Rewarder.open(run, rewardName(score))
  const policy = await Policy.open(run.executor, await run.openPolicy(stage.inputs['policy'] ?? null), graphsOf(run.plan, stage))
  const [maxNew, samples] = [number(stage, 'max_new'), number(stage, 'samples')]
  const places = new Places(run)
  const drafts = (await everyRow(run, 'prompts')).flatMap((drawn, i) => {
    const prompt = promptTokens(policy, drawn, maxNew)
    return Array.from({ length: samples }, (_, sample): Draft => ({ drawn, row: i * samples + sample, prompt, ids: [], own: 0, calls: 0, hints: 0, finished: false }))
  })
  const room = ({ prompt, ids, own }: Draft): number => Math.min(maxNew - own, policy.context - prompt.length - ids.length)

  for (let round = 0, open = drafts; open.length > 0; round++) {
    const key = randomKey(stage.seed, stage.fingerprint, 'round', String(round))
    const rollouts = await writeOut(run, policy, open.map(({ prompt, ids, row }) => ({ tokens: [...prompt, ...ids], row })), { maxNew: Math.max(...open.map(room)), temperature: number(stage, 'temperature') || 1, key, what: `completions, part ${round + 1}` })
    const going: Draft[] = []
    for (const [i, draft] of open.entries()) {
      const { ids, finished } = completionOf(policy, rollouts[i] as (typeof rollouts)[number])
      const written = Array.from(ids ?? []).slice(0, room(draft))
      const ended = finished && written.length === (ids?.length ?? 0)
      const cut = await places.first(policy, draft, written, ended)
      draft.ids = [...draft.ids, ...written.slice(0, cut?.at)]
      draft.own += cut?.at ?? written.length
      draft.finished = ended && !cut
      if (!cut) continue
      draft[cut.kind]++
      draft.ids.push(...policy.tokenizer.encode(cut.text, 'a tool or hint'))
      if (room(draft) > 0) going.push(draft)
    }
    open = going
  }
  const items = drafts.map(({ drawn, ids, finished }) => ({ ...drawn, completion: { text: policy.tokenizer.decode(ids), tokens: ids.length, ids, finished } satisfies Completion }))
  policy.close()

  const scored = await rewarder.score(items)
  const values = termValues(scored, score)
  const metrics = { accuracy: meanOf(Array.from(values, (value) => Number(value >= 1))), tokens: meanOf(drafts.map(({ ids }) => ids.length)), calls: meanOf(drafts.map(({ calls }) => calls)) }
  items.slice(0, SAMPLES).forEach((item, i) => run.sample(sampleOf(item, scored, i)))
  run.step(1, 1, { ...metrics, hints: meanOf(drafts.map(({ hints }) => hints)), rollouts: items.length, terms: termMeans(scored), ...problemsOf(scored) })
  const rollouts = items.map(({ row, completion }, i) => ({ ...row, completion: completion.text, tokens: completion.tokens, finished: completion.finished, reward: values[i], terms: termsOf(scored, i) }))
  return { metrics, datasets: { rollouts } }
}

/** Where tools are called and hints belong. */
class Places {
  private readonly tools: readonly Tool[]
  private readonly hints: readonly Hint[]
  private readonly most: Readonly<Record<Cut['kind'], number>>

  constructor(private readonly run: StageRun) {
    const { stage } = run
    this.tools = records(attribute(stage, 'tools')).map((tool) => ({ open: String(tool['open']), close: String(tool['close']), before: String(tool['before']), after: String(tool['after']), run: String(tool['run']) }))
    this.hints = records(attribute(stage, 'hints')).map((hint) => ({ text: String(hint['text']), after: (hint['after'] as readonly string[]).map(String) }))
    this.most = { calls: number(stage, 'most_calls'), hints: number(stage, 'most_hints') }
  }

  /** The first place among the newly written tokens, or at their end; none when the completion stays as it is. */
  async first({ tokenizer }: Policy, draft: Draft, written: readonly number[], ended: boolean): Promise<Cut | undefined> {
    const hinting = this.hints.length > 0 && draft.hints < this.most.hints
    for (let at = 1; at <= written.length; at++) {
      const text = tokenizer.decode(written.slice(0, at)).trimEnd()
      const tool = draft.calls < this.most.calls ? this.tools.find(({ open, close }) => called(text, open.trim(), close.trim()) !== undefined) : undefined
      if (tool) return { at, text: `${tool.before} ${await this.result(tool, called(text, tool.open.trim(), tool.close.trim()) ?? '')} ${tool.after}`, kind: 'calls' }
      const fitting = hinting ? this.hints.filter(({ after }) => after.some((word) => text.endsWith(word))) : []
      if (fitting.length > 0) return { at, text: this.drawn(fitting, draft), kind: 'hints' }
    }
    const last = ended && hinting ? this.hints.filter(({ after }) => after.length === 0) : []
    return last.length > 0 ? { at: written.length, text: this.drawn(last, draft), kind: 'hints' } : undefined
  }

  private drawn(hints: readonly Hint[], { row, hints: place }: Draft): string {
    const { seed, fingerprint } = this.run.stage
    return (hints[below(randomKey(seed, fingerprint, 'hint'), hints.length, row, place)] as Hint).text
  }

  private async result({ run }: Tool, input: string): Promise<string> {
    if (run === 'arithmetic') return String(arithmetic(input))
    const made = callHost('std/code.run', { program: input, language: run, input: '', time: 2, memory: 128 * 2 ** 20, output: 2 ** 16 }, { root: this.run.root })
    const value = made instanceof Later ? (await made.start()).value : made
    const { output, message } = value as Readonly<Record<string, HostValue>>
    return `${String(output)}${String(message)}`.trim()
  }
}

/** What stands in the call that ends the text; `undefined` when it ends in none. */
function called(text: string, open: string, close: string): string | undefined {
  if (!text.endsWith(close)) return undefined
  const body = text.slice(0, text.length - close.length)
  const start = body.lastIndexOf(open)
  return start < 0 || body.indexOf(close, start + open.length) >= 0 ? undefined : body.slice(start + open.length).trim()
}

/** `7 *3 +4` from left to right, modulo 10; 0 for what is no chain of digits and operators. */
export function arithmetic(text: string): number {
  let value = 0
  for (const [, operator, digits] of text.matchAll(/([-+*]?)\s*(\d+)/g)) {
    const operand = Number(digits)
    value = operator === '*' ? value * operand : operator === '-' ? value - operand : operator === '+' ? value + operand : operand
  }
  return ((value % 10) + 10) % 10
}

function records(value: Value): Readonly<Record<string, Value>>[] {
  return isList(value) ? value.map((item) => (typeof item === 'object' && item !== null && 'record' in item ? item.record : {})) : []
}
