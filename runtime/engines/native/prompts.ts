// Rows of a dataset as prompts of a policy, checked against its context.

import { failure } from '../../codes.js'
import { framePrompt } from '../../tokenizer/framing.js'
import { written } from './attributes.js'
import { placeOf, type Drawn } from './course.js'
import type { Reader } from './policy.js'
import type { StageRun } from './stage.js'

/** Tokens of a prompt. Errors: RLP8004 when it and `maxNew` new tokens are longer than the context. */
export function promptTokens(policy: Reader, { row, place }: Drawn, maxNew: number): number[] {
  const tokens = framePrompt(policy.tokenizer, row, place)
  if (tokens.length + maxNew > policy.context) {
    throw failure('RLP8004', `${place} has ${tokens.length} tokens; with ${maxNew} new ones that is more than the context of ${policy.context}`, 'lower `max_new`, leave long prompts out with `where`, or train a model with a longer `context`')
  }
  return tokens
}

/** Every row of an input, once and in order. Errors: RLP8007 when it has no end. */
export async function everyRow(run: StageRun, input: string): Promise<Drawn[]> {
  const value = run.stage.inputs[input] ?? null
  const data = await run.openDataset(value)
  const source = written(value)
  if (data.size === Infinity) throw failure('RLP8007', `\`${source}\` has no end, and ${run.stage.address} reads every row`, 'cut it with `take`')
  return Array.from({ length: data.size }, (_, i) => {
    const row = data.row(i)
    return { row, place: placeOf(row, source, `row ${i + 1} of`) }
  })
}
