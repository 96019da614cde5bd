// Every kind of illegal graph is refused: a legal one that uses every op, damaged in one place at a time.

import { ops } from '../../../spec/graph/ops.js'
import type { Graph, GraphNode, OpName, TensorType } from '../../../spec/graph/graph.js'
import { verify } from '../../../spec/graph/verify.js'
import { equal, ok, suite } from '../../../spec/test/suite.js'
import { GraphBuilder } from '../builder.js'
import { rmsNorm, tokenLogprob } from '../composites.js'
import { gradient } from '../gradient.js'
import { random } from './harness.js'

function legal(): Graph {
  const b = new GraphBuilder('legal')
  const x = b.input('x', 'f32', ['B', 4])
  const w = b.input('w', 'f32', [4, 4], 'state')
  const ids = b.input('ids', 'i32', ['B'])
  const flag = b.lt(x, 0)
  const word = b.cast(b.iota(['B'], 0), 'u32')
  const bits = b.randomBits(1, 2, b.bitXor(b.bitAnd(word, 7), b.bitOr(word, 1)), b.shiftLeft(word, 2))
  const unary = [b.neg, b.exp, b.log, b.sqrt, b.rsqrt, b.sin, b.cos, b.tanh, b.sigmoid, b.abs, b.sign, b.floor, b.stopGradient].map((op) => op.call(b, x))
  const binary = [b.add, b.sub, b.mul, b.div, b.max, b.min, b.pow, b.mod].map((op) => op.call(b, x, b.reduceMax(x)))
  const logic = [b.le(x, 1), b.eq(x, 1), b.and(flag, b.not(flag)), b.or(flag, b.isNan(x))].map((each) => b.where(each, x, 0))
  const moved = [b.reverse(x, 1), b.cumsum(x), b.linearScan(x, x), b.sort(x), b.cast(b.argsort(x), 'f32'), b.narrow(b.padAxis(x, 1, 1, 1), 1, 0, 4), b.matmul(x, w)]
  const indexed = [b.gather(w, ids), b.scatterAdd(ids, x, ['B', 4]), b.transpose(b.reshape(b.concat([x, x], 0), [4, '2*B']), [1, 0])]
  const { logp, entropy } = tokenLogprob(b, rmsNorm(b, x, b.reduceMin(x, 0), { eps: 1e-6 }), w, ids, b.constant(1))
  const loss = [...unary, ...binary, ...logic, ...moved, ...indexed, b.add(b.pick(x, ids), b.add(logp, entropy)), b.uniform(b.shiftRight(bits, 1))].map((each) => b.mean(each)).reduce((p, q) => b.add(p, q))
  b.fetch('loss', loss)
  const [g] = gradient(b, [loss], [b.constant(1)], [w])
  if (g) b.assign(w, g)
  return b.build()
}

type Damage = (graph: Graph, pick: (count: number) => number) => Graph | undefined

const replace = (graph: Graph, id: number, change: Partial<GraphNode>): Graph => ({ ...graph, nodes: graph.nodes.map((node, i) => (i === id ? { ...node, ...change } : node)) })
const choose = (graph: Graph, pick: (count: number) => number, fits: (node: GraphNode) => boolean): [GraphNode, number] => {
  const ids = graph.nodes.flatMap((node, id) => (fits(node) ? [id] : []))
  const id = ids[pick(ids.length)] as number
  return [graph.nodes[id] as GraphNode, id]
}
const computed = (node: GraphNode): boolean => node.inputs.length > 0
const wider = (type: TensorType): TensorType => ({ ...type, shape: [...type.shape, 3] })
const other = (type: TensorType): TensorType => ({ ...type, dtype: type.dtype === 'f32' ? 'i32' : 'f32' })

/** Each makes a legal graph illegal, whatever it picks. */
const damages: Record<string, Damage> = {
  'an input that comes later': (graph, pick) => {
    const [node, id] = choose(graph, pick, computed)
    return replace(graph, id, { inputs: node.inputs.with(pick(node.inputs.length), id + pick(3)) })
  },
  'an input that is no node': (graph, pick) => {
    const [node, id] = choose(graph, pick, computed)
    return replace(graph, id, { inputs: node.inputs.with(pick(node.inputs.length), -1) })
  },
  'one input too many': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => typeof ops[each.op].inputs === 'number' && each.inputs.length > 0)
    return replace(graph, id, { inputs: [...node.inputs, 0] })
  },
  'no inputs': (graph, pick) => replace(graph, choose(graph, pick, computed)[1], { inputs: [] }),
  'a shape that is not the result': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => computed(each) || each.op === 'const')
    return replace(graph, id, { type: wider(node.type) })
  },
  'a dtype that is not the result': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => computed(each) && each.op !== 'cast')
    return replace(graph, id, { type: other(node.type) })
  },
  'a size in another spelling': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => each.op === 'input')
    return replace(graph, id, { type: { ...node.type, shape: ['B*1', ...node.type.shape] } })
  },
  'no such op': (graph, pick) => replace(graph, pick(graph.nodes.length), { op: 'conv' as OpName }),
  'an attribute lost': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => Object.keys(each.attributes).length > 0)
    const names = Object.keys(ops[node.op].attributes)
    return replace(graph, id, { attributes: Object.fromEntries(Object.entries(node.attributes).filter(([name]) => name !== names[0])) })
  },
  'an attribute nobody knows': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => each.op !== 'composite')
    return replace(graph, id, { attributes: { ...node.attributes, speed: 1 } })
  },
  'axes out of range': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => 'axes' in each.attributes)
    return replace(graph, id, { attributes: { ...node.attributes, axes: [node.type.shape.length + 5] } })
  },
  'an attribute of the wrong kind': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => Object.keys(ops[each.op].attributes).length > 0)
    const [name] = Object.keys(ops[node.op].attributes) as [string]
    return replace(graph, id, { attributes: { ...node.attributes, [name]: ops[node.op].attributes[name] === 'boolean' ? 1 : true } })
  },
  'an infinite constant as a number': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op === 'const' && each.type.dtype === 'f32')[1], { attributes: { value: Infinity } }),
  'a constant outside its dtype': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op === 'const' && each.type.dtype !== 'f32')[1], { attributes: { value: -1.5 } }),
  'two inputs of one name': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op === 'input' && each.attributes.name !== 'x')[1], { attributes: { name: 'x', storage: 'feed' } }),
  'a composite without its body': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op === 'composite')[1], { body: 99 }),
  'a composite with outputs of other types': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => each.op === 'composite')
    return replace(graph, id, { outputs: (node.outputs ?? []).map(wider) })
  },
  'a composite with an input missing': (graph, pick) => {
    const [node, id] = choose(graph, pick, (each) => each.op === 'composite')
    return replace(graph, id, { inputs: node.inputs.slice(1) })
  },
  'a body on a primitive': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op !== 'composite')[1], { body: 0 }),
  'a part that is not there': (graph, pick) => replace(graph, choose(graph, pick, (each) => each.op === 'part')[1], { attributes: { index: [0, 7][pick(2)] as number } }),
  'a damaged body': (graph, pick) => {
    const which = pick(graph.bodies.length)
    const body = graph.bodies[which] as Graph
    return { ...graph, bodies: graph.bodies.with(which, replace(body, body.nodes.length - 1, { op: 'conv' as OpName })) }
  },
  'an output of no node': (graph, pick) => ({ ...graph, outputs: graph.outputs.with(pick(2), { kind: 'fetch', name: 'other', node: graph.nodes.length }) }),
  'a name fetched twice': (graph) => ({ ...graph, outputs: [...graph.outputs, { kind: 'fetch', name: 'loss', node: 0 }] }),
  'a state assigned twice': (graph) => ({ ...graph, outputs: [...graph.outputs, ...graph.outputs.filter((output) => output.kind === 'assign')] }),
  'a state assigned another type': (graph) => ({ ...graph, outputs: [{ kind: 'assign', state: 'w', node: 0 }] }),
  'a feed assigned': (graph) => ({ ...graph, outputs: [{ kind: 'assign', state: 'x', node: 0 }] }),
}

suite('verify', (test) => {
  const graph = legal()

  test('the legal graph is legal and has every op', () => {
    equal(verify(graph), [])
    const used = new Set<string>([...graph.nodes, ...graph.bodies.flatMap((body) => body.nodes)].map((node) => node.op))
    equal(Object.keys(ops).filter((op) => !used.has(op)), [])
  })

  for (const [name, damage] of Object.entries(damages)) {
    test(name, () => {
      const next = random(name.length)
      for (let attempt = 0; attempt < 20; attempt++) {
        const damaged = damage(graph, (count) => Math.floor(next() * count))
        ok(damaged && verify(damaged).length > 0)
      }
    })
  }

  test('a fault names graph, node and reason', () => {
    const b = new GraphBuilder('g')
    b.fetch('y', b.neg(b.input('x', 'f32', [2])))
    const built = b.build()
    equal(verify(replace(built, 1, { type: { dtype: 'f32', shape: [3] } })), ['g: %1 neg: is f32[2], recorded as f32[3]'])
  })
})
