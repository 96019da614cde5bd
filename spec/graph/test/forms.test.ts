// What is done to finished graphs: dump, bind, inline, prune, JSON. One small graph with a composite in a composite.

import { equal, is, suite, throws } from '../../test/suite.js'
import { bind } from '../bind.js'
import { dump } from '../dump.js'
import type { Graph, GraphNode } from '../graph.js'
import { inlineComposites } from '../inline.js'
import { prune } from '../prune.js'
import { verify } from '../verify.js'

const f32 = (...shape: (number | string)[]): GraphNode['type'] => ({ dtype: 'f32', shape })
const node = (op: GraphNode['op'], inputs: number[], type: GraphNode['type'], attributes: GraphNode['attributes'] = {}, rest: Partial<GraphNode> = {}): GraphNode => ({ op, inputs, attributes, type, ...rest })

const twice: Graph = {
  name: 'twice',
  nodes: [node('input', [], f32('N'), { name: '0', storage: 'feed' }), node('add', [0, 0], f32('N'))],
  outputs: [{ kind: 'fetch', name: '0', node: 1 }],
  bodies: [],
}
/** (x, unused) → 2x, −x */
const pair: Graph = {
  name: 'pair',
  nodes: [
    node('input', [], f32('N'), { name: '0', storage: 'feed' }),
    node('input', [], f32(), { name: '1', storage: 'feed' }),
    node('composite', [0], f32('N'), { name: 'twice' }, { body: 0, outputs: [f32('N')] }),
    node('neg', [0], f32('N')),
  ],
  outputs: [{ kind: 'fetch', name: '0', node: 2 }, { kind: 'fetch', name: '1', node: 3 }],
  bodies: [twice],
}
const graph: Graph = {
  name: 'example',
  nodes: [
    node('input', [], f32('N'), { name: 'x', storage: 'feed' }),
    node('input', [], f32('N'), { name: 'w', storage: 'state' }),
    node('const', [], f32(), { value: '-Infinity' }),
    node('broadcast', [2], f32('N'), { axes: [] }),
    node('composite', [0, 2], f32('N'), { name: 'pair', eps: 0.1 }, { body: 0, outputs: [f32('N'), f32('N')], label: 'advantage' }),
    node('part', [4], f32('N'), { index: 1 }),
    node('max', [3, 5], f32('N')),
    node('slice', [6], f32('N-1'), { start: [1], size: ['N-1'] }),
  ],
  outputs: [{ kind: 'fetch', name: 'y', node: 7 }, { kind: 'assign', state: 'w', node: 4 }],
  bodies: [pair],
}

suite('graph forms', (test) => {
  test('the example is legal', () => equal(verify(graph), []))

  test('dump', () => {
    is(
      dump(graph),
      `graph example
  %0: f32[N] = input(name=x, storage=feed)
  %1: f32[N] = input(name=w, storage=state)
  %2: f32[] = const(-Infinity)
  %3: f32[N] = broadcast(%2, axes=[])
  %4 advantage: (f32[N], f32[N]) = @pair(%0, %2, eps=0.1)
  %5: f32[N] = part(%4, 1)
  %6: f32[N] = max(%3, %5)
  %7: f32[N-1] = slice(%6, start=[1], size=[N-1])
  fetch y = %7
  assign w = %4

@pair
  %0: f32[N] = input(name=0, storage=feed)
  %1: f32[] = input(name=1, storage=feed)
  %2: f32[N] = @twice(%0)
  %3: f32[N] = neg(%0)
  fetch 0 = %2
  fetch 1 = %3

@twice
  %0: f32[N] = input(name=0, storage=feed)
  %1: f32[N] = add(%0, %0)
  fetch 0 = %1
`,
    )
  })

  test('JSON is the format', () => equal(JSON.parse(JSON.stringify(graph)), graph))

  test('bind gives every size its number, in attributes and bodies too', () => {
    const bound = bind(graph, { N: 4 })
    equal(verify(bound), [])
    equal(bound.nodes[7]?.type.shape, [3])
    equal(bound.nodes[7]?.attributes, { start: [1], size: [3] })
    equal(bound.bodies[0]?.bodies[0]?.nodes[1]?.type.shape, [4])
    is(JSON.stringify(bound).includes('"N'), false)
    throws(() => bind(graph, {}), /no value for "N"/)
    throws(() => bind(graph, { N: 0 }), /size "N-1" is -1/)
  })

  test('inlining replaces composites at every depth', () => {
    const inlined = inlineComposites(graph)
    equal(verify(inlined), [])
    equal(inlined.nodes.map((each) => each.op), ['input', 'const', 'broadcast', 'add', 'neg', 'max', 'slice'])
    equal(inlined.bodies, [])
  })

  test('inlining keeps what it is told to, outside and inside', () => {
    const outer = inlineComposites(graph, (name) => name === 'pair')
    equal(verify(outer), [])
    equal(outer.nodes.filter((each) => each.op === 'composite').length, 1)
    equal(outer.bodies[0]?.nodes.map((each) => each.op), ['input', 'input', 'add', 'neg'])
    const inner = inlineComposites(graph, (name) => name === 'twice')
    equal(verify(inner), [])
    equal(inner.bodies, [twice])
    equal(inlineComposites(graph, () => true).bodies, [pair])
  })

  test('prune drops what no output needs, and inputs unless told to keep them', () => {
    const part: Graph = { ...graph, outputs: [{ kind: 'fetch', name: 'x', node: 3 }] }
    equal(prune(part).nodes.map((each) => each.op), ['const', 'broadcast'])
    equal(prune(part).bodies, [])
    equal(prune(part, { keepInputs: true }).nodes.map((each) => each.op), ['input', 'input', 'const', 'broadcast'])
  })
})
