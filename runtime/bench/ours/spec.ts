// The specs that are timed, as texts, and their plans.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskHost } from '../../../compiler/cli/disk-host.js'
import { compile } from '../../../compiler/index.js'
import type { Plan } from '../../../spec/plan/plan.js'
import { word } from './checkpoint.js'
import type { Task } from './turns.js'

/** More steps than any contest takes. */
const STEPS = 100_000
/** Rollouts of a group, and tokens of a prompt with the one that begins it. */
export const GROUP = 8
export const PROMPT = 16

const HEAD = `rlp 1
import { Example, Grpo, Prompt, Sft } from "std/stages"
import { ModelFolder } from "std/pretrained"
import { length } from "std/signals"

model subject: ModelFolder { path = "model" }
`

/** Words that look drawn at random, the same for both sides. */
export const wordsOf = (row: number, count: number, vocabulary: number): string => Array.from({ length: count }, (_, i) => word(((row * count + i) * 7919) % (vocabulary - 3))).join(' ')

/** Supervised rows that fill all columns: <bos> and one word, then the completion and <eos>. */
const training = ({ row: { batch } }: Task): string => `${HEAD}
dataset rows: Dataset[Example] { source = jsonl("rows.jsonl") }
stage step: Sft {
  policy = subject, data = rows, length = ${STEPS} steps, batch = ${batch} samples
  optimizer { lr = 1e-4, weight_decay = 0.01 }
}
`

/** TRL's defaults: k3 without weight, its own clip, its own aggregation. The learning rate is so small that rollouts stay as long as they are. */
const practice = ({ row: { batch, tokens } }: Task): string => `${HEAD}
dataset rows: Dataset[Prompt] { source = jsonl("rows.jsonl") }
reward long { term tokens = length(completion), total = tokens }
stage step: Grpo {
  policy = subject, prompts = rows, reward = long, length = ${STEPS} steps, group_size = ${GROUP} rollouts
  rollout { per_step = ${batch / GROUP} prompts, max_new = ${tokens} tokens }
  optimizer { lr = 1e-6 }
}
`

/** The spec of a task, with its rows beside it. */
export function writeSpec(task: Task): string {
  const { row, folder } = task
  const rows = Array.from({ length: row.batch }, (_, i) =>
    row.job === 'grpo' || row.job === 'rollout' ? { prompt: wordsOf(i, PROMPT - 1, row.model.vocabulary) } : { prompt: wordsOf(i, 1, row.model.vocabulary), completion: wordsOf(i, row.tokens - 2, row.model.vocabulary) },
  )
  writeFileSync(join(folder, 'rows.jsonl'), rows.map((one) => `${JSON.stringify(one)}\n`).join(''))
  return row.job === 'train' || row.job === 'kernels' ? training(task) : practice(task)
}

export async function planOf(task: Task, text = writeSpec(task)): Promise<Plan> {
  const host = diskHost(task.folder)
  const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: { ...host, read: (path) => (path === 'main.rlp' ? text : host.read(path)) }, parameters: [] })
  if (!plan) throw new Error(diagnostics.map(({ title, code }) => `${code}: ${title}`).join('\n'))
  return plan
}
