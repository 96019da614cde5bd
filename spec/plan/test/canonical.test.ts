// Canonical JSON: one text for one value, whatever the order of its keys; numbers as RFC 8785 writes them.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { equal, is, suite, throws } from '../../test/suite.js'
import { canonicalJson, contentHash } from '../canonical.js'

suite('canonical JSON', (test) => {
  const table: readonly (readonly [unknown, string])[] = [
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: 0 }, '{"b":0}'],
    [{ é: 1, z: 2, '\u{1f600}': 3, ﬁ: 4 }, '{"z":2,"é":1,"\u{1f600}":3,"ﬁ":4}'],
    // Examples of RFC 8785, appendix B and section 3.2.3.
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [333333333.33333329, '333333333.3333333'],
    [1e-7, '1e-7'],
    [0.000001, '0.000001'],
    ['\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ]
  for (const [value, text] of table) test(text, () => is(canonicalJson(value), text))

  test('what JSON cannot say is refused', () => {
    for (const value of [NaN, Infinity, () => 1, 1n]) throws(() => canonicalJson({ value }))
  })

  test('reads back as the same value, and the order of keys does not matter', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        equal(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value).replace(/-0(?![\d.])/g, '0')))
      }),
      { numRuns: 200, seed: 1 },
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (fields) => is(canonicalJson(Object.fromEntries(Object.entries(fields).reverse())), canonicalJson(fields))),
      { numRuns: 200, seed: 1 },
    )
  })

  test('the hash is SHA-256 of the text', () => is(contentHash({ b: 1, a: 2 }), createHash('sha256').update('{"a":2,"b":1}').digest('hex')))
})
