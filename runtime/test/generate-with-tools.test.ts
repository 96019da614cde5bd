// The calculator among the tools. What tools and hints do to completions is seen in the miniature of START.

import { arithmetic } from '../engines/native/generate-with-tools.js'
import { is, suite } from '../../spec/test/suite.js'

suite('tools', (test) => {
  const sums: readonly (readonly [text: string, result: number])[] = [['7 *3', 1], ['7 *3 +4 -9', 6], ['2 - 5', 7], ['', 0], ['9', 9], ['no sum', 0]]
  for (const [text, result] of sums) test(`${text} = ${result}`, () => is(arithmetic(text), result))
})
