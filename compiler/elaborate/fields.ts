// `value.field` and `value[key]`: outputs of stages, terms of rewards, phases of curricula, ends of ranges, parts of records.
// Which fields exist was checked before; an unknown one is poison.

import type { Identifier, TypeNode } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { ModuleScope } from '../resolve/program.js'
import type { Context } from './context.js'
import { asKey } from './instances.js'
import { NONE, POISON, type CompileValue, type ReferenceTarget } from './value.js'

export function fieldOf(context: Context, target: CompileValue, name: Identifier): CompileValue {
  switch (target.type) {
    case 'map':
      return { type: 'map', keys: target.keys, values: target.values.map((value) => fieldOf(context, value, name)) }
    case 'record':
      return target.fields.get(name.name) ?? NONE
    case 'range':
      return (name.name === 'low' ? target.low : name.name === 'high' ? target.high : undefined) ?? NONE
    case 'deferred':
      return { type: 'deferred', expr: { field: name.name, of: target.expr } }
    case 'ref':
      return partOf(context, target.to, name.name)
    default:
      return POISON
  }
}

/** `value[key]` of a constant list (from 0), record or map. */
export function keyOf(context: Context, target: CompileValue, key: CompileValue, span: Span): CompileValue {
  const wanted = asKey(key)
  if (wanted === undefined || target.type === 'poison') return POISON
  const found =
    target.type === 'list' && typeof wanted === 'number' ? target.items[wanted]
    : target.type === 'record' ? target.fields.get(String(wanted))
    : target.type === 'map' ? target.values[target.keys.indexOf(String(wanted))]
    : undefined
  if (found) return found
  context.report('RLP5003', span, `there is no entry ${JSON.stringify(wanted)}`, {
    notes: target.type === 'list' ? [`the list has ${target.items.length} entries, counted from 0`] : target.type === 'record' ? [`there are ${[...target.fields.keys()].join(', ')}`] : [],
    help: 'name an entry that exists',
  })
  return POISON
}

function partOf(context: Context, to: ReferenceTarget, name: string): CompileValue {
  switch (to.kind) {
    case 'stage': {
      const output = context.owners.get(to.address)
      const kind = output && output.declaration.node === 'Declaration' ? context.kinds.kindOf(output.declaration, output.module) : undefined
      const member = kind?.outputs.get(name)
      // A field of an output that is a map of metrics: `exam.terms.correct`.
      if (to.output !== '') return { type: 'deferred', expr: { stage: to.address, metric: `${to.output}.${name}` } }
      if (!member) return POISON
      if (isMetric(member.type, member.scope)) return { type: 'deferred', expr: { stage: to.address, metric: name } }
      return { type: 'ref', to: { ...to, output: name } }
    }
    case 'reward':
      return to.term === undefined ? { type: 'ref', to: { ...to, term: name } } : POISON
    case 'curriculum':
      return to.phase === undefined ? { type: 'ref', to: { ...to, phase: name } } : POISON
    default:
      return POISON
  }
}

/** Outputs of type `Real` are metrics: numbers that are known when the stage is done. */
function isMetric(type: TypeNode, scope: ModuleScope): boolean {
  if (type.node === 'RangeType' || type.node === 'OptionalType') return isMetric(type.inner, scope)
  return type.node === 'NamedType' && !type.module && ['Real', 'Float', 'Int'].includes(type.name.name)
}

