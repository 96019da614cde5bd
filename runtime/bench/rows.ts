// The rows of the table: what is timed, at which sizes, against what, and how fast it is meant to be.
// Does not time anything (`contest.ts`).

/** A decoder of the Qwen2 family. */
export interface ModelSizes {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly keyHeads: number
  readonly mlp: number
  readonly vocabulary: number
}

export interface Row {
  readonly name: string
  readonly what: string
  /** The module that does it: `ours/JOB.ts`, `torch/JOB.py`. */
  readonly job: 'train' | 'rollout' | 'grpo' | 'objective' | 'compile' | 'kernels'
  /** What it is compared with. */
  readonly against: 'PyTorch' | 'transformers generate' | 'TRL' | undefined
  readonly model: ModelSizes
  /** Sequences of a batch, and tokens of each; of a rollout the new ones. */
  readonly batch: number
  readonly tokens: number
  readonly threads: readonly number[]
  /** Largest ratio of our time to theirs, for each of `threads`. */
  readonly goals?: readonly number[]
}

const decoder = (width: number, mlp: number, options: Partial<ModelSizes> = {}): ModelSizes => ({ layers: 2, width, heads: width / 32, keyHeads: width / 32, mlp, vocabulary: 64, ...options })

const train = (name: string, what: string, model: ModelSizes, batch: number, tokens: number, goals?: readonly number[]): Row => ({
  name,
  what: `training step, ${what}, ${batch} x ${tokens}`,
  job: 'train',
  against: 'PyTorch',
  model,
  batch,
  tokens,
  threads: [1, 2],
  ...(goals ? { goals } : {}),
})

const small = decoder(64, 256, { heads: 4, keyHeads: 4 })
const grouped = decoder(128, 512, { keyHeads: 2 })

export const rows: readonly Row[] = [
  train('train-64', 'width 64', small, 32, 64, [1.2, 1]),
  train('train-128', 'width 128', grouped, 64, 36, [1.5, 1.2]),
  train('train-256', 'width 256', decoder(256, 1024, { keyHeads: 4 }), 16, 64),
  train('train-512', 'width 512', decoder(512, 1536, { keyHeads: 4 }), 8, 64),
  train('context-512', 'width 128, context 512', grouped, 4, 512),
  train('vocabulary-32k', 'width 128, vocabulary 32k', { ...grouped, vocabulary: 32_000 }, 16, 36),
  { name: 'rollout', what: 'rollout, width 128, 64 x 32', job: 'rollout', against: 'transformers generate', model: { ...grouped, vocabulary: 512 }, batch: 64, tokens: 32, threads: [1, 2], goals: [0.5, 0.5] },
  { name: 'grpo', what: 'GRPO step, width 128, 64 x 32', job: 'grpo', against: 'TRL', model: { ...grouped, vocabulary: 512 }, batch: 64, tokens: 32, threads: [1, 2], goals: [0.5, 0.5] },
  { name: 'objective', what: 'objective, value and gradient, 512 x 1024', job: 'objective', against: 'PyTorch', model: small, batch: 512, tokens: 1024, threads: [1, 2], goals: [0.4, 0.4] },
  { name: 'compile', what: 'compiling a spec to its plan', job: 'compile', against: undefined, model: grouped, batch: 64, tokens: 32, threads: [1] },
  { name: 'kernels', what: 'compiling the kernels of a training step', job: 'kernels', against: undefined, model: grouped, batch: 64, tokens: 36, threads: [1] },
]
