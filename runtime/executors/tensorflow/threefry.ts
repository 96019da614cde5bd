// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011) in TensorFlow's ops: the same bits as every other executor.
// TensorFlow's own random ops are other generators, or the same with other counters.

import type { FunctionBuilder, Ref } from './builder.js'
import { typed } from './graph-def.js'

const ROTATIONS: readonly number[] = [13, 15, 26, 6, 17, 29, 16, 24]
const PARITY = 0x1bd11bda

/** The first word of the block cipher for each element; all four are u32 of one shape. */
export function threefry(b: FunctionBuilder, key0: Ref, key1: Ref, counter0: Ref, counter1: Ref): Ref {
  const op = (name: string, x: Ref, y: Ref): Ref => b.node(name, [x, y], { T: typed('u32') })
  const number = (value: number): Ref => b.constant('u32', value)
  const rotate = (x: Ref, by: number): Ref => op('BitwiseOr', op('LeftShift', x, number(by)), op('RightShift', x, number(32 - by)))

  const keys = [key0, key1, op('BitwiseXor', op('BitwiseXor', key0, key1), number(PARITY))] as const
  let x0 = op('AddV2', counter0, key0)
  let x1 = op('AddV2', counter1, key1)
  for (let round = 0; round < 20; round++) {
    x0 = op('AddV2', x0, x1)
    x1 = op('BitwiseXor', rotate(x1, ROTATIONS[round % 8] as number), x0)
    if (round % 4 !== 3) continue
    const injection = (round + 1) / 4
    x0 = op('AddV2', x0, keys[injection % 3] as Ref)
    x1 = op('AddV2', op('AddV2', x1, keys[(injection + 1) % 3] as Ref), number(injection))
  }
  return x0
}
