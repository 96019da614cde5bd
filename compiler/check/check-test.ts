// Tests of rewards: rows that the reward can read, and numbers for terms that exist. Whether they hold is found by running them.

import type { Expression, RecordLiteral, TestDeclaration } from '../../grammar/ast/ast.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { wordOf, type ModuleScope } from '../resolve/program.js'
import { walk } from '../resolve/walk.js'
import { joined, listed, moduleEnv, replace, type Context, type Env } from './context.js'
import { expectType } from './expect.js'
import { infer } from './infer.js'
import { reportUnknownName } from './infer-names.js'
import { attributeOf, termsOf } from './members.js'
import { rowOf } from './symbols.js'
import { REAL, TEXT, type Type } from './types.js'

export function checkTest(cx: Context, test: TestDeclaration, scope: ModuleScope): void {
  const { subject } = test
  const symbol = scope.lookup(subject.name)
  if (!symbol) {
    const rewards = scope.names().filter((name) => {
      const other = scope.lookup(name)
      return other?.symbol === 'declaration' && wordOf(other) === 'reward'
    })
    return reportUnknownName(cx, subject.name, subject.span, scope, rewards)
  }
  if (symbol.symbol === 'lost') return
  const env = moduleEnv(scope)
  if (symbol.symbol !== 'declaration' || symbol.declaration.node !== 'Declaration' || wordOf(symbol) !== 'reward') {
    return cx.report('RLP3003', subject.span, `\`${subject.name}\` is no reward`, { label: 'tests are of rewards', help: 'name a reward' })
  }
  const { declaration, module } = symbol
  const row = rowOf(cx, declaration, module)
  const terms = [...termsOf(declaration).keys(), 'total']
  const read = fieldsRead([...termsOf(declaration).values()].map(({ value }) => value), attributeOf(declaration, 'total'))
  for (const one of test.cases) {
    expectType(cx, one.input, TEXT, env, 'a completion')
    if (one.with) checkRow(cx, one.with, row, read, env)
    else if (read.length > 0) missingFields(cx, one.input, read)
    checkExpected(cx, one.gives, terms, subject.name, env)
  }
}

/** The row of a case has the fields that the reward reads, of the right types; others may be left out. */
function checkRow(cx: Context, given: Expression, row: Type, read: readonly string[], env: Env): void {
  if (given.node !== 'Record') {
    if (given.node !== 'Invalid') cx.report('RLP3001', given.span, 'a test gives a record for the row', { label: 'expected `{ field = value, … }`', help: 'write `with { field = value }`' })
    return
  }
  const fields = row.type === 'record' ? row.fields : undefined
  for (const { name, value } of given.fields) {
    const field = fields?.get(name.name)
    if (field) expectType(cx, value, field.type, env, `\`${name.name}\``)
    else infer(cx, value, env)
    if (!fields || field) continue
    const better = suggest(name.name, fields.keys())
    cx.report('RLP3007', name.span, `the rows have no field \`${name.name}\``, {
      label: better ? `did you mean \`${better}\`?` : 'unknown field',
      notes: [`the rows have ${listed([...fields.keys()])}`],
      help: better ? `write \`${better} = …\`` : 'remove it',
      fixes: better ? [replace(name.span, better)] : [],
    })
  }
  const misspelt = given.fields.some(({ name }) => fields && !fields.has(name.name))
  const missing = read.filter((name) => fields?.has(name) && !given.fields.some((field) => field.name.name === name))
  if (missing.length > 0 && !misspelt) missingFields(cx, given, missing)
}

function missingFields(cx: Context, at: Expression, missing: readonly string[]): void {
  cx.report('RLP3002', at.span, `this case lacks ${joined(missing.map((name) => `\`${name}\``))} of the row`, {
    label: 'the reward reads it',
    help: `write \`with { ${missing.map((name) => `${name} = …`).join(', ')} }\``,
  })
}

function checkExpected(cx: Context, gives: Expression, terms: readonly string[], reward: string, env: Env): void {
  if (gives.node !== 'Record') {
    if (gives.node !== 'Invalid') cx.report('RLP3001', gives.span, 'a test says what terms become', { label: 'expected `{ term = number, … }`', help: 'write `gives { total = … }`' })
    return
  }
  for (const { name, value } of (gives satisfies RecordLiteral).fields) {
    expectType(cx, value, REAL, env, `\`${name.name}\``)
    if (terms.includes(name.name)) continue
    const better = suggest(name.name, terms)
    cx.report('RLP3007', name.span, `\`${reward}\` has no term \`${name.name}\``, {
      label: better ? `did you mean \`${better}\`?` : 'no such term',
      notes: [`it has ${listed(terms)}`],
      help: better ? `write \`${better} = …\`` : 'name one of its terms',
      fixes: better ? [replace(name.span, better)] : [],
    })
  }
}

/** Names `x` of all `row.x` in the expressions. */
function fieldsRead(terms: readonly (Expression | undefined)[], total: Expression | undefined): readonly string[] {
  const names = new Set<string>()
  for (const expression of [...terms, total]) {
    walk(expression, (part) => {
      if (part.node === 'Field' && part.target.node === 'Name' && part.target.name === 'row') names.add(part.name.name)
    })
  }
  return [...names]
}
