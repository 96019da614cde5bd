// How each op that is not fused is run: the kernel, its arguments and its scratch memory.
// Does not hold the kernels (`assembly/`).

import type { DType, GraphNode } from '../../../../spec/graph/graph.js'
import { at, wholeLines } from './step.js'
import { composites } from './composites.js'
import { product, type Matrix } from './product.js'
import type { Lowering } from './lower.js'
import { count, rowMajor, type Access, type Reduction } from './nest.js'

export type CallRule = (c: Lowering, node: GraphNode, id: number) => void

const listOf = (node: GraphNode, name: string): readonly number[] => node.attributes[name] as readonly number[]
const suffix = (dtype: DType): string => (dtype === 'f32' ? '' : `_${dtype}`)

/** Elements of a sum over everything that is worth dividing between threads: one sum for each place of the first axis, and the sum of those. */
const LARGE = 2 ** 14

const reduce: CallRule = (c, node, id) => {
  const input = node.inputs[0] as number
  const axes = listOf(node, 'axes')
  const [out] = c.outputs(id) as [number]
  const sizes = c.shape(input)
  const [first = 1] = sizes
  if (axes.length === sizes.length && sizes.length > 1 && first > 1 && count(sizes) >= LARGE) {
    const parts = c.newBuffer(first)
    c.store(input, { buffer: parts, offset: 0, strides: sizes.map((_, axis) => Number(axis === 0)) }, axes.filter((axis) => axis > 0), node.op as Reduction)
    c.combine(parts, out, first, node.type.dtype, node.op as Reduction)
    return
  }
  const kept = rowMajor(node.type.shape as readonly number[])
  const strides = c.shape(input).map((_, axis) => (axes.includes(axis) ? 0 : (kept[axis - axes.filter((each) => each < axis).length] as number)))
  c.store(input, { buffer: out, offset: 0, strides }, axes, node.op as Reduction)
}

/** [outer, length, inner] around one axis. */
function around(shape: readonly number[], axis: number): [number, number, number] {
  return [count(shape.slice(0, axis)), shape[axis] as number, count(shape.slice(axis + 1))]
}

const scan: CallRule = (c, node, id) => {
  const inputs = node.inputs.map((input) => c.buffer(input))
  const [out] = c.outputs(id) as [number]
  const kernel = node.op === 'cumsum' ? `cumsum${suffix(node.type.dtype)}` : 'linear_scan'
  const [outer, length, inner] = around(c.shape(id), node.attributes.axis as number)
  c.call(kernel, [...inputs.map((input) => at(input)), at(out), length, inner, Number(node.attributes.reverse === true)], inputs, [out], { division: { items: outer, grain: 1 } })
}

const sorting: CallRule = (c, node, id) => {
  const input = node.inputs[0] as number
  const shape = c.shape(id)
  const [rows, width] = [count(shape.slice(0, -1)), shape.at(-1) as number]
  const dtype = c.graph.nodes[input]?.type.dtype as DType
  const x = c.buffer(input)
  const [out] = c.outputs(id) as [number]
  const order = node.op === 'sort' ? c.newBuffer(rows * width) : out
  const division = { items: rows, grain: 1 }
  c.call(`argsort${suffix(dtype)}`, [at(x), at(order), width], [x], [order], { scratch: width, division, operations: 20 * rows * width })
  if (node.op === 'sort') c.call('take_rows', [at(x), at(order), at(out), width], [x, order], [out], { division })
}

/** A stack of matrices as the kernel takes it, or undefined where its batch axes are not one stride. */
function stacked({ strides }: Access, shape: readonly number[]): { row: number; column: number; batch: number } | undefined {
  const rank = shape.length
  let batch = 0
  let length = 1
  for (let axis = rank - 3; axis >= 0; axis--) {
    if (shape[axis] === 1) continue
    if (length === 1) batch = strides[axis] as number
    else if (strides[axis] !== batch * length) return undefined
    length *= shape[axis] as number
  }
  return { row: strides[rank - 2] as number, column: strides[rank - 1] as number, batch }
}

const matmul: CallRule = (c, node, id) => {
  const operand = (input: number): Matrix => {
    const view = c.strided(input)
    const stack = stacked(view, c.shape(input))
    if (stack) return { ...view, ...stack }
    const buffer = c.contiguous(input)
    const shape = c.shape(input)
    return { buffer, offset: 0, ...(stacked({ buffer, offset: 0, strides: rowMajor(shape) }, shape) as { row: number; column: number; batch: number }) }
  }
  const [left, right] = node.inputs as [number, number]
  const a = operand(left)
  const b = operand(right)
  const shape = c.shape(id)
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number]
  const k = c.shape(left).at(node.attributes.transposeA === true ? -2 : -1) as number
  const batch = count(shape.slice(0, -2))
  const [rowA, columnA] = node.attributes.transposeA === true ? [a.column, a.row] : [a.row, a.column]
  const [rowB, columnB] = node.attributes.transposeB === true ? [b.column, b.row] : [b.row, b.column]
  const [out] = c.outputs(id) as [number]
  // One matrix B for the whole stack: rows of A are one tall matrix where they lie evenly.
  const tall = b.batch === 0 && (a.batch === rowA * m || batch === 1)
  product(c, { ...a, row: rowA, column: columnA }, { ...b, row: rowB, column: columnB }, { buffer: out, offset: 0 }, { n, k, ...(tall ? { m: m * batch } : { m, stack: batch }) })
}

export const calls: Readonly<Record<string, CallRule>> = {
  reduce_sum: reduce,
  reduce_max: reduce,
  reduce_min: reduce,
  cumsum: scan,
  linear_scan: scan,

  pad: (c, node, id) => {
    const input = node.inputs[0] as number
    const [out] = c.outputs(id) as [number]
    const [inner, outer] = [c.shape(input), c.shape(id)]
    const [strides, before] = [rowMajor(outer), listOf(node, 'before')]
    const start = (upTo: number): number => before.slice(0, upTo).reduce((sum, each, axis) => sum + each * (strides[axis] as number), 0)
    // Margins, one axis after the other: within the input along earlier axes, over everything along later ones.
    inner.forEach((size, axis) => {
      const slab = (width: number): number[] => [...inner.slice(0, axis), width, ...outer.slice(axis + 1)]
      const [first, behind] = [before[axis] as number, (before[axis] as number) + size]
      c.zero({ buffer: out, offset: start(axis), strides }, slab(first))
      c.zero({ buffer: out, offset: start(axis) + behind * (strides[axis] as number), strides }, slab((outer[axis] as number) - behind))
    })
    c.store(input, { buffer: out, offset: start(inner.length), strides })
  },
  concat: (c, node, id) => {
    const axis = node.attributes.axis as number
    const [out] = c.outputs(id) as [number]
    const strides = rowMajor(c.shape(id))
    let start = 0
    for (const input of node.inputs) {
      c.store(input, { buffer: out, offset: start * (strides[axis] as number), strides })
      start += c.shape(input)[axis] as number
    }
  },

  gather: (c, node, id) => {
    const [table, index] = node.inputs as [number, number]
    const [from, rows] = [c.buffer(table), c.buffer(index)]
    const [out] = c.outputs(id) as [number]
    const [size, ...row] = c.shape(table) as [number, ...number[]]
    c.call('gather', [at(from), at(rows), at(out), size, count(row)], [from, rows], [out], { division: { items: count(c.shape(index)), grain: 1 }, operations: count(c.shape(id)) })
  },
  scatter_add: (c, node, id) => {
    const [index, update] = node.inputs.map((input) => c.buffer(input)) as [number, number]
    const [out] = c.outputs(id) as [number]
    const [size, ...row] = c.shape(id) as [number, ...number[]]
    const [updates, width] = [count(c.shape(node.inputs[0] as number)), count(row)]
    c.call(`scatter_add${suffix(node.type.dtype)}`, [at(index), at(update), at(out), size, updates, width], [index, update], [out], { division: wholeLines(width), operations: (updates + size) * width })
  },
  pick: (c, node, id) => {
    const [x, index] = node.inputs.map((input) => c.buffer(input)) as [number, number]
    const [out] = c.outputs(id) as [number]
    c.call('pick', [at(x), at(index), at(out), c.shape(node.inputs[0] as number).at(-1) as number], [x, index], [out], { division: wholeLines(count(c.shape(id))), operations: 4 * count(c.shape(id)) })
  },
  sort: sorting,
  argsort: sorting,
  matmul,
  part: () => {},
  ...composites,
}
