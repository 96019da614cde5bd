// Rewards of rollouts: signals of the host for each completion, then the reward's program over all of them.
// A value, a missing value, an error and a time-out stay apart, and are counted.

import type { RewardPlan, Value } from '../../../spec/plan/plan.js'
import { failure } from '../../codes.js'
import type { Row } from '../../data/dataset.js'
import { evaluate, type Scope } from '../../data/expr.js'
import { reference } from '../../executors/reference/reference.js'
import { HostCalls, Waiting } from '../../host-calls.js'
import { HostError, type Completion, type HostValue } from '../../host.js'
import { Secrets } from '../../secrets.js'
import { ENDINGS, type Ending } from '../../sandbox/sandbox.js'
import { addressOf, openJudges, type Judges } from './judges.js'
import { Programs } from './programs.js'
import type { StageRun } from './stage.js'

export interface Scored {
  /** One number for each completion. */
  readonly total: Float64Array
  /** Terms and measures, in the order they were written. */
  readonly terms: Readonly<Record<string, Float64Array>>
  /** The terms alone: what an objective may weigh. */
  readonly objectives: readonly Float64Array[]
  /** How many signals gave no value, failed, or ran out of time. */
  readonly problems: { readonly missing: number; readonly errors: number; readonly timeouts: number }
  /** How the programs in completions ended; absent when no signal ran one. */
  readonly programs?: Readonly<Record<Ending, number>>
}

/** Errors that say something about this machine or stage and nothing about a completion: no reward may turn them into a number. */
const MACHINE: ReadonlySet<string> = new Set(['RLP8109', 'RLP8110', 'RLP8111', 'RLP8113'])

type Problem = 'missing' | 'errors' | 'timeouts'

export class Rewarder {
  private constructor(
    private readonly name: string,
    private readonly reward: RewardPlan,
    private readonly programs: Programs,
    private readonly root: string,
    private readonly secrets: Secrets,
    private readonly judges: Judges,
  ) {}

  static async open(run: Pick<StageRun, 'plan' | 'root' | 'executor' | 'openModel' | 'openPolicy'>, name: string): Promise<Rewarder> {
    const { plan, root } = run
    const reward = plan.rewards[name]
    const graph = reward && plan.programs[reward.program]
    if (!reward || !graph) throw new RangeError(`the plan has no reward ${name}`)
    return new Rewarder(name, reward, new Programs(await reference.open(), { reward: graph }), root, new Secrets(plan.secrets, root), await openJudges(run, reward.signals))
  }

  /** Terms and total of completions, each beside the row of its prompt, after `steps` updates. Errors: RLP8003 when a total is not finite, RLP8010 when a signal fails and the reward says `stop`. */
  async score(items: readonly { readonly row: Row; readonly completion: Completion; readonly place: string }[], steps = 0): Promise<Scored> {
    const problems = { missing: 0, errors: 0, timeouts: 0 }
    const feeds: Record<string, Float64Array> = {}
    for (const { name } of this.reward.signals) feeds[name] = new Float64Array(items.length)
    const calls = new HostCalls({ root: this.root })
    const ended: Record<Ending, number> = { done: 0, failed: 0, timeout: 0, memory: 0, output: 0, forbidden: 0 }
    const seen = items.map(() => new Set<string>())
    const pairs = this.reward.signals.flatMap((signal) => items.map((item, i) => ({ signal, item, i })))
    const values = await calls.each(pairs, ({ signal, item: { row, completion }, i }) =>
      this.signal(signal.expr, { names: { row: row as HostValue, completion, clock: { steps } }, call: (name, args) => calls.call(name, args, seen[i]), secret: (name) => this.secrets.get(name), judge: (stage, output) => this.judges.get(addressOf({ stage, output })) ?? null }),
    )
    pairs.forEach(({ signal, item, i }, n) => {
      const value = values[n] as (typeof values)[number]
      const feed = feeds[signal.name] as Float64Array
      if (typeof value === 'number') feed[i] = value
      else {
        problems[value.problem]++
        feed[i] = this.instead(value.problem, value.why, signal.name, item.place)
      }
    })
    for (const keys of seen) for (const ending of calls.endings(keys)) ended[ending]++
    const found = await this.programs.run('reward', { N: items.length }, feeds)
    const terms = Object.fromEntries(this.reward.terms.map(({ name }) => [name, found[name] as Float64Array]))
    const objectives = this.reward.terms.filter(({ measure }) => !measure).map(({ name }) => terms[name] as Float64Array)
    const scored: Scored = { total: found['total'] as Float64Array, terms, objectives, problems, ...(ENDINGS.some((ending) => ended[ending] > 0) ? { programs: ended } : {}) }
    const worst = scored.total.findIndex((value) => !Number.isFinite(value))
    if (worst >= 0) {
      const given = Object.entries(termsOf(scored, worst)).map(([name, value]) => `${name} = ${value}`).join(', ')
      throw failure('RLP8003', `the total of reward \`${this.name}\` is ${scored.total[worst]} on the completion of ${items[worst]?.place}, where ${given}`, 'keep divisors and arguments of `log` away from 0, as in `x / max(y, 1e-6)`')
    }
    return scored
  }

  private signal(expr: RewardPlan['signals'][number]['expr'], scope: Scope): number | { problem: Problem; why: string } {
    try {
      const value = evaluate(expr, scope)
      if (value === null) return { problem: 'missing', why: 'it does not apply' }
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number === 'number' && !Number.isNaN(number)) return number
      return { problem: 'errors', why: `it gave ${JSON.stringify(value)}, not a number` }
    } catch (cause) {
      if (cause instanceof Waiting || (cause instanceof HostError && MACHINE.has(cause.code))) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      return { problem: cause instanceof HostError && cause.code === 'RLP8107' ? 'timeouts' : 'errors', why }
    }
  }

  private instead(problem: Problem, why: string, signal: string, place: string): number {
    const key = ({ missing: 'onMissing', errors: 'onError', timeouts: 'onTimeout' } as const)[problem]
    const value = this.reward[key]
    if (value !== 'stop') return value
    const setting = ({ missing: 'on_missing', errors: 'on_error', timeouts: 'on_timeout' } as const)[problem]
    throw failure('RLP8010', `the signal \`${signal}\` of reward \`${this.name}\` failed on the completion of ${place}: ${why}`, `fix the data, or say with \`${setting}\` what such a signal counts as`)
  }
}

/** The name behind an input of type `Reward` or `Term`. */
export function rewardName(value: Value): string {
  if (typeof value === 'object' && value !== null && 'reward' in value) return value.reward
  throw new RangeError('the plan gives no reward')
}

/** The numbers that an input of type `Term` means: those of one term, or the totals. */
export function termValues(scored: Scored, value: Value): Float64Array {
  const term = typeof value === 'object' && value !== null && 'term' in value ? value.term : undefined
  return term === undefined || term === 'total' ? scored.total : (scored.terms[term] as Float64Array)
}

/** The mean of each term. */
export function termMeans({ terms }: Scored): Record<string, number> {
  return Object.fromEntries(Object.entries(terms).map(([name, values]) => [name, meanOf(values)]))
}

/** What went wrong with signals, and how programs ended, as metrics. */
export const problemsOf = ({ problems, programs }: Scored): Pick<Scored, 'problems' | 'programs'> => ({ problems, ...(programs ? { programs } : {}) })

/** The terms of one completion. */
export function termsOf({ terms }: Scored, i: number): Record<string, number> {
  return Object.fromEntries(Object.entries(terms).map(([name, values]) => [name, values[i] as number]))
}

/** A completion with its numbers, as a line of `samples.jsonl`. */
export function sampleOf({ row, completion }: { readonly row: Row; readonly completion: Completion }, scored: Scored, i: number): Record<string, unknown> {
  return { prompt: row['prompt'], completion: completion.text, finished: completion.finished, terms: termsOf(scored, i), total: scored.total[i] }
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return values.length === 0 ? 0 : sum / values.length
}
