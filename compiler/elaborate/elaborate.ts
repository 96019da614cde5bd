// Elaboration: parameters, variants and instances put in, everything evaluated, references followed.
// From a checked program to drafts of all that the plan will hold; lowers nothing.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { Expression } from '../../grammar/ast/ast.js'
import type { SecretPlan, Value } from '../../spec/plan/plan.js'
import type { Kinds } from '../kinds/read.js'
import { withGates } from './gates.js'
import { wordOf, type DeclarationSymbol, type Program } from '../resolve/program.js'
import { reportClaims } from './claim-sense.js'
import { draftClaim, draftPipeline } from './claims.js'
import { Context, moduleFrame } from './context.js'
import { draftOf, isDrafted } from './declarations.js'
import { reportCycles, reportUnreachable, type Drafts } from './dependencies.js'
import type { ClaimDraft, PipelineDraft } from './drafts.js'
import { evaluate, symbolValue } from './evaluate.js'
import { finalSense } from './final-sense.js'
import { instancesOf } from './instances.js'
import { readParameters, type CheckValue } from './parameters.js'
import { toValue } from './to-plan.js'
import type { CompileValue } from './value.js'
import { patchOf, readVariant } from './variants.js'

export interface Choices {
  /** `--set name=value`, in order. */
  readonly parameters: readonly { readonly name: string; readonly text: string }[]
  readonly variant: string | undefined
}

export interface Elaborated {
  /** Models, datasets, rewards, curricula and stages by address. */
  readonly drafts: Drafts
  readonly claims: readonly ClaimDraft[]
  readonly pipeline: PipelineDraft
  readonly parameters: readonly { readonly name: string; readonly value: Value; readonly origin: 'default' | 'variant' | 'command line' }[]
  readonly secrets: readonly SecretPlan[]
  /** Value of a `const` or `param` that a function's body names. */
  constant(symbol: DeclarationSymbol): CompileValue
  /** Value of an expression of the entry module that no place grants names to. */
  evaluate(expression: Expression): CompileValue
  /** False when stages wait for each other: nothing that follows references may be computed. */
  readonly acyclic: boolean
}

/**
 * Evaluate everything that the entry module declares, and what it uses of other modules.
 * `checkValue` is the checker's, for values of the command line. Never throws on user input.
 */
export function elaborate(program: Program, kinds: Kinds, choices: Choices, checkValue: CheckValue): { elaborated: Elaborated; diagnostics: readonly Diagnostic[] } {
  const { given, diagnostics: mistakes } = readParameters(program, choices.parameters, checkValue)
  const variant = readVariant(program, choices.variant)
  const context = new Context(program, kinds, given, variant.patches)
  context.diagnostics.push(...mistakes, ...variant.diagnostics)
  const declared = [...program.entry.declared.values()]
  const word = (name: string) => declared.filter((symbol) => wordOf(symbol) === name)

  const parameters = word('param').map((symbol) => ({ name: symbol.name, value: toValue(valueOf(context, symbol)), origin: originOf(context, symbol) }))
  const drafts = draftAll(context, declared)
  const claims = word('claim').flatMap((symbol) => draftClaim(context, symbol) ?? [])
  const pipeline = draftPipeline(context, word('pipeline')[0])
  const acyclic = reportCycles(context, withGates(context, drafts, claims))
  const roots = [...claims.flatMap(({ references }) => references), ...pipeline.references]
  if (acyclic) {
    reportUnreachable(context, drafts, roots, pipeline.outputs.size > 0)
    reportClaims(context, drafts, claims)
  }
  const secrets = word('secret').flatMap((symbol) => {
    const value = valueOf(context, symbol)
    return value.type === 'secret' ? [value.secret] : []
  })
  return {
    elaborated: { drafts, claims, pipeline, parameters, secrets, acyclic, constant: (symbol) => valueOf(context, symbol), evaluate: (expression) => evaluate(context, expression, moduleFrame(program.entry)) },
    diagnostics: [...context.diagnostics, ...(acyclic ? finalSense(drafts) : [])],
  }
}

/** Drafts of all instances of `declared` and of everything they refer to in other modules. */
function draftAll(context: Context, declared: readonly DeclarationSymbol[]): Drafts {
  const drafts = new Map<string, NonNullable<ReturnType<typeof draftOf>>>()
  const pending = declared.filter((symbol) => isDrafted(wordOf(symbol)))
  const taken = new Set(pending)
  for (let symbol = pending.shift(); symbol; symbol = pending.shift()) {
    for (const instance of instancesOf(context, symbol)) {
      const draft = draftOf(context, symbol, instance)
      if (!draft) continue
      drafts.set(instance.address, draft)
      for (const { address } of draft.references) {
        const owner = context.owners.get(address)
        if (!owner || taken.has(owner)) continue
        taken.add(owner)
        pending.push(owner)
      }
    }
  }
  return drafts
}

function valueOf(context: Context, symbol: DeclarationSymbol): CompileValue {
  return symbolValue(context, symbol, symbol.declaration.name.span)
}

function originOf(context: Context, symbol: DeclarationSymbol): 'default' | 'variant' | 'command line' {
  if (context.given.has(symbol.name)) return 'command line'
  return patchOf(context, symbol.declaration, '') ? 'variant' : 'default'
}
