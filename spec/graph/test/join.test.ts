// Graphs put one after the other compute what they compute one by one.

import { GraphBuilder } from '../../../compiler/graph/builder.js'
import { is, suite, throws } from '../../test/suite.js'
import { dump } from '../dump.js'
import { join } from '../join.js'
import { verify } from '../verify.js'

const half = (() => {
  const b = new GraphBuilder('half')
  b.fetch('y', b.mul(b.input('x', 'f32', ['N']), 0.5))
  return b.build()
})()
const shifted = (() => {
  const b = new GraphBuilder('shifted')
  const w = b.input('w', 'f32', ['N'], 'state')
  b.assign(w, b.add(w, b.add(b.input('z', 'f32', ['N']), b.input('x', 'f32', ['N']))))
  return b.build()
})()

suite('join', (test) => {
  test('a feed becomes a fetch, and feeds of one name are one', () => {
    const joined = join('both', [{ graph: half }, { graph: shifted, wires: { z: 'y' } }])
    is(verify(joined).join('\n'), '')
    is(joined.nodes.filter(({ op, attributes }) => op === 'input' && attributes['storage'] === 'feed').map(({ attributes }) => attributes['name']).join(), 'x')
    is(joined.outputs.map((output) => (output.kind === 'fetch' ? output.name : `${output.state} =`)).join(), 'y,w =')
    is(dump(joined).includes('z'), false)
  })

  test('what does not fit is said', () => {
    throws(() => join('both', [{ graph: shifted, wires: { z: 'y' } }]), /nothing before shifted fetches "y"/)
    throws(() => join('both', [{ graph: half }, { graph: half }]), /two parts fetch "y"/)
    const b = new GraphBuilder('other')
    b.fetch('q', b.input('x', 'i32', ['N']))
    throws(() => join('both', [{ graph: half }, { graph: b.build() }]), /other takes "x" as i32\[N\], and it is f32\[N\]/)
  })
})
