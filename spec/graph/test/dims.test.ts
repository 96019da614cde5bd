// Sizes: one spelling for each, and arithmetic that agrees with numbers.

import fc from 'fast-check'
import { equal, is, suite, throws } from '../../test/suite.js'
import { addDims, canonicalDim, divideDims, evaluateDim, isCanonicalDim, multiplyDims, sizeOf, subtractDims, symbolsOf } from '../dims.js'
import type { Dim } from '../graph.js'

const spellings: [Dim, Dim][] = [
  ['T*B', 'B*T'],
  ['T*2*B', '2*B*T'],
  ['T-1', 'T-1'],
  ['3+T*T-1', 'T*T+2'],
  ['T-T+4', 4],
  ['0*T', 0],
  ['-T+2*T', 'T'],
  ['1*B', 'B'],
  ['7', 7],
  ['b+B+a', 'B+a+b'],
]

const symbols = fc.constantFrom<Dim[]>(0, 1, 2, 3, 'B', 'T', 'G', 'B*T', '2*T-1')
const bindings = { B: 5, T: 7, G: 3 }

suite('dims', (test) => {
  for (const [from, to] of spellings) test(`${from} is spelt ${to}`, () => is(canonicalDim(from), to))

  test('only canonical spellings are legal', () => {
    for (const dim of [0, 3, 'B', 'B*T', '2*B-1']) is(isCanonicalDim(dim), true)
    for (const dim of [-1, 1.5, '3', 'T*B', 'T+0', '', 'T*', 'T/2', '2 * B', null, undefined, [3]]) is(isCanonicalDim(dim), false)
    throws(() => canonicalDim('T/2'), /not a size: "T\/2"/)
  })

  test('arithmetic agrees with the numbers', () => {
    fc.assert(
      fc.property(symbols, symbols, symbols, (a, b, c) => {
        const at = (dim: Dim): number => evaluateDim(addDims(dim, 100), bindings) - 100
        is(at(addDims(multiplyDims(a, b), c)), at(a) * at(b) + at(c))
        is(at(subtractDims(a, b)), at(a) - at(b))
        is(addDims(subtractDims(a, b), b), a)
        if (b !== 0) is(divideDims(multiplyDims(a, b), b), a)
        is(multiplyDims(a, addDims(b, c)), addDims(multiplyDims(a, b), multiplyDims(a, c)))
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  test('division is exact or undefined', () => {
    is(divideDims('6*B*T', '2*B'), '3*T')
    is(divideDims('B*T-B', 'B'), 'T-1')
    is(divideDims('B*T-B', 'T-1'), 'B')
    is(divideDims('B', 2), undefined)
    is(divideDims('B', 'T'), undefined)
    is(divideDims('B+1', 'B'), undefined)
    is(divideDims(7, 2), undefined)
    is(divideDims(7, 0), undefined)
  })

  test('evaluation names the symbol without a value', () => {
    is(evaluateDim('2*B*T-1', { B: 2, T: 3 }), 11)
    throws(() => evaluateDim('B*T', { B: 2 }), /no value for "T"/)
    throws(() => evaluateDim('T-4', { T: 3 }), /is -1/)
  })

  test('shapes', () => {
    is(sizeOf(['T', 2, 'B']), '2*B*T')
    is(sizeOf([]), 1)
    equal(symbolsOf('T*B+B-1'), ['B', 'T'])
  })
})
