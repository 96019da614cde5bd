// Completions that outlive the process: drawn wave after wave, each wave kept in the journal of the stage as it comes.
// A stage that was killed goes on behind the last wave that it kept. What is drawn is `rollout.ts`'s; log-probabilities are not kept.

import { contentHash } from '../../../spec/plan/canonical.js'
import { stopped } from './loop.js'
import type { Policy } from './policy.js'
import { rollOut, WAVE, type Prompt, type Rollout, type RolloutOptions } from './rollout.js'
import type { StageRun } from './stage.js'

export type Written = Pick<Rollout, 'tokens' | 'finished'>

/** As it is in the journal: tokens, and 1 where they end by themselves. */
type Kept = readonly (readonly [tokens: readonly number[], finished: 0 | 1])[]

export interface WriteOptions extends Omit<RolloutOptions, 'report'> {
  /** What the progress calls them: `completions`. */
  readonly what: string
}

/** One completion for each prompt, in order. A wave is found again by what it was drawn from, so that another order of work finds nothing wrong. Errors: RLP8002 when stopped. */
export async function writeOut(run: StageRun, policy: Policy, prompts: readonly Prompt[], { what, ...options }: WriteOptions): Promise<Written[]> {
  const written: Written[] = []
  for (let at = 0; at < prompts.length; at += WAVE) {
    if (run.stopping()) throw stopped(run.stage, at, prompts.length, what)
    const wave = prompts.slice(at, at + WAVE)
    const { maxNew, temperature, key } = options
    const name = contentHash([maxNew, temperature, key.key0, key.key1, ...wave.map(({ tokens, row }) => [row, ...tokens])])
    const kept = run.kept(name) as Kept | undefined
    const drawn = kept?.map(([tokens, finished]) => ({ tokens: Int32Array.from(tokens), finished: finished === 1 })) ?? (await rollOut(policy, wave, { ...options, report: (done) => run.tick(what, at + done, prompts.length) }))
    if (!kept) run.keep(name, wave.length, drawn.map(({ tokens, finished }) => [Array.from(tokens), Number(finished)]))
    written.push(...drawn)
  }
  return written
}
