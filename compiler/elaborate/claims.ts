// `claim` and `pipeline`: what is asserted about finished stages, and what the run hands out.
// A claim over `x[…, *]` becomes one check for each key.

import type { GenericDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { DeclarationSymbol } from '../resolve/program.js'
import type { BudgetDraft, Measure } from './budget.js'
import { moduleFrame, sourceText, type Context } from './context.js'
import { valueOf } from './declarations.js'
import type { ClaimDraft, PipelineDraft } from './drafts.js'
import { addressesIn } from './references.js'
import type { Settings } from './setting.js'
import { readSettings, referencesOf } from './settings.js'
import { toExpr } from './to-plan.js'
import type { CompileValue } from './value.js'

export function draftClaim(context: Context, symbol: DeclarationSymbol): ClaimDraft | undefined {
  const declaration = symbol.declaration as GenericDeclaration
  const kind = context.kinds.kindOf(declaration, symbol.module)
  if (!kind) return undefined
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: declaration.name.name }, moduleFrame(symbol.module), ['require'])
  const budget = budgetIn(settings, declaration.name.span)
  const require = settings.get('require')
  const atLeast = valueOf(settings, 'at_least')
  return {
    name: declaration.name.name,
    span: declaration.name.span,
    doc: declaration.doc,
    text: budget ? `equal ${budget.measure}` : require?.written ? sourceText(require.written) : '',
    // Equal budgets are proven before there is a plan.
    checks: budget ? [{ key: '', expr: { const: true } }] : require ? checksOf(require.value) : [],
    atLeast: atLeast.type === 'number' ? atLeast.value : undefined,
    budget,
    before: gatedBy(settings, declaration.name.span),
    // Stages that wait for a claim are not what it rests on.
    references: referencesOf(settings.referring().filter(({ path }) => path !== 'before'), declaration.name.span),
  }
}

/** The settings of an `EqualBudget`: every stage that its arms name. */
function budgetIn(settings: Settings, span: Span): BudgetDraft | undefined {
  const [arms, measure] = [settings.get('arms'), valueOf(settings, 'measure')]
  if (!arms || measure.type !== 'text') return undefined
  return { measure: measure.value as Measure, arms: addressesIn(arms.value), span: arms.written?.span ?? span }
}

/** The setting of a `Gate`: every stage that waits for it. */
function gatedBy(settings: Settings, span: Span): ClaimDraft['before'] {
  const before = settings.get('before')
  return before && { stages: addressesIn(before.value), span: before.written?.span ?? span }
}

function checksOf(value: CompileValue): ClaimDraft['checks'] {
  if (value.type === 'poison') return []
  if (value.type === 'record') return [...value.fields].map(([key, one]) => ({ key, expr: toExpr(one) }))
  if (value.type !== 'map') return [{ key: '', expr: toExpr(value) }]
  return value.keys.map((key, i) => ({ key, expr: toExpr(value.values[i] as CompileValue) }))
}

/** Without a `pipeline` the run has seed 0 and hands out nothing by name. */
export function draftPipeline(context: Context, symbol: DeclarationSymbol | undefined): PipelineDraft {
  const none: PipelineDraft = { name: undefined, seed: 0, outputs: new Map(), references: [] }
  const declaration = symbol?.declaration as GenericDeclaration | undefined
  const kind = symbol && declaration && context.kinds.kindOf(declaration, symbol.module)
  if (!symbol || !declaration || !kind) return none
  const settings = readSettings(context, kind, { declaration, body: declaration.body, prefix: '', address: declaration.name.name }, moduleFrame(symbol.module), ['outputs'])
  const [seed, outputs] = [valueOf(settings, 'seed'), valueOf(settings, 'outputs')]
  return {
    name: declaration.name.name,
    seed: seed.type === 'number' ? seed.value : 0,
    outputs: outputs.type === 'record' ? outputs.fields : new Map(),
    references: referencesOf(settings.referring(), declaration.name.span),
  }
}
