// What a stage needs of this machine and its user: secrets, and interpreters for the programs of its reward. Asked before the first step.

import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { HostError } from '../host.js'
import type { Secrets } from '../secrets.js'
import { problemWith } from '../signals/code.js'

/** Names of secrets, and languages of programs. */
interface Needs {
  readonly secrets: Set<string>
  readonly languages: Set<string>
}

/** What is not there for a stage, as errors RLP8110, RLP8111, RLP8109. Languages that a row names are not known yet. */
export function lacking(plan: Plan, secrets: Secrets): (stage: StagePlan) => Promise<readonly HostError[]> {
  const walk = new Walk(plan)
  return async ({ inputs, attributes }) => {
    const needs = walk.of([inputs, attributes])
    const problems: HostError[] = []
    for (const name of [...needs.secrets].sort()) {
      try {
        secrets.get(name)
      } catch (cause) {
        if (!(cause instanceof HostError)) throw cause
        problems.push(cause)
      }
    }
    const interpreters = await Promise.all([...needs.languages].sort().map(problemWith))
    return [...problems, ...interpreters.filter((problem) => problem !== undefined)]
  }
}

/** Everything inside a value, and inside the datasets, curricula and rewards that it names, each of which is walked once; stages are asked for themselves. */
class Walk {
  private readonly named = new Map<string, Needs>()

  constructor(private readonly plan: Plan) {}

  of(value: unknown): Needs {
    const needs: Needs = { secrets: new Set(), languages: new Set() }
    this.add(value, needs)
    return needs
  }

  private add(value: unknown, needs: Needs): void {
    if (typeof value !== 'object' || value === null) return
    const part = value as Readonly<Record<string, unknown>>
    for (const key in part) this.add(part[key], needs)
    const { secret, call, dataset, curriculum, reward } = part
    if (typeof secret === 'string') needs.secrets.add(secret)
    if (call === 'std/code.run' || call === 'std/code.passed') {
      const { language } = part['args'] as { readonly language: { readonly const?: unknown } }
      if (typeof language.const === 'string') needs.languages.add(language.const)
    }
    if (typeof dataset === 'string') this.join(`dataset ${dataset}`, () => this.plan.datasets[dataset] ?? phasesOf(this.plan, dataset), needs)
    if (typeof curriculum === 'string') this.join(`curriculum ${curriculum}`, () => this.plan.curricula[curriculum], needs)
    if (typeof reward === 'string') this.join(`reward ${reward}`, () => this.plan.rewards[reward]?.signals, needs)
  }

  private join(name: string, target: () => unknown, needs: Needs): void {
    const found = this.named.get(name) ?? this.of(target())
    this.named.set(name, found)
    for (const secret of found.secrets) needs.secrets.add(secret)
    for (const language of found.languages) needs.languages.add(language)
  }
}

/** The data of a phase is addressed `school.basics`. */
function phasesOf(plan: Plan, address: string): unknown {
  return Object.entries(plan.curricula).flatMap(([name, { phases }]) => phases.filter((phase) => `${name}.${phase.name}` === address))
}
