// Whether a well-typed spec makes sense. Rules speak of attributes, not of kinds: a kind that has them is checked.
// Declarations with other mistakes are left alone, as sense cannot be judged there.

import type { Attribute, Declaration } from '../../../grammar/ast/ast.js'
import { wordOf, type DeclarationSymbol, type ModuleScope } from '../../resolve/program.js'
import type { Context, Written } from '../context.js'
import { schemaOf } from '../symbols.js'
import { checkCurricula, checkMixtures } from './data.js'
import { checkLengths } from './lengths.js'
import { checkModel } from './model.js'
import { checkObjective } from './objective.js'
import { checkRewardSense } from './reward.js'
import { checkSampling } from './sampling.js'
import { Bodies, StageView } from './view.js'

export function checkSense(cx: Context): void {
  for (const scope of cx.program.modules) {
    if (scope.path.startsWith('std/') && scope !== cx.program.entry) continue
    const plain = new Bodies(cx)
    for (const symbol of scope.declared.values()) checkOne(cx, symbol, plain)
    for (const symbol of scope.declared.values()) if (wordOf(symbol) === 'variant') checkVariantSense(cx, symbol)
  }
  checkMixtures(cx)
  checkCurricula(cx)
}

function checkOne(cx: Context, symbol: DeclarationSymbol, bodies: Bodies): void {
  const { declaration } = symbol
  if (declaration.node !== 'Declaration' || !cx.written.has(declaration) || cx.hasErrorIn(declaration.span)) return
  const schema = schemaOf(cx, declaration, symbol.module)
  if (!schema) return
  const view = new StageView(bodies, symbol, declaration, schema)
  switch (wordOf(symbol)) {
    case 'stage':
      checkObjective(cx, view)
      checkSampling(cx, view)
      checkLengths(cx, view)
      break
    case 'model':
      checkModel(cx, view)
      break
    case 'reward':
      checkRewardSense(cx, symbol)
  }
}

/** What a variant changes makes sense together with what it leaves. */
function checkVariantSense(cx: Context, variant: DeclarationSymbol): void {
  if (cx.hasErrorIn(variant.declaration.span)) return
  const patches = patchesOf(variant, variant.module)
  const bodies = new Bodies(cx, patches)
  for (const symbol of variant.module.declared.values()) if (wordOf(symbol) === 'stage' || patches.has(symbol.declaration)) checkOne(cx, symbol, bodies)
}

/** `set { stage.section.attribute = value }` by declaration and path. */
function patchesOf({ declaration }: DeclarationSymbol, scope: ModuleScope): ReadonlyMap<Declaration, Written> {
  const patches = new Map<Declaration, Map<string, Pick<Attribute, 'value' | 'span'>>>()
  for (const item of declaration.node === 'Declaration' ? (declaration.body?.items ?? []) : []) {
    for (const inner of item.node === 'Section' ? item.body.items : []) {
      const target = inner.node === 'Attribute' ? scope.lookup(inner.path[0]?.name ?? '') : undefined
      if (inner.node !== 'Attribute' || target?.symbol !== 'declaration') continue
      const patch = patches.get(target.declaration) ?? new Map()
      patch.set(inner.path.slice(1).map(({ name }) => name).join('.'), { value: inner.value, span: inner.span })
      patches.set(target.declaration, patch)
    }
  }
  return patches
}
