// Compiles small sources with the real standard library and real lowering; throws on mistakes, which are the test's.

import { compile, type CompileOptions } from '../../index.js'
import type { Plan, StagePlan } from '../../../spec/plan/plan.js'
import { hostOf } from '../../elaborate/test/harness.js'

export async function planOf(source: string, options: Partial<CompileOptions> = {}): Promise<Plan> {
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(source), parameters: [], ...options })
  if (!plan) throw new Error(diagnostics.map(({ code, title, primary }) => `${code} ${title} at ${primary.span.file.line(primary.span.file.position(primary.span.start).line)}`).join('\n'))
  return plan
}

export function stageOf(plan: Plan, address: string): StagePlan {
  const stage = plan.stages.find((one) => one.address === address)
  if (!stage) throw new Error(`there is no stage ${address}; there are ${plan.stages.map((one) => one.address).join(', ')}`)
  return stage
}
