// How each op is written in PyTorch: one row each, and one for each pattern that has a torch function of its own.
// Does not broadcast or name anything: `function.ts` hands over operands that are ready.

import type { Dim, DType, GraphNode, OpName, TensorType } from '../../../spec/graph/graph.js'
import { addDims } from '../../../spec/graph/dims.js'
import { atom, call, infix, LEVEL, member, method, oneOrTuple, power, prefix, range, size, subscript, tuple, type Code } from './code.js'
import { factory, floatKind, KINDS, type Like } from './dtypes.js'
import type { Pattern } from './patterns.js'

/** What a row may ask about the place where it is printed. */
export interface Site {
  readonly node: GraphNode
  readonly operands: readonly TensorType[]
  /** Which operands are Python numbers, not tensors. */
  readonly numbers: readonly boolean[]
  /** Autograd may flow to the result: the tie rules of torch's functions matter. */
  readonly differentiable: boolean
  /** A reduction's axes stay, with size 1. */
  readonly keepdim: boolean
  readonly like: Like
}

export interface Row {
  /** What a value of this op is called that nobody named. */
  readonly noun: string
  /** `broadcast`: operands may be numbers, or tensors that torch will broadcast; `whole`: tensors of the graph's shapes. */
  readonly takes: 'broadcast' | 'whole'
  readonly print: (args: readonly Code[], site: Site) => Code
}

type One = (x: Code, site: Site) => Code
type Two = (a: Code, b: Code, site: Site) => Code
const elementwise = (noun: string, print: (args: readonly Code[], site: Site) => Code): Row => ({ noun, takes: 'broadcast', print })
const unary = (noun: string, print: One): Row => elementwise(noun, ([x], site) => print(x as Code, site))
const binary = (noun: string, print: Two): Row => elementwise(noun, ([a, b], site) => print(a as Code, b as Code, site))
const whole = (noun: string, print: (args: readonly Code[], site: Site) => Code): Row => ({ noun, takes: 'whole', print })
const whole1 = (noun: string, print: One): Row => whole(noun, ([x], site) => print(x as Code, site))

const fn = (noun: string, name: string): Row => unary(noun, (x) => call(`torch.${name}`, x))
const WORD = atom('0xFFFFFFFF')
/** u32 lives in int64 tensors: what left 32 bits is cut. */
const cut = (code: Code, { node }: Site): Code => (node.type.dtype === 'u32' ? infix(code, '&', WORD, LEVEL.and) : code)
const operator = (noun: string, sign: string, level: number): Row => binary(noun, (a, b) => infix(a, sign, b, level))
const wrapping = (noun: string, sign: string, level: number): Row => binary(noun, (a, b, site) => cut(infix(a, sign, b, level), site))
/**
 * torch.maximum shares the gradient of equal operands, as `compiler/graph/vjp.ts` does; clamp gives all of it to its
 * tensor, so it serves only where no gradient flows.
 */
const extremum = (noun: string, name: string, bound: string): Row =>
  elementwise(noun, ([a, b], site) => {
    const number = site.numbers.indexOf(true)
    if (number < 0) return call(`torch.${name}`, a as Code, b as Code)
    const [x, limit] = number === 0 ? [b as Code, a as Code] : [a as Code, b as Code]
    return site.differentiable ? call(`torch.${name}`, x, scalar(limit, site.node.type.dtype, site.like)) : method(x, 'clamp', `${bound}=${limit.text}`)
  })

/** A number as a tensor without axes. */
export function scalar(number: Code, dtype: DType, like: Like): Code {
  return dtype === 'f32' && like.float !== undefined ? call(`${like.float}.new_tensor`, number) : call('torch.tensor', number, ...factory(dtype, like))
}

/** A number as a tensor of a shape. */
export function full(number: Code, { dtype, shape }: TensorType, like: Like): Code {
  if (shape.length === 0) return scalar(number, dtype, like)
  const sizes = tuple(shape.map((dim) => size(dim).text))
  return dtype === 'f32' && like.float !== undefined ? call(`${like.float}.new_full`, sizes, number) : call('torch.full', sizes, number, ...factory(dtype, like))
}

const list = <T>({ node }: Site, name: string): readonly T[] => node.attributes[name] as unknown as readonly T[]
const axisOf = ({ node }: Site): number => node.attributes.axis as number
const rankOf = ({ operands }: Site): number => (operands[0] as TensorType).shape.length
/** The last axis is -1, as people write it. */
const axisCode = (axis: number, rank: number): number => (axis === rank - 1 ? -1 : axis)

const reduction = (noun: string, name: string): Row =>
  whole1(noun, (x, site) => {
    const [axes, rank] = [list<number>(site, 'axes'), rankOf(site)]
    if (axes.length === 0) return x
    const all = axes.length === rank && !site.keepdim
    const args = [...(all ? [] : [oneOrTuple(axes.map((axis) => axisCode(axis, rank)))]), ...(site.keepdim ? ['keepdim=True'] : [])]
    // torch sums small integers in int64.
    if (name === 'sum' && site.node.type.dtype !== 'f32') args.push(`dtype=${KINDS[site.node.type.dtype]}`)
    return method(x, name, ...args)
  })

function cast(x: Code, { node, operands, like }: Site): Code {
  const from = operands[0]?.dtype
  switch (node.type.dtype) {
    // The format's cast carries no gradient.
    case 'f32': return from === 'f32' ? method(x, 'detach') : method(x, 'to', floatKind(like))
    case 'i32': return method(x, 'int')
    case 'u32': return from === 'bool' ? method(x, 'long') : infix(method(x, 'long'), '&', WORD, LEVEL.and)
    case 'bool': return method(x, 'bool')
  }
}

/** `x[:, None]`: new axes of size 1 for each position of `rank` that is not in `kept`. */
export function unsqueezed(x: Code, kept: readonly number[], rank: number): Code {
  const positions = Array.from({ length: rank }, (_, axis) => (kept.includes(axis) ? ':' : 'None'))
  const start = positions.indexOf(':')
  const needed = start < 0 ? [] : positions.slice(start)
  if (!needed.includes('None')) return x
  // Where new axes come last only: `x[..., None]`.
  const lastKept = needed.lastIndexOf(':')
  if (lastKept > 0 && !needed.slice(0, lastKept).includes('None')) return subscript(x, ['...', ...needed.slice(lastKept + 1)].join(', '))
  return subscript(x, needed.slice(0, needed.lastIndexOf('None') + 1).join(', '))
}

function reshape(x: Code, site: Site): Code {
  const [from, to] = [(site.operands[0] as TensorType).shape, site.node.type.shape]
  const [gone, added] = [onesBeyond(from, to), onesBeyond(to, from)]
  if (added) return subscript(x, to.map((_, axis) => (added.includes(axis) ? 'None' : ':')).slice(0, Math.max(...added) + 1).join(', '))
  if (gone) return method(x, 'squeeze', oneOrTuple(gone.map((axis) => axisCode(axis, from.length))))
  return method(x, 'reshape', to.length === 0 ? '()' : to.map((dim) => size(dim).text).join(', '))
}

/** The axes of size 1 that `long` has beyond `short`, where that is all they differ in. */
export function onesBeyond(long: readonly Dim[], short: readonly Dim[]): number[] | undefined {
  const extra: number[] = []
  let at = 0
  long.forEach((dim, axis) => {
    if (at < short.length && dim === short[at]) at++
    else extra.push(axis)
  })
  return at === short.length && extra.length > 0 && extra.every((axis) => long[axis] === 1) ? extra : undefined
}

function transpose(x: Code, site: Site): Code {
  const permutation = list<number>(site, 'permutation')
  const moved = permutation.flatMap((from, to) => (from === to ? [] : [to]))
  if (moved.length === 0) return x
  if (moved.length > 2) return method(x, 'permute', permutation.join(', '))
  const [a, b] = moved as [number, number]
  return a === permutation.length - 2 ? member(x, 'mT') : method(x, 'transpose', `${a}, ${b}`)
}

function slice(x: Code, site: Site): Code {
  const from = (site.operands[0] as TensorType).shape
  const [start, count] = [list<Dim>(site, 'start'), list<Dim>(site, 'size')]
  const parts = from.map((dim, axis) => {
    const [first, end] = [start[axis] as Dim, addDims(start[axis] as Dim, count[axis] as Dim)]
    return range(first === 0 ? undefined : size(first), end === dim ? undefined : size(end))
  })
  while (parts.at(-1) === ':') parts.pop()
  return parts.length === 0 ? x : subscript(x, parts.join(', '))
}

/** torch counts from the last axis; outer axes that are not padded are left away. */
function pad(x: Code, site: Site): Code {
  const pairs = list<Dim>(site, 'before').map((before, axis) => [before, list<Dim>(site, 'after')[axis] as Dim])
  while (pairs.length > 0 && pairs[0]?.every((width) => width === 0)) pairs.shift()
  if (pairs.length === 0) return x
  return call('torch.nn.functional.pad', x, tuple(pairs.reverse().flatMap((pair) => pair.map((width) => size(width).text))))
}

function cumsum(x: Code, site: Site): Code {
  const axis = axisCode(axisOf(site), rankOf(site))
  const sum = (code: Code): Code => method(code, 'cumsum', `${axis}`, ...(site.node.type.dtype === 'f32' ? [] : [`dtype=${KINDS[site.node.type.dtype]}`]))
  return site.node.attributes.reverse === true ? method(sum(method(x, 'flip', `${axis}`)), 'flip', `${axis}`) : sum(x)
}

function matmul(a: Code, b: Code, { node }: Site): Code {
  const side = (x: Code, transposed: boolean): Code => (transposed ? member(x, 'mT') : x)
  return infix(side(a, node.attributes.transposeA === true), '@', side(b, node.attributes.transposeB === true), LEVEL.product)
}

/** Ops that `function.ts` writes itself: they are where values come from, or how they are broadcast. */
export type Structural = 'input' | 'const' | 'iota' | 'broadcast' | 'composite' | 'part'

export const rows: Readonly<Record<Exclude<OpName, Structural> | Pattern, Row>> = {
  neg: unary('minus', (x) => prefix('-', x)),
  exp: fn('exp', 'exp'),
  log: fn('log', 'log'),
  sqrt: fn('root', 'sqrt'),
  rsqrt: fn('inverse_root', 'rsqrt'),
  sin: fn('sine', 'sin'),
  cos: fn('cosine', 'cos'),
  tanh: fn('tanh', 'tanh'),
  sigmoid: fn('sigmoid', 'sigmoid'),
  abs: fn('magnitude', 'abs'),
  sign: fn('sign', 'sign'),
  floor: fn('floor', 'floor'),
  not: unary('not_so', (x) => prefix('~', x)),
  is_nan: fn('missing', 'isnan'),
  cast: unary('number', cast),
  stop_gradient: unary('detached', (x) => method(x, 'detach')),

  add: wrapping('total', '+', LEVEL.sum),
  sub: wrapping('difference', '-', LEVEL.sum),
  mul: wrapping('product', '*', LEVEL.product),
  div: operator('quotient', '/', LEVEL.product),
  max: extremum('larger', 'maximum', 'min'),
  min: extremum('smaller', 'minimum', 'max'),
  pow: binary('power', power),
  mod: binary('remainder', (a, b) => call('torch.remainder', a, b)),
  lt: operator('below', '<', LEVEL.comparison),
  le: operator('at_most', '<=', LEVEL.comparison),
  eq: operator('same', '==', LEVEL.comparison),
  and: operator('both', '&', LEVEL.and),
  or: operator('either', '|', LEVEL.or),
  bit_and: operator('bits', '&', LEVEL.and),
  bit_or: operator('bits', '|', LEVEL.or),
  bit_xor: operator('bits', '^', LEVEL.xor),
  shift_left: wrapping('bits', '<<', LEVEL.shift),
  shift_right: operator('bits', '>>', LEVEL.shift),
  where: elementwise('chosen', ([condition, a, b], site) => {
    const { numbers, node } = site
    const test = numbers[0] === true ? scalar(condition as Code, 'bool', site.like) : (condition as Code)
    // Of two numbers torch.where would make its default dtype.
    const first = numbers[1] === true && numbers[2] === true ? scalar(a as Code, node.type.dtype, site.like) : (a as Code)
    return call('torch.where', test, first, b as Code)
  }),

  reduce_sum: reduction('total', 'sum'),
  reduce_max: reduction('largest', 'amax'),
  reduce_min: reduction('smallest', 'amin'),
  cumsum: whole1('running_sum', cumsum),
  linear_scan: whole('scanned', ([decay, x], site) =>
    call('linear_scan', decay as Code, x as Code, `${axisCode(axisOf(site), rankOf(site))}`, ...(site.node.attributes.reverse === true ? ['reverse=True'] : [])),
  ),

  reshape: whole1('reshaped', reshape),
  transpose: whole1('transposed', transpose),
  slice: whole1('part', slice),
  pad: whole1('padded', pad),
  concat: whole('joined', (parts, site) => call('torch.cat', `[${parts.map(({ text }) => text).join(', ')}]`, ...(axisOf(site) === 0 ? [] : [`dim=${axisCode(axisOf(site), rankOf(site))}`]))),
  reverse: whole1('flipped', (x, site) => (list(site, 'axes').length === 0 ? x : method(x, 'flip', oneOrTuple(list<number>(site, 'axes'))))),

  gather: whole('rows', ([table, index]) => subscript(table as Code, (index as Code).text)),
  scatter_add: whole('scattered', ([index, update], { node }) => call('scatter_add', index as Code, update as Code, size(node.type.shape[0] as Dim))),
  pick: whole('picked', ([x, index]) => subscript(method(x as Code, 'gather', '-1', subscript(method(index as Code, 'long'), '..., None')), '..., 0')),

  sort: whole1('ascending', (x) => member(method(x, 'sort', 'stable=True'), 'values')),
  argsort: whole1('order', (x) => method(method(x, 'argsort', 'stable=True'), 'int')),

  matmul: whole('product', ([a, b], site) => matmul(a as Code, b as Code, site)),
  random_bits: elementwise('bits', (args) => call('threefry', ...args)),

  clamp: elementwise('clamped', ([x, low, high]) => method(x as Code, 'clamp', low as Code, high as Code)),
  square: unary('square', (x) => method(x, 'square')),
  not_equal: operator('different', '!=', LEVEL.comparison),
  greater: operator('above', '>', LEVEL.comparison),
  at_least: operator('at_least', '>=', LEVEL.comparison),
}
