// The random numbers against the published vectors of Threefry, and the promises made of what is drawn from them.

import { is, near, ok, suite } from '../../spec/test/suite.js'
import { below, normal, permuted, randomKey, threefry, uniform } from '../random.js'

suite('random', (test) => {
  test('Threefry-2x32-20 gives the known answers of Random123', () => {
    const vectors = [
      [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
      [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
    ] as const
    for (const [key0, key1, c0, c1, x0, x1] of vectors) is(threefry({ key0, key1 }, c0, c1).join(), [x0, x1].join())
  })

  test('keys differ by seed, large seed and purpose', () => {
    const keys = [randomKey(0, 'a'), randomKey(1, 'a'), randomKey(2 ** 32, 'a'), randomKey(0, 'b'), randomKey(0, 'a', 'b'), randomKey(0, 'ab')]
    is(new Set(keys.map((key) => `${key.key0} ${key.key1}`)).size, keys.length)
  })

  test('uniform and normal have their moments', () => {
    const key = randomKey(7, 'moments')
    const n = 20_000
    const u = Array.from({ length: n }, (_, i) => uniform(key, i))
    const z = Array.from({ length: n }, (_, i) => normal(key, i, 1))
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / n
    ok(u.every((x) => x >= 0 && x < 1))
    near(mean(u), 0.5, { atol: 0.01, rtol: 0 })
    near(mean(z), 0, { atol: 0.03, rtol: 0 })
    near(mean(z.map((x) => x * x)), 1, { atol: 0.05, rtol: 0 })
  })

  test('below stays in its range and reaches all of it', () => {
    const seen = new Set(Array.from({ length: 500 }, (_, i) => below(randomKey(1, 'x'), 7, i)))
    is([...seen].sort().join(''), '0123456')
  })

  test('permuted is a permutation for every size', () => {
    for (const n of [1, 2, 3, 4, 5, 16, 17, 100, 1000]) {
      const image = Array.from({ length: n }, (_, i) => permuted(randomKey(3, 'order'), n, i))
      is(new Set(image).size, n)
      ok(image.every((i) => i >= 0 && i < n))
    }
    const fixed = Array.from({ length: 1000 }, (_, i) => permuted(randomKey(3, 'order'), 1000, i)).filter((x, i) => x === i).length
    ok(fixed < 10)
  })
})
