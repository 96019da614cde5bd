// What a stage needs of this machine and its user: secrets, and interpreters for the programs of its reward. Asked before the first step.

import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { HostError } from '../host.js'
import type { Secrets } from '../secrets.js'
import { problemWith } from '../signals/code.js'

/** What is not there, as errors RLP8110, RLP8111, RLP8109. Languages that a row names are not known yet. */
export async function lacking(plan: Plan, stage: StagePlan, secrets: Secrets): Promise<readonly HostError[]> {
  const [names, languages] = [new Set<string>(), new Set<string>()]
  for (const part of partsOf(plan, [stage.inputs, stage.attributes])) {
    if (typeof part['secret'] === 'string') names.add(part['secret'])
    if (part['call'] === 'std/code.run' || part['call'] === 'std/code.passed') {
      const { language } = part['args'] as { readonly language: { readonly const?: unknown } }
      if (typeof language.const === 'string') languages.add(language.const)
    }
  }
  const problems: HostError[] = []
  for (const name of [...names].sort()) {
    try {
      secrets.get(name)
    } catch (cause) {
      if (!(cause instanceof HostError)) throw cause
      problems.push(cause)
    }
  }
  const interpreters = await Promise.all([...languages].sort().map(problemWith))
  return [...problems, ...interpreters.filter((problem) => problem !== undefined)]
}

type Part = Readonly<Record<string, unknown>>

/** Every record inside a value, and inside the datasets, curricula and rewards that it names; stages are asked for themselves. */
function partsOf(plan: Plan, value: unknown): readonly Part[] {
  const found = new Set<unknown>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const part = waiting.pop()
    if (typeof part !== 'object' || part === null || found.has(part)) continue
    found.add(part)
    waiting.push(...Object.values(part))
    const { dataset, curriculum, reward } = part as Part
    if (typeof dataset === 'string') waiting.push(plan.datasets[dataset] ?? phasesOf(plan, dataset))
    if (typeof curriculum === 'string') waiting.push(plan.curricula[curriculum])
    if (typeof reward === 'string') waiting.push(plan.rewards[reward]?.signals)
  }
  return [...found] as Part[]
}

/** The data of a phase is addressed `school.basics`. */
function phasesOf(plan: Plan, address: string): unknown {
  return Object.entries(plan.curricula).flatMap(([name, { phases }]) => phases.filter((phase) => `${name}.${phase.name}` === address))
}
