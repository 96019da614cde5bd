// The output head: log-probability and entropy of target tokens, and sampling the next one.
// Does not mask tokens: whoever weighs the results does.

import type { Dim } from '../../../spec/graph/graph.js'
import type { GraphBuilder, Value } from '../builder.js'
import { gradient } from '../gradient.js'

export interface TokenLogprob {
  readonly logp: Value
  readonly entropy: Value
}

/**
 * h […, D], w [V, D], targets i32 […], temperature [] → log-probability of the targets and entropy (nats) of
 * softmax(h·wᵀ / temperature), both […]. No gradient flows to the temperature.
 */
export function tokenLogprob(b: GraphBuilder, h: Value, w: Value, targets: Value, temperature: Value): TokenLogprob {
  const [logp, entropy] = b.composite('token_logprob', {}, [h, w, targets, temperature], (body, ...args) => expand(body, args), (g, { inputs, outputs, grads, wanted }) => {
    const [hidden, head, at, heat] = inputs as [Value, Value, Value, Value]
    const [dlogp, dentropy] = outputs.map((output, i) => grads[i] ?? g.zerosLike(output))
    const [dhidden, dhead] = tokenLogprobGrad(g, hidden, head, at, heat, dlogp as Value, dentropy as Value, { frozen: !wanted[1] })
    return [dhidden, dhead, undefined, undefined]
  })
  return { logp: logp as Value, entropy: entropy as Value }
}

/** Gradients of h and w; of h alone where w is `frozen`, which spares the largest product and a gradient of w's size. */
export function tokenLogprobGrad(b: GraphBuilder, h: Value, w: Value, targets: Value, temperature: Value, dlogp: Value, dentropy: Value, { frozen = false }: { frozen?: boolean } = {}): Value[] {
  return b.composite('token_logprob_grad', frozen ? { frozen } : {}, [h, w, targets, temperature, dlogp, dentropy], (body, ...args) =>
    gradient(body, expand(body, args.slice(0, 4)), args.slice(4), args.slice(0, frozen ? 1 : 2)),
  )
}

function expand(b: GraphBuilder, inputs: readonly Value[]): [Value, Value] {
  const [h, w, targets, temperature] = inputs as [Value, Value, Value, Value]
  const row = h.rank === 1 ? b.expandDims(h, 0) : h
  const logits = b.div(b.matmul(row, w, { transposeB: true }), b.stopGradient(temperature))
  const logps = b.logSoftmax(b.reshape(logits, [...h.shape.slice(0, -1), w.shape[0] as Dim]))
  return [b.pick(logps, targets), b.neg(b.reduceSum(b.mul(b.exp(logps), logps), -1))]
}

export interface Sampling {
  /** Keep the k most probable tokens; 0 keeps all. */
  readonly topK: number
  /** Then keep the smallest set of the most probable ones whose (renormalised) mass reaches this; 1 keeps all. */
  readonly topP: number
  readonly greedy: boolean
}

/**
 * logits [B, V], temperature [], uniform [B] in [0, 1) → token i32 [B], and its log-probability [B] under the
 * untruncated softmax(logits / temperature). Draws by inverse CDF in vocabulary order; equal probabilities are ranked
 * by lower id. `greedy`: the most probable token, log-probability at temperature 1.
 */
export function sample(b: GraphBuilder, logits: Value, temperature: Value, uniform: Value, sampling: Sampling): { token: Value; logp: Value } {
  const attributes = { top_k: sampling.topK, top_p: sampling.topP, greedy: sampling.greedy }
  const [token, logp] = b.composite('sample', attributes, [logits, temperature, uniform], (body, ...args) => {
    const [x, heat, u] = args as [Value, Value, Value]
    const logps = body.logSoftmax(sampling.greedy ? x : body.div(x, heat))
    const chosen = sampling.greedy ? body.argmax(x) : draw(body, truncate(body, logps, sampling), u)
    return [chosen, body.pick(logps, chosen)]
  }, (_, { inputs }) => inputs.map(() => undefined))
  return { token: token as Value, logp: logp as Value }
}

/** Probabilities with the truncated tokens at 0. */
function truncate(b: GraphBuilder, logps: Value, { topK, topP }: Sampling): Value {
  const p = b.exp(logps)
  if (topK === 0 && topP >= 1) return p
  const order = b.argsort(b.neg(logps))
  const rank = b.argsort(order)
  const kept = topK === 0 ? p : b.where(b.lt(rank, topK), p, 0)
  if (topP >= 1) return kept
  const sorted = b.takeLast(kept, order)
  const before = b.sub(b.cumsum(sorted), sorted)
  const total = b.spread(b.reduceSum(kept, -1), kept.shape, -1)
  const needed = b.takeLast(b.lt(before, b.mul(total, topP)), rank)
  return b.where(needed, kept, 0)
}

/** The first token whose cumulated weight exceeds u · total; rounding cannot leave the last token of weight > 0. */
function draw(b: GraphBuilder, weights: Value, u: Value): Value {
  const cdf = b.cumsum(weights)
  const threshold = b.spread(b.mul(u, b.reduceSum(weights, -1)), cdf.shape, -1)
  const passed = b.reduceSum(b.cast(b.le(cdf, threshold), 'i32'), -1)
  const last = b.reduceMax(b.where(b.lt(0, weights), b.iota(weights.shape, -1), 0), -1)
  return b.min(passed, last)
}
