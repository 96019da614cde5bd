// Spans and records, by examples.

import { recordShare, spanOverlap, wordF1 } from '../signals/structure.js'
import { is, near, suite } from '../../spec/test/suite.js'

suite('structure', (test) => {
  const spans: readonly (readonly [text: string, start: number, end: number, share: number])[] = [
    ['0 - 10', 0, 10, 1],
    ['from 5 s to 15 s', 0, 10, 1 / 3],
    ['15 to 5', 0, 10, 1 / 3],
    ['12.5 - 30.1', 30.1, 12.5, 1],
    ['0 - 4', 5, 9, 0],
    ['3-3', 3, 3, 1],
    ['about 4', 0, 8, 0],
    ['', 0, 8, 0],
  ]
  for (const [text, start, end, share] of spans) test(`${text} of ${start} to ${end}`, () => near([spanOverlap(text, start, end)], [share]))

  const fields = ['time', 'person', 'action']
  const lines: readonly (readonly [text: string, share: number])[] = [
    ['time: 0 - 4 | person: a man | action: opens a door', 1],
    ['time: 0 - 4 | person: a man | action: opens\n\n time : 4 - 9 | person: he | action: leaves\n', 1],
    ['time: 0 - 4 | person: a man | action: opens\ntime: 4 | action: leaves | person: he', 0.5],
    ['time: 0 | person: | action: waits', 0],
    ['a man opens a door', 0],
    ['', 0],
  ]
  for (const [text, share] of lines) test(JSON.stringify(text), () => is(recordShare(text, fields), share))

  const words: readonly (readonly [text: string, reference: string, f1: number])[] = [
    ['a b c', 'c b  a', 1],
    ['a a b', 'a b b', 2 / 3],
    ['a', 'a b c', 0.5],
    ['x', 'a', 0],
    ['', '', 0],
  ]
  for (const [text, reference, f1] of words) test(`${text} against ${reference}`, () => near([wordF1(text, reference)], [f1]))
})
