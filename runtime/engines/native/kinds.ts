// Stage kind → how the native engine runs it.

import { dpo } from './dpo.js'
import { evaluation } from './evaluate.js'
import { filter } from './filter.js'
import { generate } from './generate.js'
import { grpo } from './grpo.js'
import { sft } from './sft.js'
import type { StageKind } from './stage.js'

export const kinds: Readonly<Record<string, StageKind>> = { Sft: sft, Dpo: dpo, Grpo: grpo, Evaluate: evaluation, Generate: generate, Filter: filter }
