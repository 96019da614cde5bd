// What the wasm executor says of its programs: kernels, loops with what was fused into them, where threads wait.

import { GraphBuilder } from '../../compiler/graph/builder.js'
import { is, suite } from '../../spec/test/suite.js'
import { printSchedule } from '../executors/wasm/print.js'

suite('wasm print', (test) => {
  test('a product, what is fused behind it, a sum of that, and a new state', () => {
    const b = new GraphBuilder('layer')
    const [x, w, mask] = [b.input('x', 'f32', ['B', 64]), b.input('w', 'f32', [64, 32], 'state'), b.input('mask', 'bool', ['B', 32])]
    const y = b.where(mask, b.mul(b.exp(b.matmul(x, w)), 0.5), 0)
    b.fetch('y', y)
    b.fetch('total', b.reduceSum(y))
    b.assign('w', b.sub(w, b.mul(w, 0.1)))
    is(printSchedule(b.build(), { B: 48 }), `layer with B = 48: kernel calls 1, fused loops 3, inputs and intermediate values 24.0 KiB
  call  gemm(x, w, 48 x 32 x 64) → #4, divided
  --
  loop  1536, divided
          #5[i] = where(mask[i], mul(exp(#4[i]), 0.5), 0)
  --
  loop  once, sum over 1536
          #6[0] = sum(#5[i])
  loop  2048, divided
          w′[i] = sub(w[i], mul(w[i], 0.1))
  fetch y = #5
  fetch total = #6
`)
  })
})
