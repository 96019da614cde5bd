// The order in which stages run: every stage after those it needs, otherwise as the plan lists them.

import type { StagePlan } from '../../spec/plan/plan.js'

/**
 * Topological order, in time linear in stages and needs; `also`: what a stage waits for without needing it.
 * The compiler refuses cycles; a plan with one is damaged: `RangeError`.
 */
export function runOrder(stages: readonly StagePlan[], also: (address: string) => readonly string[] = () => []): StagePlan[] {
  const place = new Map(stages.map(({ address }, i) => [address, i]))
  const waits = stages.map(({ address, needs }) => [...needs, ...also(address)].filter((need) => place.has(need)))
  const waitsFor = waits.map(({ length }) => length)
  const neededBy = new Map<string, number[]>()
  waits.forEach((needs, i) => needs.forEach((need) => void (neededBy.get(need)?.push(i) ?? neededBy.set(need, [i]))))
  const ordered: StagePlan[] = []
  let ready = stages.flatMap((_, i) => (waitsFor[i] === 0 ? [i] : []))
  while (ready.length > 0) {
    const next: number[] = []
    for (const i of ready) {
      const stage = stages[i] as StagePlan
      ordered.push(stage)
      for (const after of neededBy.get(stage.address) ?? []) if (--(waitsFor[after] as number) === 0) next.push(after)
    }
    ready = next.sort((a, b) => a - b)
  }
  if (ordered.length < stages.length) throw new RangeError(`stages wait for each other: ${stages.filter((_, i) => (waitsFor[i] as number) > 0).map(({ address }) => address).join(', ')}`)
  return ordered
}
