// Every op of the reference executor against PyTorch, and Threefry against Random123's known answers.

import { opCases, graphOf } from '../../../../spec/graph/test/cases.js'
import { equal, near, ok, suite } from '../../../../spec/test/suite.js'
import { evaluators } from '../evaluate.js'
import { reference } from '../reference.js'
import { threefry2x32 } from '../threefry.js'

const cases = opCases()

suite('reference ops', (test) => {
  cases.forEach((each, position) => {
    const types = each.inputs.map((input) => `${input.dtype}[${input.shape.join(', ')}]`).join(', ')
    test(`${each.op}(${types}) #${position}`, async () => {
      const feeds = Object.fromEntries(each.inputs.map((input, i) => [String(i), Float64Array.from(input.data)]))
      const { y } = await (await reference.open()).load(graphOf(each), {}).run(feeds)
      near(y as Float64Array, each.result.data, { rtol: 1e-13, atol: 1e-14 })
    })
  })

  test('every op has a case', () => {
    const tested = new Set<string>(cases.map((each) => each.op))
    equal(Object.keys(evaluators).filter((op) => !tested.has(op)), [])
  })

  test('an index outside its table is an error that names the node', async () => {
    const gather = cases.find((each) => each.op === 'gather')
    ok(gather)
    const program = (await reference.open()).load(graphOf(gather), {})
    const failure = await program.run({ 0: new Float64Array(6), 1: Int32Array.of(0, 1, 2, 0, 1, 3) }).then(() => '', (error: Error) => error.message)
    equal(failure, 'graph gather: %2 gather: index 3 of 3')
  })
})

suite('threefry', (test) => {
  const known: [number[], number[]][] = [
    [[0, 0, 0, 0], [0x6b200159, 0x99ba4efe]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    [[0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]],
  ]
  for (const [input, output] of known) {
    test(`2x32-20 of ${input.map((word) => word.toString(16)).join(' ')}`, () => equal(threefry2x32(...(input as [number, number, number, number])), output))
  }
})
