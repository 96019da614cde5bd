// `test answer { "…" with { … } gives { term = value } }`: runs each case through the signals and the reward's terms.
// The signals come from outside (the host); numbers are computed here in float64.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { TestCase, TestDeclaration } from '../../grammar/ast/ast.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { evaluate, ExpressionError, type Scope } from '../../spec/plan/expressions.js'
import type { Expr } from '../../spec/plan/plan.js'
import { lowerReward } from './reward.js'
import type { Program } from '../resolve/program.js'
import { report } from '../elaborate/codes.js'
import type { RewardDraft } from '../elaborate/drafts.js'
import type { Elaborated } from '../elaborate/elaborate.js'
import { rewardToLower } from './reward-to-lower.js'
import { toExpr } from '../elaborate/to-plan.js'

/** Runs one `extern fn` (`std/signals.exact`) with arguments by name; `null` = does not apply; throws when it fails. */
export interface HostCall {
  (call: string, args: Readonly<Record<string, unknown>>): unknown
  /** Waits for the calls that take time, and threw; true when there were any, and then everything is asked again. */
  settle?(): Promise<boolean>
}
/** Loads the host functions; called only when there is a test to run. */
export type HostCalls = () => Promise<HostCall>

/** How near a number must come: these are results of arithmetic on what the case says. */
const TOLERANCE = 1e-6

/** Diagnostics RLP6010 of all tests of the entry's rewards; none when all hold. */
export async function testRewards(program: Program, elaborated: Elaborated, load: HostCalls): Promise<readonly Diagnostic[]> {
  const tests = program.entry.tests
  if (tests.length === 0) return []
  const host = await load()
  const rewards = [...elaborated.drafts.values()].filter((draft): draft is RewardDraft => draft.draft === 'reward')
  const run = () => tests.flatMap((test) => {
    const subject = program.entry.lookup(test.subject.name)
    if (subject?.symbol !== 'declaration' || subject.declaration.node !== 'Declaration') return []
    const { name } = subject.declaration
    return rewards.filter(({ span }) => span === name.span).flatMap((draft) => testReward(test, draft, program, elaborated, host))
  })
  let found = run()
  while (await host.settle?.()) found = run()
  return found
}

function testReward(test: TestDeclaration, draft: RewardDraft, program: Program, elaborated: Elaborated, host: HostCall): readonly Diagnostic[] {
  const reward = rewardToLower(draft, program)
  const { signals } = lowerReward(reward)
  return test.cases.flatMap((one) => testCase(one, draft, signals, elaborated, host))
}

type Signals = readonly { readonly name: string; readonly expr: Expr }[]

function testCase(one: TestCase, draft: RewardDraft, signals: Signals, elaborated: Elaborated, host: HostCall): readonly Diagnostic[] {
  const constant = (expression: TestCase['input']) => valueOf(toExpr(elaborated.evaluate(expression)), { names: {}, call: host })
  const text = String(constant(one.input) ?? '')
  // A test has no tokenizer: words stand for tokens, and the text is taken as ended.
  const completion = { text, tokens: text.split(/\s+/).filter((word) => word !== '').length, finished: true }
  // No judge is there before it is trained.
  const scope: Scope = { names: { completion, row: one.with ? constant(one.with) : {}, clock: { steps: 0 } }, call: host, object: () => null }
  const numbers = new Map<string, number>()
  for (const signal of signals) {
    const value = signalValue(signal, scope, draft)
    if (typeof value !== 'number') return [report('RLP6010', one.input.span, `signal \`${signal.name}\` of \`${draft.address}\` ${value.failed}`, { label: 'for this completion', help: 'mend the row or the signal, or say what such a signal counts as with `on_error` or `on_missing`' })]
    numbers.set(contentHash(signal.expr), value)
  }
  const known = (expr: Expr) => ('const' in expr || 'name' in expr ? undefined : numbers.get(contentHash(expr)))
  const terms: Record<string, unknown> = {}
  for (const { name, expr } of [...draft.terms, draft.total]) terms[name] = asNumber(valueOf(expr, { ...scope, names: { ...scope.names, ...terms }, known }))
  return differences(one, draft, terms, constant)
}

/** A number, or why the reward says `stop`. */
function signalValue({ expr }: Signals[number], scope: Scope, { onError, onMissing, onTimeout }: RewardDraft): number | { readonly failed: string } {
  try {
    const value = asNumber(evaluate(expr, scope))
    if (typeof value === 'number' && !Number.isNaN(value)) return value
    if (value !== null) return onError === 'stop' ? { failed: `gave ${JSON.stringify(value)}, not a number` } : onError
    return onMissing === 'stop' ? { failed: 'does not apply' } : onMissing
  } catch (cause) {
    const timeout = cause instanceof Error && 'code' in cause && cause.code === 'RLP8107'
    const instead = timeout ? onTimeout : onError
    return instead === 'stop' ? { failed: `failed: ${cause instanceof Error ? cause.message : String(cause)}` } : instead
  }
}

/** One message for a case, at the first number that is another. */
function differences(one: TestCase, draft: RewardDraft, terms: Readonly<Record<string, unknown>>, constant: (expression: TestCase['gives']) => unknown): readonly Diagnostic[] {
  if (one.gives.node !== 'Record') return []
  const wrong = one.gives.fields.flatMap(({ name: { name }, value }) => {
    const [actual, expected] = [terms[name], asNumber(constant(value))]
    const equal = typeof actual === 'number' && typeof expected === 'number' && Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected))
    return equal ? [] : [{ name, span: value.span, actual: JSON.stringify(actual ?? null), expected: JSON.stringify(expected) }]
  })
  const [first, ...others] = wrong
  if (!first) return []
  const all = [...draft.terms, draft.total].map(({ name }) => `${name} = ${JSON.stringify(terms[name] ?? null)}`).join(', ')
  return [
    report('RLP6010', first.span, `\`${first.name}\` is ${first.actual}, and the test says ${first.expected}${others.length > 0 ? `; ${others.length} more` : ''}`, {
      label: `expected ${first.expected}`,
      related: [{ span: one.input.span, text: 'for this completion' }, ...others.map(({ name, span, actual, expected }) => ({ span, text: `\`${name}\` is ${actual}, expected ${expected}` }))],
      notes: [`\`${draft.address}\` gives ${all}`],
      help: 'change the reward, or the test if the reward is right',
    }),
  ]
}

/** None where an operand has no number: that was reported where types are checked. */
function valueOf(expr: Expr, scope: Scope): unknown {
  try {
    return evaluate(expr, scope)
  } catch (error) {
    if (error instanceof ExpressionError) return null
    throw error
  }
}

function asNumber(value: unknown): unknown {
  return typeof value === 'boolean' ? Number(value) : value
}
