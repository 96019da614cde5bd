// Cases that start from logits, or from hidden states and a head: what the objectives read of them, as feeds of tokens.
// Runs nothing; `program.ts` builds it in front of the expressions.

import type { GraphBuilder, Value } from '../../../compiler/graph/builder.js'
import { sizeOf } from '../../graph/dims.js'
import type { Dim, Shape } from '../../graph/graph.js'
import { flat, rowsOf, type Nested } from './cases.js'

/** Either `logits` [rows, T, V], or `hidden` [rows, T, D] with `weight` [V, D] and `bias` [V]. */
export interface Head {
  readonly logits?: Nested
  readonly hidden?: Nested
  readonly weight?: Nested
  readonly bias?: Nested
  /** One for each token; any where the token does not count. */
  readonly targets: readonly number[]
  /** Multiplies the logits; then `cap · tanh(logits / cap)`. */
  readonly scale?: number
  readonly cap?: number
}

/** What a head gives for each token: log π of the target, entropy, Σπ², and 1 where the target is the most probable. */
export const HEAD_GIVES = ['logp', 'entropy', 'sum_pi_squared', 'best'] as const

export interface HeadInput {
  readonly name: string
  readonly dtype: 'f32' | 'i32'
  readonly values: readonly number[]
  /** Numbers for each token; absent for a weight, which belongs to no token. */
  readonly inner?: number
  /** Behind the axes of the tokens. */
  readonly shape: Shape
}

export function headInputs(prefix: string, { logits, hidden, weight, bias, targets }: Head): HeadInput[] {
  const perToken = (name: string, values: Nested): HeadInput => {
    const inner = flat(values).length / targets.length
    return { name: prefix + name, dtype: 'f32', values: flat(values), inner, shape: [inner] }
  }
  const rows = rowsOf(weight)
  return [
    { name: `${prefix}targets`, dtype: 'i32', values: targets, inner: 1, shape: [] },
    ...(logits === undefined ? [] : [perToken('logits', logits)]),
    ...(hidden === undefined ? [] : [perToken('hidden', hidden)]),
    ...(weight === undefined ? [] : [{ name: `${prefix}weight`, dtype: 'f32' as const, values: flat(weight), shape: [rows.length, rows[0]?.length ?? 0] }]),
    ...(bias === undefined ? [] : [{ name: `${prefix}bias`, dtype: 'f32' as const, values: flat(bias), shape: [flat(bias).length] }]),
  ]
}

/** `tokens` is the shape of the token level. The second result has the inputs by name, to differentiate by. */
export function buildHead(b: GraphBuilder, prefix: string, head: Head, tokens: Shape): [Record<(typeof HEAD_GIVES)[number], Value>, Map<string, Value>] {
  const inputs = new Map(headInputs(prefix, head).map(({ name, dtype, inner, shape }) => [name, b.input(name, dtype, inner === undefined ? shape : [...tokens, ...shape])]))
  const at = (name: string): Value | undefined => inputs.get(prefix + name)
  const [hidden, weight, bias] = [at('hidden'), at('weight'), at('bias')]
  let logits = at('logits')
  if (hidden && weight) {
    const vocabulary = weight.shape[0] as number
    const projected = b.reshape(b.matmul(b.reshape(hidden, [sizeOf(tokens), hidden.shape.at(-1) as Dim]), weight, { transposeB: true }), [...tokens, vocabulary])
    logits = bias ? b.add(projected, bias) : projected
  }
  if (!logits) throw new Error('a head needs logits, or hidden states and a weight')
  const scaled = head.scale === undefined ? logits : b.mul(logits, head.scale)
  const { cap } = head
  const final = cap === undefined ? scaled : b.mul(b.tanh(b.div(scaled, cap)), cap)
  const logps = b.logSoftmax(final)
  const p = b.exp(logps)
  const targets = at('targets') as Value
  const logp = b.pick(logps, targets)
  return [
    { logp, entropy: b.neg(b.reduceSum(b.mul(p, logps), -1)), sum_pi_squared: b.reduceSum(b.mul(p, p), -1), best: b.cast(b.eq(b.argmax(final), targets), 'f32') },
    inputs,
  ]
}
