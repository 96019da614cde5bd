// Elaborates small sources against the real standard library, without the checker.

import { readFileSync } from 'node:fs'
import type { Diagnostic } from '../../../grammar/diagnostics/diagnostic.js'
import { readKinds } from '../../kinds/read.js'
import type { Program } from '../../resolve/program.js'
import { memoryHost } from '../../resolve/host.js'
import { resolve } from '../../resolve/resolve.js'
import type { StageDraft } from '../drafts.js'
import { elaborate, type Elaborated } from '../elaborate.js'
import { toValue } from '../to-plan.js'
import type { Value } from '../../../spec/plan/plan.js'

export interface Settings {
  readonly set?: Readonly<Record<string, string>>
  readonly variant?: string
  /** More modules by path. */
  readonly files?: Readonly<Record<string, string>>
}

/** Imports, a model, data, a reward and a trained stage: what most cases need. */
export const COMMON = `rlp 1
import { exact, tagged } from "std/signals"
import { Evaluate, Example, Filter, Generate, Grpo, Sft } from "std/stages"
import { constant } from "std/schedules"
import * as chains from "std/tasks/chains"

model tiny: Transformer { layers = 1, width = 8, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }
dataset problems: Dataset[chains.Chain] for split in ["train", "test"] { source = chains.chains(split = split) }
reward answer: Reward[chains.Chain] {
  term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct
}
`

export function standardLibrary(path: string): string | undefined {
  try {
    return readFileSync(new URL(`../../../stdlib/${path.slice(4)}.rlp`, import.meta.url), 'utf8')
  } catch {
    return undefined
  }
}

export function hostOf(source: string, files: Readonly<Record<string, string>> = {}) {
  return memoryHost({ 'main.rlp': source, ...files }, standardLibrary)
}

export interface Outcome {
  readonly program: Program
  readonly elaborated: Elaborated
  readonly diagnostics: readonly Diagnostic[]
  /** `RLP5003 title`, in order. */
  readonly complaints: readonly string[]
  stage(address: string): StageDraft
  /** The plan's form of an attribute or input. */
  value(address: string, path: string): Value
}

/** Elaborates `source`; throws when it does not even parse, which is a mistake of the test. */
export function elaborated(source: string, { set = {}, variant, files }: Settings = {}): Outcome {
  const resolved = resolve('main.rlp', hostOf(source, files))
  const wrong = resolved.diagnostics.filter(({ code }) => /^RLP[01]/.test(code))
  if (!resolved.program || wrong.length > 0) throw new Error(`the source does not parse: ${wrong.map(({ title }) => title).join('; ')}`)
  const { kinds } = readKinds(resolved.program)
  const parameters = Object.entries(set).map(([name, text]) => ({ name, text }))
  const { elaborated: found, diagnostics } = elaborate(resolved.program, kinds, { parameters, variant }, () => [])
  const stage = (address: string): StageDraft => {
    const draft = found.drafts.get(address)
    if (draft?.draft !== 'stage') throw new Error(`there is no stage ${address}; there are ${[...found.drafts.keys()].join(', ')}`)
    return draft
  }
  return {
    program: resolved.program,
    elaborated: found,
    diagnostics,
    complaints: diagnostics.map(({ code, title }) => `${code} ${title}`),
    stage,
    value(address, path) {
      const setting = stage(address).settings.get(path)
      if (!setting) throw new Error(`${address} has no ${path}`)
      return toValue(setting.value)
    },
  }
}
