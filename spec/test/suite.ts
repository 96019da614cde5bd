// The only way our tests use uvu: a suite that runs itself, so no file can forget to.
// Also the few assertions we use, with exact text comparison (uvu's own strip indentation).

import { appendFileSync } from 'node:fs'
import { suite as uvuSuite } from 'uvu'
import * as assert from 'uvu/assert'

// Commands compute on `wasm` unless a test says otherwise, whatever is installed on the machine.
process.env['RLPC_BACKEND'] ??= 'wasm'

type Test = (name: string, body: () => void | Promise<void>) => void

/** Define and run one suite. Exceptions while defining it fail the process, they never skip silently. */
export function suite(name: string, define: (test: Test) => void): void {
  const tests = uvuSuite(name)
  let count = 0
  define((title, body) => {
    count++
    tests(title, async () => {
      await body()
    })
  })
  if (count === 0) throw new Error(`suite "${name}" has no tests`)
  const log = process.env['RLPC_SUITE_LOG']
  if (log) appendFileSync(log, `${process.argv[1] ?? ''}\t${name}\t${count}\n`)
  tests.run()
}

export const is = assert.is
export const ok: typeof assert.ok = assert.ok
export const equal = assert.equal
export const throws = assert.throws
export const unreachable: typeof assert.unreachable = assert.unreachable

/** |actual − expected| ≤ atol + rtol·|expected|, element by element; NaN equals NaN. */
export function near(
  actual: ArrayLike<number> | number,
  expected: ArrayLike<number> | number,
  { rtol = 1e-10, atol = 1e-12, what = 'value' }: { rtol?: number; atol?: number; what?: string } = {},
): void {
  const a = typeof actual === 'number' ? [actual] : actual
  const e = typeof expected === 'number' ? [expected] : expected
  if (a.length !== e.length) throw new assert.Assertion({ message: `${what}: length ${a.length}, expected ${e.length}`, generated: false, details: '', operator: 'near', expects: e.length, actual: a.length })
  for (let i = 0; i < e.length; i++) {
    const x = a[i] as number
    const y = e[i] as number
    const same = Object.is(x, y) || x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y)
    if (!same) throw new assert.Assertion({ message: `${what}[${i}]: ${x}, expected ${y} (difference ${Math.abs(x - y)})`, generated: false, details: '', operator: 'near', expects: y, actual: x })
  }
}
