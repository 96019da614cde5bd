// `rlpc new`: a small spec that runs in seconds, to change from.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { EXIT } from './exit.js'
import { UsageError, type Arguments } from './options.js'

const TEMPLATE = `//! Teach a small model to add and subtract along a chain, then reward it for right answers.
rlp 1

import { sequence_mean } from "std/aggregations"
import { cosine } from "std/schedules"
import { exact, tagged } from "std/signals"
import { Evaluate, Grpo, Sft } from "std/stages"
import * as chains from "std/tasks/chains"

model small: Transformer {
  layers = 2
  width = 64
  heads = 4
  mlp = 256
  context = 48 tokens
  vocabulary = chains.words
  rotary_base = 100
}

dataset problems: Dataset[chains.Chain] for split in ["train", "test"] {
  source = chains.chains(shortest = 1, longest = 3, split = split)
}

reward answer: Reward[chains.Chain] {
  term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct
}

test answer {
  "<think> 7 +1 8 </think> <answer> 8 </answer>" with { answer = "8" } gives { correct = 1 }
  "8"                                            with { answer = "8" } gives { correct = 0 }
}

/// Imitate worked solutions.
stage imitate: Sft {
  policy = small
  data = chains.worked(problems["train"])
  length = 350 steps
  batch = 32 samples
  optimizer { lr = cosine(peak = 3e-3, floor = 10%, warmup = 10 steps), beta2 = 0.98 }
}

/// Practise: eight attempts at each of sixteen problems, compared with each other.
stage practise: Grpo {
  policy = imitate.policy
  prompts = problems["train"]
  reward = answer
  length = 15 steps
  aggregate = sequence_mean
  rollout { per_step = 16 prompts, max_new = 24 tokens }
  optimizer { lr = 3e-4 }
}

stage exam: Evaluate {
  policy = practise.policy
  data = subset(problems["test"], 200 samples)
  score = answer.correct
  max_new = 24 tokens
}

claim it_learned {
  require = exam.accuracy > 70%
}
`

export async function run(args: Arguments): Promise<number> {
  const folder = args.positionals[0] ?? '.'
  const file = join(folder, 'main.rlp')
  if (existsSync(file)) throw new UsageError(`\`${file}\` is already there`, 'choose another folder: nothing is overwritten')
  makeFolder(folder)
  writeFileSync(file, TEMPLATE)
  const cd = folder === '.' ? '' : `cd ${relative(process.cwd(), folder)} && `
  process.stderr.write(`${file} written\n\n  ${cd}rlpc compile && rlpc run\n`)
  return EXIT.done
}

/** With the folders above it. `mkdirSync`'s own recursion does not end where the system lets nobody make a folder, as in `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}
