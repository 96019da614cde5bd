// Applying fixes: order, overlaps, several files.

import { equal, is, suite } from '../../spec/test/suite.js'
import { applyFixes } from '../diagnostics/apply-fixes.js'
import type { Fix } from '../diagnostics/diagnostic.js'
import { SourceFile } from '../source/source.js'

const file = new SourceFile('a.rlp', 'abcdef')
const fix = (...edits: readonly (readonly [number, number, string])[]): Fix => ({ title: '', safe: true, edits: edits.map(([start, end, insert]) => ({ span: file.span(start, end), insert })) })

suite('apply fixes', (test) => {
  test('edits of one fix go together', () => is(applyFixes([fix([0, 1, ''], [6, 6, 'a'])]).texts.get(file), 'bcdefa'))
  test('insertions at one place keep their order', () => is(applyFixes([fix([2, 2, '1']), fix([2, 2, '2'])]).texts.get(file), 'ab12cdef'))
  test('the same insertion twice is made once', () => is(applyFixes([fix([2, 2, '1']), fix([2, 2, '1'])]).texts.get(file), 'ab1cdef'))
  test('of two that overlap the first wins, as a whole', () => {
    const [first, second] = [fix([1, 3, 'X']), fix([2, 4, 'Y'], [5, 6, 'Z'])]
    const result = applyFixes([first, second])
    is(result.texts.get(file), 'aXdef')
    equal(result.skipped, [second])
    equal(result.applied, [first])
  })
  test('neighbours do not overlap', () => is(applyFixes([fix([1, 3, 'X']), fix([3, 4, 'Y'])]).texts.get(file), 'aXYef'))
  test('files are kept apart', () => {
    const other = new SourceFile('b.rlp', 'xyz')
    const both: Fix = { title: '', safe: false, edits: [{ span: other.span(0, 1), insert: '' }, { span: file.span(0, 1), insert: 'A' }] }
    const { texts } = applyFixes([both])
    is(texts.get(other), 'yz')
    is(texts.get(file), 'Abcdef')
  })
})
