// How the composites that have a kernel are run. Their meaning is their body, which tests compare them with.
// A composite without a row here is inlined.

import type { Lowering } from './lower.js'
import type { CallRule } from './calls.js'
import { count } from './nest.js'
import type { GraphNode } from '../../../../spec/graph/graph.js'
import { product } from './product.js'
import { at, wholeLines, type Arg } from './step.js'
import { attentionWorkspace, gemmWorkspace, headRows, NORM_ROWS, rotaryWorkspace } from './workspace.js'

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
  c.call(node.attributes.name as string, [...args, tokens, heads, keyHeads, size, float(node, 'scale')], inputs, outputs, {
    scratch: attentionWorkspace(tokens, size, gradient),
    division: { items: batch * keyHeads, grain: 1 },
    operations: batch * heads * tokens * tokens * size * (gradient ? 2 : 1),
  })
}

const head: CallRule = (c, node, id) => {
  const { inputs, outputs, shapes } = operands(c, node, id)
  if (c.graph.nodes.some((other, gradient) => gradient > id && headOf(c, other) === id)) return
  const [h, [size, width]] = shapes as [readonly number[], readonly [number, number]]
  const chunk = headRows(rows(h), size)
  c.call('token_logprob', [...all(inputs), ...all(outputs), size, width, chunk], inputs, outputs, {
    scratch: chunk * size + gemmWorkspace(chunk, size, width),
    division: { items: rows(h), grain: 4 },
    operations: (rows(h) * size * width) / 2,
  })
}

/** Of a gradient of the head: the head itself, where only the outputs of the graph wait for it. Both need the same logits, so the gradient makes its results. */
function headOf({ graph: { nodes } }: Lowering, { attributes, inputs }: GraphNode): number | undefined {
  if (attributes.name !== 'token_logprob_grad') return undefined
  const found = nodes.findIndex((node) => node.attributes.name === 'token_logprob' && node.inputs.every((input, i) => input === inputs[i]))
  const results = nodes.flatMap(({ op, inputs: [of] }, id) => (op === 'part' && of === found ? [id] : []))
  return found >= 0 && nodes.every(({ inputs: read }) => !read.some((input) => results.includes(input))) ? found : undefined
}

/** Logits of one chunk of rows after the other; their gradient in place; from it those of h and, unless it stands still, of w. */
const headGradient: CallRule = (c, node, id) => {
  const { inputs, outputs, shapes } = operands(c, node, id)
  const [h, w, targets, temperature, dlogp, dentropy] = inputs as [number, number, number, number, number, number]
  const [dh, dw] = outputs as [number, number?]
  const [[size, width], all] = [shapes[1] as [number, number], rows(shapes[0] as number[])]
  const chunk = headRows(all, size)
  const z = c.newBuffer(chunk * size)
  const whole = { offset: 0, batch: 0 }
  const twin = headOf(c, node)
  const results = twin === undefined ? [] : c.outputsOf(twin)
  if (all === 0 && dw !== undefined) c.zero({ buffer: dw, offset: 0, strides: [1] }, [size * width])
  for (let first = 0; first < all; first += chunk) {
    const count = Math.min(chunk, all - first)
    const part = { buffer: h, offset: first * width, row: width, column: 1, batch: 0 }
    product(c, part, { ...whole, buffer: w, row: 1, column: width }, { buffer: z, offset: 0 }, { m: count, n: size, k: width })
    c.call('token_logprob_slope', [at(z), at(targets), at(temperature), at(dlogp), at(dentropy), ...(results.length > 0 ? results.map((buffer) => at(buffer)) : [NONE, NONE]), first, size], [z, targets, temperature, dlogp, dentropy], [z, ...results], {
      scratch: 4,
      division: { items: count, grain: 1 },
      operations: 20 * count * size,
    })
    product(c, { ...whole, buffer: z, row: size, column: 1 }, { ...whole, buffer: w, row: width, column: 1 }, { buffer: dh, offset: first * width }, { m: count, n: width, k: size })
    if (dw !== undefined) product(c, { ...whole, buffer: z, row: 1, column: size }, part, { buffer: dw, offset: 0 }, { m: size, n: width, k: count, accumulate: first > 0 })
  }
}

/** Whether a composite is run by a kernel, or else by its body: scores are compared before they are scaled, so the scale must be positive. */
export function hasKernel(name: string, { attributes }: GraphNode): boolean {
  return name in composites && (!name.startsWith('attention') || (attributes.scale as number) > 0)
}

export const composites: Readonly<Record<string, CallRule>> = {
  rms_norm: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const shape = shapes[0] as number[]
    c.call('rms_norm', [...all(inputs), ...all(outputs), width(shape), float(node, 'eps')], inputs, outputs, { division: { items: rows(shape), grain: 1 } })
  },
  rms_norm_grad: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const [shape, [dx, dscale]] = [shapes[0] as number[], outputs as [number, number]]
    const blocks = Math.ceil(rows(shape) / NORM_ROWS)
    const sums = c.newBuffer(blocks * width(shape))
    c.call('rms_norm_grad', [...all(inputs), at(dx), at(sums), rows(shape), width(shape), float(node, 'eps')], inputs, [dx, sums], {
      scratch: width(shape),
      division: { items: blocks, grain: 1 },
      operations: 3 * count(shape),
    })
    c.call('sum_rows', [at(sums), at(dscale), blocks, width(shape)], [sums], [dscale], { division: wholeLines(width(shape)) })
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
    c.call('attention_decode', [...all(inputs), ...all(outputs), length, heads, keyHeads, size, float(node, 'scale')], inputs, outputs, {
      scratch: heads * 4 * Math.ceil(length / 4),
      division: { items: batch, grain: 1 },
      operations: batch * length * heads * size,
    })
  },
  cache_write: (c, node, id) => {
    const [cache, entry, positions] = node.inputs.map((input) => c.buffer(input)) as [number, number, number]
    const [batch, length, ...row] = c.shape(node.inputs[0] as number) as [number, number, ...number[]]
    // The copy costs nothing where the old cache is not needed any more: then both lie in one place.
    const written = c.duplicate(cache)
    c.setOutputs(id, [written])
    c.call('cache_write', [at(written), at(entry), at(positions), length, count(row)], [entry, positions], [written], { division: { items: batch, grain: 1 }, operations: batch * count(row) })
  },
  token_logprob: head,
  token_logprob_grad: headGradient,
  adamw: (c, node, id) => {
    const { inputs, outputs, shapes } = operands(c, node, id)
    const { beta1, beta2 } = node.attributes as { beta1: number; beta2: number }
    const [w, , m, v] = inputs as [number, number, number, number]
    const [nextW, nextM, nextV] = outputs as [number, number, number]
    const floats = [beta1, 1 - beta1, beta2, 1 - beta2].map((value): Arg => ({ float: value }))
    c.call('adamw', [...all(inputs), ...all(outputs), ...floats, float(node, 'eps'), float(node, 'decay')], inputs, outputs, { sharing: [[w, nextW], [m, nextM], [v, nextV]], division: wholeLines(count(shapes[0] as number[])) })
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
