// Completions of a batch of prompts, all of them as long as they may be: <eos> is a token like others.

import { join } from 'node:path'
import type { StagePlan } from '../../../spec/plan/plan.js'
import { readWeights } from '../../checkpoint/folder.js'
import { Policy } from '../../engines/native/policy.js'
import { graphsOf } from '../../engines/native/programs.js'
import { rollOut } from '../../engines/native/rollout.js'
import { wasmWith } from '../../executors/wasm/index.js'
import { planOf, PROMPT } from './spec.js'
import { task, turns } from './turns.js'

const { row, threads, folder } = task
const plan = await planOf(task)
const model = Object.values(plan.models)[0] as (typeof plan.models)[string]
const tokenizer = { size: row.model.vocabulary, pad: 0, bos: 1, eos: -1, encode: () => [], decode: () => '' }
const policy = await Policy.open(wasmWith(threads), { model, tokenizer, weights: readWeights(join(folder, 'model'), model) }, graphsOf(plan, plan.stages[0] as StagePlan))
const prompts = Array.from({ length: row.batch }, (_, i) => ({ tokens: Array.from({ length: PROMPT }, (_, j) => 3 + ((i * PROMPT + j) * 7919) % (row.model.vocabulary - 3)), row: i }))
await turns(() => rollOut(policy, prompts, { maxNew: row.tokens, temperature: 1, key: { key0: 1, key1: 2 } }))
