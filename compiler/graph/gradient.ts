// Reverse-mode differentiation, graph to graph: the gradient is more nodes of the same builder.
// Does not know the ops (`vjp.ts`) nor the composites, which bring their own gradient or are differentiated through.

import type { GraphBuilder, Value } from './builder.js'
import { vjps } from './vjp.js'

/**
 * Gradients of Σ outputs·seeds with respect to `wrt`, in order; zeros where an output does not depend on it.
 * `seeds` have the outputs' types; 1 for a scalar loss. Integer and bool values carry no gradient.
 */
export function gradient(b: GraphBuilder, outputs: readonly Value[], seeds: readonly Value[], wrt: readonly Value[]): Value[] {
  const between = dependents(b, outputs, wrt)
  const active = new Set(between)
  const grads = new Map<number, Value>()
  /** For composites: gradients of all outputs, by position. */
  const parts = new Map<number, (Value | undefined)[]>()
  const accumulate = (value: Value, g: Value | undefined): void => {
    if (!g || !active.has(value.id) || value.dtype !== 'f32') return
    const known = grads.get(value.id)
    grads.set(value.id, known ? b.add(known, g) : g)
  }

  outputs.forEach((output, i) => accumulate(output, seeds[i]))
  const ends = new Set(wrt.map((value) => value.id))
  for (const id of between) {
    const value = b.valueAt(id)
    const g = grads.get(id)
    const { op, inputs, attributes } = value.node
    // What the caller differentiates with respect to is independent, even where it was computed from something.
    if (ends.has(id)) continue
    if (op === 'part') {
      const whole = inputs[0] as number
      const siblings = parts.get(whole) ?? []
      siblings[attributes.index as number] = g
      parts.set(whole, siblings)
      continue
    }
    const args = inputs.map((input) => b.valueAt(input))
    if (op === 'composite') {
      const all = (value.node.outputs ?? []).map((_, index) => (index === 0 ? g : parts.get(id)?.[index]))
      if (all.some((each) => each)) compositeGradient(b, value, args, all, args.map(({ id: input }) => active.has(input))).forEach((each, i) => accumulate(args[i] as Value, each))
      continue
    }
    const vjp = vjps[op]
    if (g && typeof vjp === 'function') vjp(b, g, value, args, attributes).forEach((each, i) => accumulate(args[i] as Value, each))
  }
  return wrt.map((value) => grads.get(value.id) ?? b.zerosLike(value))
}

function compositeGradient(b: GraphBuilder, whole: Value, inputs: Value[], grads: (Value | undefined)[], wanted: readonly boolean[]): (Value | undefined)[] {
  const meaning = b.meaningOf(whole)
  const own = meaning?.gradient
  if (own) return own(b, { inputs, outputs: b.outputsOf(whole), grads, wanted })
  const outputs = meaning ? meaning.expand(b, ...inputs) : b.include(b.bodyOf(whole), inputs)
  // Differentiated with respect to stand-ins: an input may be computed from another one.
  const live = outputs.filter((_, i) => grads[i])
  return gradient(b, live, grads.filter((g) => g !== undefined), inputs)
}

/** The nodes between `wrt` and `outputs`, latest first: those that the outputs need and that depend on `wrt`. */
function dependents(b: GraphBuilder, outputs: readonly Value[], wrt: readonly Value[]): number[] {
  const needed = new Set(outputs.map((output) => output.id))
  const ids: number[] = []
  for (let id = Math.max(-1, ...needed); id >= 0; id--) {
    if (!needed.has(id)) continue
    ids.push(id)
    for (const input of b.valueAt(id).node.inputs) needed.add(input)
  }
  const depends = new Set(wrt.map((value) => value.id))
  for (const id of ids.reverse()) if (b.valueAt(id).node.inputs.some((input) => depends.has(input))) depends.add(id)
  return ids.filter((id) => depends.has(id)).reverse()
}
