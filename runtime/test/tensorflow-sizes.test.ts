// The sizes of what goes through XLA: enough for what is asked, few, and with little waste.

import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { COARSE } from '../executors/tensorflow/sizes.js'

suite('sizes for XLA', (test) => {
  test('widths hold what they should, with a fifth of padding at most above 16, and are few', () => {
    const widths = new Set<number>()
    for (let positions = 1; positions <= 2048; positions++) {
      const width = COARSE.width(positions)
      ok(width >= positions && (width === 16 || positions > 0.8 * width), `${positions} in ${width}`)
      widths.add(width)
    }
    equal([...widths].slice(0, 16), [16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 80, 96, 112])
    is(widths.size, 33)
  })

  test('rows are 8, 16, 32, …', () => equal([1, 8, 9, 32, 33, 72, 128].map(COARSE.rows), [8, 8, 16, 32, 64, 128, 128]))

  test('the rows that are left are not filled up to a whole micro-batch', () => {
    is(COARSE.rest(28, 64), 32)
    is(COARSE.rest(60, 48), 48)
  })
})
