// Rotary frequencies stretched for longer contexts, as `transformers` stretches them: read from a config, and as a graph.
// Does not rotate: `graph/composites/rotary.ts` does.

import type { GraphBuilder, Value } from '../graph/builder.js'

/** How the frequencies base^(−2i/Dh) of a head are changed. `original` is the context before the stretching, in tokens. */
export type RotaryScaling =
  /** All of them divided by `factor` (positions are interpolated, arXiv 2306.15595). */
  | { readonly type: 'linear'; readonly factor: number }
  /** Slow ones divided, fast ones kept, and a ramp between the pairs `low` and `high`; queries and keys times `attention` (arXiv 2309.00071). */
  | { readonly type: 'yarn'; readonly factor: number; readonly low: number; readonly high: number; readonly attention: number }
  /** The same idea with a ramp over wavelengths, between original / `lowest` and original / `highest` tokens (Llama 3.1). */
  | { readonly type: 'llama3'; readonly factor: number; readonly lowest: number; readonly highest: number; readonly original: number }

interface Head {
  readonly size: number
  readonly base: number
  readonly context: number
}

type Settings = Readonly<Record<string, unknown>>
type Read = (settings: Settings, head: Head, faults: string[]) => RotaryScaling | undefined

/** By `rope_type`, as `transformers` computes each (`modeling_rope_utils.py` 5.10). */
const types: Readonly<Record<string, Read>> = {
  default: () => undefined,
  // Stretches only sequences that are longer than the context, and none here is.
  dynamic: () => undefined,
  linear: (settings, _, faults) => ({ type: 'linear', factor: positive(settings, 'factor', faults) }),
  yarn: (settings, { size, base, context }, faults) => {
    const original = positive(settings, 'original_max_position_embeddings', faults, context)
    const factor = positive(settings, 'factor', faults, context / original)
    // The pair of numbers that turns so many times within the original context.
    const pair = (turns: number): number => (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(base))
    const [low, high] = [pair(positive(settings, 'beta_fast', faults, 32)), pair(positive(settings, 'beta_slow', faults, 1))]
    const whole = settings['truncate'] !== false
    return { type: 'yarn', factor, low: Math.max(whole ? Math.floor(low) : low, 0), high: Math.min(whole ? Math.ceil(high) : high, size - 1), attention: yarnAttention(settings, factor) }
  },
  llama3: (settings, { context }, faults) => ({
    type: 'llama3',
    factor: positive(settings, 'factor', faults),
    lowest: positive(settings, 'low_freq_factor', faults),
    highest: positive(settings, 'high_freq_factor', faults),
    original: positive(settings, 'original_max_position_embeddings', faults, context),
  }),
}

/** The scaling of a `rope_scaling` or `rope_parameters`; undefined for none. What cannot be used is added to `faults`. */
export function readScaling(settings: Settings, head: Head, faults: string[]): RotaryScaling | undefined {
  const type = String(settings['rope_type'] ?? settings['type'] ?? 'default')
  const read = Object.hasOwn(types, type) ? types[type] : undefined
  if (!read) faults.push(`rotary scaling "${type}" is not supported, only ${Object.keys(types).map((each) => `"${each}"`).join(', ')}`)
  return read?.(settings, head, faults)
}

/** The frequencies [Dh/2] of a head, or undefined where they are the plain ones that `rotary` makes itself. */
export function scaledFrequencies(b: GraphBuilder, scaling: RotaryScaling | undefined, { size, base }: Pick<Head, 'size' | 'base'>): Value | undefined {
  if (!scaling) return undefined
  const pairs = b.iota([size / 2], 0, 'f32')
  const plain = b.pow(base, b.mul(pairs, -2 / size))
  const slowed = b.div(plain, scaling.factor)
  /** `plain` where `share` is 1, `slowed` where it is 0. */
  const blend = (share: Value): Value => b.add(b.mul(plain, share), b.mul(slowed, b.sub(1, share)))
  switch (scaling.type) {
    case 'linear':
      return slowed
    case 'yarn': {
      const { low, high } = scaling
      return blend(b.sub(1, b.clamp(b.div(b.sub(pairs, low), high === low ? 0.001 : high - low), 0, 1)))
    }
    case 'llama3': {
      const { lowest, highest, original } = scaling
      const turns = b.mul(plain, original / (2 * Math.PI))
      return blend(b.clamp(b.div(b.sub(turns, lowest), highest - lowest), 0, 1))
    }
  }
}

/** What scores of attention are multiplied by: queries and keys are both scaled. */
export const attentionFactor = (scaling: RotaryScaling | undefined): number => (scaling?.type === 'yarn' ? scaling.attention ** 2 : 1)

/** The factor of queries and of keys (arXiv 2309.00071, 3.4), unless it is written. */
function yarnAttention(settings: Settings, factor: number): number {
  const written = settings['attention_factor']
  if (typeof written === 'number') return written
  const temper = (share: number): number => (factor <= 1 ? 1 : 0.1 * share * Math.log(factor) + 1)
  const [all, some] = [settings['mscale_all_dim'], settings['mscale']]
  return typeof all === 'number' && typeof some === 'number' && all !== 0 && some !== 0 ? temper(some) / temper(all) : temper(1)
}

function positive(settings: Settings, key: string, faults: string[], fallback?: number): number {
  const value = settings[key] ?? fallback
  if (typeof value === 'number' && value > 0) return value
  faults.push(value === undefined ? `its rotary scaling has no \`${key}\`` : `\`${key}\` of its rotary scaling is ${JSON.stringify(value)}, not a positive number`)
  return 1
}
