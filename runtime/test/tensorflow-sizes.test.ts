// The sizes of what goes through XLA: enough for what is asked, few, and with little waste.

import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { COARSE } from '../executors/tensorflow/sizes.js'

suite('sizes for XLA', (test) => {
  test('widths hold what they should, with a third of padding at most above 16, and are few', () => {
    const widths = new Set<number>()
    for (let positions = 1; positions <= 2048; positions++) {
      const width = COARSE.width(positions)
      ok(width >= positions && (width === 16 || positions > (2 / 3) * width), `${positions} in ${width}`)
      widths.add(width)
    }
    equal([...widths].slice(0, 6), [16, 24, 32, 48, 64, 96])
    is(widths.size, 15)
  })

  test('rows are 8, 32 or 128', () => {
    equal([1, 8, 9, 32, 33, 72, 128].map(COARSE.rows), [8, 8, 32, 32, 128, 128, 128])
  })
})
