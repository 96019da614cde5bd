// Whether a well-typed spec makes sense. Rules speak of attributes, not of kinds: a kind that has them is checked.
// Declarations with other mistakes are left alone, as sense cannot be judged there.

import { wordOf } from '../../resolve/program.js'
import type { Context } from '../context.js'
import { schemaOf } from '../symbols.js'
import { checkCurricula, checkMixtures } from './data.js'
import { checkLengths } from './lengths.js'
import { checkModel } from './model.js'
import { checkObjective } from './objective.js'
import { checkRewardSense } from './reward.js'
import { checkSampling } from './sampling.js'
import { StageView } from './view.js'

export function checkSense(cx: Context): void {
  for (const scope of cx.program.modules) {
    if (scope.path.startsWith('std/') && scope !== cx.program.entry) continue
    for (const symbol of scope.declared.values()) {
      const { declaration } = symbol
      if (declaration.node !== 'Declaration') continue
      const schema = schemaOf(cx, declaration, scope)
      const written = cx.written.get(declaration)
      if (!schema || !written || cx.hasErrorIn(declaration.span)) continue
      const view = new StageView(cx, symbol, declaration, schema, written)
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
  }
  checkMixtures(cx)
  checkCurricula(cx)
}
