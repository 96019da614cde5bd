// Which programs may run at the same time, each on its own thread: those that share states only where all read them, or all add to them.
// They add in the order of their turns, so that a sum has the same bits whoever computes what.

import type { Graph } from '../../../../spec/graph/graph.js'
import type { Placement } from './place.js'
import type { Schedule, Step } from './step.js'

/** The states that a program touches, by what it does to them. */
export interface Effects {
  readonly reads: ReadonlySet<string>
  /** Changed by `state + x`, and not read otherwise. */
  readonly adds: ReadonlySet<string>
  /** Changed in any other way. */
  readonly changes: ReadonlySet<string>
}

/** What a bound graph does to states. */
export function effectsOf({ nodes, outputs }: Graph): Effects {
  const uses = nodes.map(() => 0)
  for (const { inputs } of nodes) for (const input of inputs) uses[input] = (uses[input] as number) + 1
  for (const { node } of outputs) uses[node] = (uses[node] as number) + 1
  const isState = (id: number, state: string): boolean => nodes[id]?.op === 'input' && nodes[id].attributes['storage'] === 'state' && nodes[id].attributes['name'] === state
  const [adds, changes] = [new Set<string>(), new Set<string>()]
  const added = new Set<number>()
  for (const output of outputs) {
    if (output.kind !== 'assign') continue
    const sum = nodes[output.node]
    const old = sum?.op === 'add' && uses[output.node] === 1 ? sum.inputs.find((input) => isState(input, output.state) && uses[input] === 1) : undefined
    if (old === undefined) changes.add(output.state)
    else {
      adds.add(output.state)
      added.add(old)
    }
  }
  const reads = new Set(nodes.flatMap(({ op, attributes }, id) => (op === 'input' && attributes['storage'] === 'state' && !added.has(id) ? [String(attributes['name'])] : [])))
  for (const state of adds) if (reads.has(state) && adds.delete(state)) changes.add(state)
  return { reads, adds, changes }
}

/** Whether runs of these programs, in any order but that of their additions, leave what they would one after the other. */
export function independent(programs: readonly (Effects | undefined)[]): boolean {
  const added = new Set(programs.flatMap((effects) => [...(effects?.adds ?? [])]))
  const changed = programs.flatMap((effects) => [...(effects?.changes ?? [])])
  const by = new Map(programs.flatMap((effects, i) => [...(effects?.changes ?? [])].map((state) => [state, i])))
  if (by.size < changed.length) return false
  return programs.every((effects, i) => {
    if (!effects) return false
    const free = (state: string): boolean => !added.has(state) && (by.get(state) ?? i) === i
    return [...effects.reads, ...effects.changes].every(free) && [...effects.adds].every((state) => !by.has(state))
  })
}

/** Steps, by number, before which a run awaits its turn at some states, and those after which it passes them on. */
export interface Turnstiles {
  readonly before: ReadonlyMap<number, readonly string[]>
  readonly after: ReadonlyMap<number, readonly string[]>
}

/** What stands for the copies behind the last step. */
export const COPIES = -1

/** @param order numbers of the steps that do something, as they run */
export function turnstiles({ steps }: Schedule, { places, copies }: Placement, adds: ReadonlySet<string>, order: readonly number[]): Turnstiles {
  const [before, after] = [new Map<number, string[]>(), new Map<number, string[]>()]
  const note = (where: Map<number, string[]>, step: number, state: string): void => void where.set(step, [...(where.get(step) ?? []), state])
  for (const state of adds) {
    const touches = ({ reads, writes }: Step): boolean =>
      [...reads, ...writes].some((buffer) => {
        const place = places[buffer]
        return place?.in === 'state' && place.name === state
      })
    const touching = [...order.filter((i) => touches(steps[i] as Step)), ...(copies.some((copy) => copy.state === state) ? [COPIES] : [])]
    if (touching.length === 0) continue
    note(before, touching[0] as number, state)
    note(after, touching.at(-1) as number, state)
  }
  return { before, after }
}
