// How the composites that have a kernel are run. Their meaning is their body, which tests compare them with.
// A composite without a row here is inlined.

import type { Lowering } from './lower.js'
import type { CallRule } from './calls.js'
import { count } from './nest.js'
import type { GraphNode } from '../../../../spec/graph/graph.js'
import { at, type Arg } from './step.js'
import { attentionWorkspace, headWorkspace, rotaryWorkspace } from './workspace.js'

const float = (node: GraphNode, name: string): Arg => ({ float: node.attributes[name] as number })

/** Buffers of all inputs and outputs. */
function operands(c: Lowering, node: GraphNode, id: number): { inputs: number[]; outputs: number[]; shapes: (readonly number[])[] } {
  const inputs = node.inputs.map((input) => c.buffer(input))
  return { inputs, outputs: c.outputs(id), shapes: node.inputs.map((input) => c.shape(input)) }
}

const rows = (shape: readonly number[]): number => count(shape.slice(0, -1))
const width = (shape: readonly number[]): number => shape.at(-1) as number
const all = (buffers: readonly number[]): Arg[] => buffers.map((buffer) => at(buffer))
const NONE = 0

const attention = (gradient: boolean): CallRule => (c, node, id) => {
  const { inputs, outputs, shapes } = operands(c, node, id)
  const [batch, tokens, heads, size] = shapes[0] as [number, number, number, number]
  const keyHeads = (shapes[1] as number[])[2] as number
  const packed = inputs.length === (gradient ? 5 : 4)
  const args = [...all(inputs.slice(0, 3)), packed ? at(inputs[3] as number) : NONE, ...all(inputs.slice(packed ? 4 : 3)), ...all(outputs)]
  c.call(node.attributes.name as string, [...args, batch, tokens, heads, keyHeads, size, float(node, 'scale')], inputs, outputs, { scratch: attentionWorkspace(tokens, size, gradient) })
}

const head = (gradient: boolean): CallRule => (c, node, id) => {
  const { inputs, outputs, shapes } = operands(c, node, id)
  const [h, w] = shapes as [readonly number[], readonly [number, number]]
  const { chunk, elements } = headWorkspace(rows(h), w[0], w[1])
  c.call(gradient ? 'token_logprob_grad' : 'token_logprob', [...all(inputs), ...all(outputs), ...(node.attributes.frozen === true ? [NONE] : []), rows(h), w[0], w[1], chunk], inputs, outputs, { scratch: elements })
}

/** Whether a composite is run by a kernel, or else by its body: scores are compared before they are scaled, so the scale must be positive. */
export function hasKernel(name: string, { attributes }: GraphNode): boolean {
  return name in composites && (!name.startsWith('attention') || (attributes.scale as number) > 0)
}

export const composites: Readonly<Record<string, CallRule>> = {
  rms_norm: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const shape = shapes[0] as number[]
    c.call('rms_norm', [...all(inputs), ...all(outputs), rows(shape), width(shape), float(node, 'eps')], inputs, outputs)
  },
  rms_norm_grad: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const shape = shapes[0] as number[]
    c.call('rms_norm_grad', [...all(inputs), ...all(outputs), rows(shape), width(shape), float(node, 'eps')], inputs, outputs, { scratch: 2 * width(shape) })
  },
  rotary: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const [batch, tokens, heads, size] = shapes[0] as [number, number, number, number]
    c.call('rotary', [...all(inputs.slice(0, 2)), inputs[2] === undefined ? NONE : at(inputs[2]), ...all(outputs), heads, size, float(node, 'base'), Number(node.attributes.inverse === true)], inputs, outputs, {
      sharing: [[inputs[0] as number, outputs[0] as number]],
      scratch: rotaryWorkspace(size),
      division: { items: batch * tokens, grain: 1 },
      operations: batch * tokens * heads * size,
    })
  },
  attention: attention(false),
  attention_grad: attention(true),
  attention_decode: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const [batch, heads, size] = shapes[0] as [number, number, number]
    const [, length, keyHeads] = shapes[1] as [number, number, number]
    c.call('attention_decode', [...all(inputs), ...all(outputs), batch, length, heads, keyHeads, size, float(node, 'scale')], inputs, outputs, { scratch: heads * 4 * Math.ceil(length / 4) })
  },
  cache_write: (c, node, id) => {
    const [cache, entry, positions] = node.inputs.map((input) => c.buffer(input)) as [number, number, number]
    const [batch, length, ...row] = c.shape(node.inputs[0] as number) as [number, number, ...number[]]
    // The copy costs nothing where the old cache is not needed any more: then both lie in one place.
    const written = c.duplicate(cache)
    c.setOutputs(id, [written])
    c.call('cache_write', [at(written), at(entry), at(positions), batch, length, count(row)], [entry, positions], [written])
  },
  token_logprob: head(false),
  token_logprob_grad: head(true),
  adamw: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const { beta1, beta2 } = node.attributes as { beta1: number; beta2: number }
    const [w, , m, v] = inputs as [number, number, number, number]
    const [nextW, nextM, nextV] = outputs as [number, number, number]
    const floats = [beta1, 1 - beta1, beta2, 1 - beta2].map((value): Arg => ({ float: value }))
    c.call('adamw', [...all(inputs), ...all(outputs), count(shapes[0] as number[]), ...floats, float(node, 'eps'), float(node, 'decay')], inputs, outputs, { sharing: [[w, nextW], [m, nextM], [v, nextV]] })
  },
  sample: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const [batch, vocabulary] = shapes[0] as [number, number]
    c.call('sample', [...all(inputs), ...all(outputs), vocabulary, node.attributes.top_k as number, float(node, 'top_p'), Number(node.attributes.greedy === true)], inputs, outputs, {
      scratch: 3 * vocabulary,
      division: { items: batch, grain: 1 },
      operations: 16 * batch * vocabulary,
    })
  },
}
