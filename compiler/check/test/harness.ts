// Checks sources in memory with the real standard library, for tests.

import { readdirSync, readFileSync } from 'node:fs'
import type { Diagnostic } from '../../../grammar/diagnostics/diagnostic.js'
import { readKinds } from '../../kinds/read.js'
import { memoryHost } from '../../resolve/host.js'
import type { DeclarationSymbol } from '../../resolve/program.js'
import { resolve, type ParseCache } from '../../resolve/resolve.js'
import { check, type CheckResult } from '../check.js'

const texts = new Map<string, string | undefined>()
const trees: ParseCache = new Map()

/** Text of `std/x`, read once. */
export function library(path: string): string | undefined {
  if (!texts.has(path)) {
    try {
      texts.set(path, readFileSync(new URL(`../../../stdlib/${path.slice(4)}.rlp`, import.meta.url), 'utf8'))
    } catch {
      texts.set(path, undefined)
    }
  }
  return texts.get(path)
}

/** Every `std/x` that `library` has. */
export const LIBRARY_PATHS: readonly string[] = readdirSync(new URL('../../../stdlib/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.rlp'))
  .map((file) => `std/${file.slice(0, -4)}`)
  .toSorted()

/** Everything that parsing, names and types say about `main.rlp` and its neighbours. */
export function diagnose(main: string, others: Readonly<Record<string, string>> = {}): readonly Diagnostic[] {
  return checked(main, others).diagnostics
}

export function checked(main: string, others: Readonly<Record<string, string>> = {}): { readonly diagnostics: readonly Diagnostic[]; readonly result?: CheckResult & { readonly symbols: () => Iterable<DeclarationSymbol> } } {
  const { program, diagnostics } = resolve('main.rlp', memoryHost({ 'main.rlp': main, ...others }, library, LIBRARY_PATHS), trees)
  if (!program) return { diagnostics }
  const { kinds, diagnostics: reading } = readKinds(program)
  const result = check(program, kinds)
  return { diagnostics: [...diagnostics, ...reading, ...result.diagnostics], result: { ...result, symbols: () => program.entry.declared.values() } }
}

/** The text without `⟦…⟧`, and what stands between each pair. */
export function unmarked(marked: string): { readonly text: string; readonly places: readonly { readonly start: number; readonly end: number }[] } {
  const places: { start: number; end: number }[] = []
  let text = ''
  for (const part of marked.split(/([⟦⟧])/)) {
    if (part === '⟦') places.push({ start: text.length, end: -1 })
    else if (part === '⟧') (places.findLast(({ end }) => end < 0) as { end: number }).end = text.length
    else text += part
  }
  return { text, places }
}

/** Everything a diagnostic says, for looking up words. */
export function words(one: Diagnostic): string {
  return [one.title, one.primary.text, ...one.related.map((label) => label.text), ...one.notes, one.help ?? ''].join('\n')
}

export const COMMON = `rlp 1
import { group_centred, group_relative } from "std/advantages"
import { sequence_mean, token_mean } from "std/aggregations"
import { clipped, clipped_with_kl, k3, policy_gradient } from "std/losses"
import { cosine, linear } from "std/schedules"
import { mean_of_samples, nll } from "std/sft"
import { exact, finished, first_number, length, matches, number_equal, tagged, well_formed } from "std/signals"
import { Evaluate, Example, Filter, Generate, Grpo, Prompt, Sft } from "std/stages"
import * as chains from "std/tasks/chains"
import * as ppo from "std/ppo"

model tiny: Transformer {
  layers = 1, width = 8, heads = 2, mlp = 8, context = 32 tokens
  vocabulary = chains.words
}

dataset problems: Dataset[chains.Chain] for split in ["train", "test"] { source = chains.chains(split = split) }

reward answer: Reward[chains.Chain] {
  term shaped = well_formed(completion, ["answer"])
  term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct + 0.1 * shaped
}

stage base: Sft {
  policy = tiny, data = chains.worked(problems["train"]), length = 5 steps, batch = 4 samples
  optimizer { lr = 1e-3 }
}
`

/** Attributes that complete a stage, so that a case shows one mistake. */
export const SFT = 'policy = tiny, data = chains.worked(problems["train"]), batch = 4 samples'
export const GRPO = 'policy = base.policy, prompts = problems["train"], reward = answer, length = 5 steps'
export const ROLLOUT = 'rollout { per_step = 4 prompts, max_new = 8 tokens }'
export const LR = 'optimizer { lr = 1e-3 }'
export const EXAM = 'policy = base.policy, data = problems["test"], score = answer.correct, max_new = 8 tokens'
