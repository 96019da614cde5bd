// Draws one token of each row of logits by inverse CDF in vocabulary order, after top-k and top-p truncation.
// Sums are float64, so that the draw depends on rounding as little as it can.

import { exp4 } from './math'

/**
 * logits [rows, size], temperature [1], uniform [rows] → token i32 [rows] and its log-probability under the untruncated
 * softmax(logits / temperature). `greedy`: the first largest, at temperature 1. Items: rows. `work`: 3 · size floats.
 */
export function sample(logits: usize, temperature: usize, uniform: usize, token: usize, logp: usize, size: i32, topK: i32, topP: f32, greedy: i32, work: usize, begin: i32, end: i32): void {
  const heat = greedy ? <f32>1 : load<f32>(temperature)
  const weights = work
  const order = work + (<usize>size << 2)
  const kept = order + (<usize>size << 2)
  logits += <usize>size * <usize>begin << 2
  for (let r = begin; r < end; r++) {
    const best = firstLargest(logits, size)
    const top = at(logits, best)
    // Loads and stores of the last vector reach behind the row: memory has slack there, and `order` is not written yet.
    const high = f32x4.splat(top)
    const warm = f32x4.splat(heat)
    let total: f64 = 0
    for (let i = 0; i < size; i += 4) v128.store(weights + (<usize>i << 2), exp4(f32x4.div(f32x4.sub(v128.load(logits + (<usize>i << 2)), high), warm)))
    for (let i = 0; i < size; i++) total += at(weights, i)
    let chosen = best
    if (!greedy) {
      const u = <f64>load<f32>(uniform + (<usize>r << 2))
      if (topK == 0 && topP >= 1) chosen = draw(weights, size, u, total)
      else {
        truncate(logits, weights, order, kept, size, topK == 0 ? size : min(topK, size), topP, total)
        let mass: f64 = 0
        for (let i = 0; i < size; i++) mass += at(kept, i)
        chosen = draw(kept, size, u, mass)
      }
    }
    store<i32>(token + (<usize>r << 2), chosen)
    store<f32>(logp + (<usize>r << 2), <f32>(<f64>((at(logits, chosen) - top) / heat) - Math.log(total)))
    logits += <usize>size << 2
  }
}

// @ts-ignore: decorator
@inline
function at(x: usize, i: i32): f32 {
  return load<f32>(x + (<usize>i << 2))
}

/** Where the first of the largest numbers is; 0 where there is no largest, as in a row with a NaN in front. */
function firstLargest(x: usize, size: i32): i32 {
  const whole = size & ~3
  let i = 0
  let top = at(x, 0)
  if (whole > 0) {
    let most = v128.load(x)
    for (i = 4; i < whole; i += 4) most = f32x4.pmax(most, v128.load(x + (<usize>i << 2)))
    top = max(max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)), max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)))
  }
  for (; i < size; i++) top = max(top, at(x, i))
  for (i = 0; i < size; i++) if (at(x, i) == top) return i
  return 0
}

/** The first token whose cumulated weight exceeds u · total, or the last one with any weight. */
function draw(weights: usize, size: i32, u: f64, total: f64): i32 {
  const threshold = u * total
  let sum: f64 = 0
  let last = 0
  for (let i = 0; i < size; i++) {
    const weight = at(weights, i)
    sum += weight
    if (sum > threshold && weight > 0) return i
    if (weight > 0) last = i
  }
  return last
}

/** Copies to `kept` the weights of the `most` largest tokens, then of these the smallest set with at least topP of their mass. */
function truncate(logits: usize, weights: usize, heap: usize, kept: usize, size: i32, most: i32, topP: f32, total: f64): void {
  memory.fill(kept, 0, <usize>size << 2)
  for (let i = 0; i < size; i++) store<i32>(heap + (<usize>i << 2), i)
  for (let i = size / 2 - 1; i >= 0; i--) sink(logits, heap, i, size)
  // Popped tokens go behind the shrinking heap: the order, backwards.
  let left = size
  let mass: f64 = 0
  const all = most == size
  const enough = all ? total * topP : Infinity
  for (let n = 0; n < most && (topP >= 1 || mass < enough); n++) {
    const next = load<i32>(heap)
    left--
    store<i32>(heap, load<i32>(heap + (<usize>left << 2)))
    store<i32>(heap + (<usize>left << 2), next)
    sink(logits, heap, 0, left)
    mass += at(weights, next)
  }
  const limit = topP >= 1 ? Infinity : (all ? total : mass) * topP
  let before: f64 = 0
  for (let i = size - 1; i >= left && before < limit; i--) {
    const id = load<i32>(heap + (<usize>i << 2))
    store<f32>(kept + (<usize>id << 2), at(weights, id))
    before += at(weights, id)
  }
}

/** Whether token a ranks above token b: larger logit, then lower id. */
// @ts-ignore: decorator
@inline
function above(logits: usize, a: i32, b: i32): bool {
  const x = at(logits, a)
  const y = at(logits, b)
  return x > y || (x == y && a < b)
}

function sink(logits: usize, heap: usize, i: i32, size: i32): void {
  const id = load<i32>(heap + (<usize>i << 2))
  for (;;) {
    let child = 2 * i + 1
    if (child >= size) break
    if (child + 1 < size && above(logits, load<i32>(heap + (<usize>(child + 1) << 2)), load<i32>(heap + (<usize>child << 2)))) child++
    const other = load<i32>(heap + (<usize>child << 2))
    if (!above(logits, other, id)) break
    store<i32>(heap + (<usize>i << 2), other)
    i = child
  }
  store<i32>(heap + (<usize>i << 2), id)
}
