// A source with a stage of every kind that the native engine runs, and for each input and attribute a second legal value:
// what tests of fingerprints and of comparisons walk. A kind or attribute without a row here fails them.

import { readKinds } from '../../kinds/read.js'
import { resolve } from '../../resolve/resolve.js'
import { COMMON, hostOf } from '../../elaborate/test/harness.js'

const IMPORTS = `import { dft, mean_of_samples } from "std/sft"
import { plain } from "std/advantages"
import { policy_gradient } from "std/losses"
import { sequence_mean } from "std/aggregations"
import { Dpo, Perplexity, Preference } from "std/stages"
import { hinge } from "std/preferences"
import { EvaluateClassifier, Labelled, Mlp, Supervised } from "std/supervised"
import { Document, EvaluateLoss, Pretrain } from "std/pretraining"
import { ShrinkPerturb } from "std/operations"
import { added, Merge } from "std/merging"
import { Lora, MergeLora } from "std/adapters"
`
export const SOURCE = COMMON.replace('rlp 1\n', `rlp 1\n${IMPORTS}`)

/** What each kind needs, by path. */
export const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: { policy: 'tiny', data: 'chains.worked(problems["train"])', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Grpo: { policy: 'tiny', prompts: 'problems["train"]', reward: 'answer', length: '10 steps', 'rollout.per_step': '4 prompts', 'rollout.max_new': '8 tokens', 'optimizer.lr': '1e-3' },
  Dpo: { policy: 'tiny', data: 'pairs["a"]', reference: 'tiny', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Generate: { policy: 'tiny', prompts: 'problems["train"]', max_new: '8 tokens' },
  Filter: { data: 'problems["train"]', keep: 'row.prompt != ""' },
  Evaluate: { policy: 'tiny', data: 'problems["test"]', score: 'answer.correct', max_new: '8 tokens', temperature: '0.5', samples: '4 rollouts' },
  Supervised: { model: 'net', data: 'vectors["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateClassifier: { model: 'net', data: 'vectors["a"]' },
  ShrinkPerturb: { model: 'net', shrink: '0.5', perturb: '0.1' },
  Merge: { policy: 'tiny', policies: '[wide]' },
  Lora: { policy: 'tiny', rank: '2' },
  MergeLora: { policy: 'thin["a"].policy' },
  Pretrain: { policy: 'tiny', data: 'texts["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateLoss: { policy: 'tiny', data: 'texts["a"]' },
  Perplexity: { policy: 'tiny', data: 'written["a"]' },
}

/** How the state is kept while a stage runs; it changes no result. */
export const WITHOUT_MEANING: ReadonlySet<string> = new Set(['save.every', 'save.keep'])

/** Another legal value of every input and attribute. */
const OTHER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: {
    policy: 'wide', data: 'chains.answered(problems["train"])', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', packing: 'true', seed: '1',
    'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"',
  },
  Grpo: {
    policy: 'wide', prompts: 'problems["test"]', reward: 'strict', reference: 'wide', length: '11 steps', group_size: '4 rollouts', advantage: 'plain', loss: 'policy_gradient', aggregate: 'sequence_mean', seed: '1',
    'rollout.per_step': '6 prompts', 'rollout.max_new': '9 tokens', 'rollout.temperature': '0.9', 'rollout.top_p': '0.9', 'rollout.top_k': '5', 'update.passes': '2', 'update.splits': '2', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"highest reward"',
  },
  Dpo: { policy: 'wide', data: 'pairs["b"]', reference: 'wide', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'hinge', aggregate: 'pair_sum', seed: '1', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  Generate: { policy: 'wide', prompts: 'problems["test"]', reward: 'answer', until: 'strict.correct', samples: '2 rollouts', max_new: '9 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1' },
  Filter: { data: 'problems["test"]', keep: 'row.prompt == ""', per_prompt: '1 sample', at_least: '2 samples' },
  Evaluate: { policy: 'wide', data: 'problems["train"]', score: 'strict.correct', samples: '8 rollouts', k: '2', temperature: '0.9', top_p: '0.9', top_k: '5', max_new: '9 tokens', seed: '1' },
  Supervised: { model: 'deep', data: 'vectors["b"]', length: '11 steps', stop_at: '0.9', batch: '5 samples', loss: 'certain', aggregate: 'sample_sum', seed: '1', 'optimizer.momentum': '0.9', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  EvaluateClassifier: { model: 'deep', data: 'vectors["b"]' },
  ShrinkPerturb: { model: 'deep', shrink: '0.4', perturb: '0.2', noise: '"gaussian"', seed: '1' },
  Merge: { policy: 'wide', policies: '[tiny]', combine: 'added', seed: '1' },
  Lora: { policy: 'wide', rank: '3', alpha: '5', dropout: '0.1', targets: '["q_proj"]', stabilised: 'true', start: '"adapters/a"', seed: '1' },
  MergeLora: { policy: 'thin["b"].policy' },
  Pretrain: { policy: 'wide', data: 'texts["b"]', length: '11 steps', until: '5 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', seed: '1', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  EvaluateLoss: { policy: 'wide', data: 'texts["b"]', context: '32 tokens' },
  Perplexity: { policy: 'wide', data: 'written["b"]', context: '32 tokens' },
}
const OPTIMIZER: Readonly<Record<string, string>> = {
  'optimizer.lr': 'constant(peak = 1e-3)', 'optimizer.beta1': '0.8', 'optimizer.beta2': '0.9', 'optimizer.eps': '1e-7', 'optimizer.weight_decay': '0.1', 'optimizer.clip_norm': 'none',
}

export const MORE = `
model wide: Transformer { layers = 1, width = 12, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }
reward strict: Reward[chains.Chain] { term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct - 1 }
stage thin: Lora for form in ["a", "b"] { policy = tiny, rank = if form == "a" then 2 else 3 }
dataset pairs: Dataset[Preference] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
model net: Mlp { inputs = 2, hidden = [4], classes = 2 }
model deep: Mlp { inputs = 2, hidden = [4, 4], classes = 2 }
dataset vectors: Dataset[Labelled] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
dataset texts: Dataset[Document] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
dataset written: Dataset[{ prompt: Text, completion: Text, reward: Real }] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
fn certain(logp: Real per sample): Real per sample = -2 * logp
fn sample_sum(loss: Real per sample): Real = sum(loss, over = batch)
fn pair_sum(loss: Real per pair): Real = sum(loss, over = batch)
`

export function stageText(name: string, kind: string, values: Readonly<Record<string, string>>): string {
  const sections = new Map<string, string[]>()
  const lines: string[] = []
  for (const [path, value] of Object.entries(values)) {
    const [head, inner] = path.split('.') as [string, string | undefined]
    if (inner === undefined) lines.push(`${head} = ${value}`)
    else sections.set(head, [...(sections.get(head) ?? []), `${inner} = ${value}`])
  }
  return `stage ${name}: ${kind} {\n  ${[...lines, ...[...sections].map(([section, inside]) => `${section} { ${inside.join(', ')} }`)].join('\n  ')}\n}\n`
}


/** Each kind with what its stages need, and a row for each path: what it needs, with another value there. */
export function kindRows(): readonly { readonly kind: string; readonly needed: Readonly<Record<string, string>>; readonly others: readonly { readonly path: string; readonly values: Readonly<Record<string, string>> }[] }[] {
  const { program } = resolve('main.rlp', hostOf(SOURCE))
  if (!program) throw new Error('the common source does not resolve')
  const kinds = [...readKinds(program).kinds.all.values()].filter(({ category, engines }) => category === 'Stage' && engines.includes('native'))
  return kinds.map(({ name: kind, members, sections }) => {
    const [needed, other] = [NEEDED[kind], OTHER[kind]]
    if (!needed || !other) throw new Error(`kind ${kind} has no values in this test`)
    const paths = [...members.keys(), ...[...sections].flatMap(([section, { members: inside }]) => [...inside.keys()].map((inner) => `${section}.${inner}`))]
    return {
      kind,
      needed,
      others: paths.map((path) => {
        const value = other[path] ?? (sections.has('optimizer') ? OPTIMIZER[path] : undefined)
        if (value === undefined) throw new Error(`${kind}.${path} has no second value in this test`)
        return { path, values: { ...needed, [path]: value } }
      }),
    }
  })
}
