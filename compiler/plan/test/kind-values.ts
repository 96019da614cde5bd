// A source with a stage of every kind that the native engine runs, and for each input and attribute a second legal value:
// what tests of fingerprints and of comparisons walk. A kind or attribute without a row here fails them.

import { readKinds } from '../../kinds/read.js'
import { resolve } from '../../resolve/resolve.js'
import { COMMON, hostOf } from '../../elaborate/test/harness.js'

const IMPORTS = `import { dft, mean_of_samples } from "std/sft"
import { plain } from "std/advantages"
import { policy_gradient, value_clipped } from "std/losses"
import { sequence_mean } from "std/aggregations"
import { Dpo, Perplexity, Preference } from "std/stages"
import { bradley_terry, hinge } from "std/preferences"
import { EvaluateClassifier, GradientNorm, Labelled, Mlp, Supervised } from "std/supervised"
import { Document, EvaluateLoss, Pretrain } from "std/pretraining"
import { ShrinkPerturb } from "std/operations"
import { added, Merge } from "std/merging"
import { Lora, MergeLora } from "std/adapters"
import { anchored, AttentionSft, IsolatePaths, ReweighAttention } from "std/attention"
import { EvaluateRewardModel, RewardModel } from "std/reward_models"
import { calibrated, Collect, no_penalty, OfflineRl, OnlineRl, squared, squared_with_penalty, Transition } from "std/offline"
import * as point from "std/tasks/point"
import { AsyncGrpo } from "std/asynchronous"
import { Fact, ForceAnswer, MajorityVote, PartSearch, quality_only, running_mean, TreeSearch, ucb } from "std/inference"
import { gae_at_end, Ppo, unscaled } from "std/ppo"
import { GenerateWithTools } from "std/tools"
`
export const SOURCE = COMMON.replace('rlp 1\n', `rlp 1\n${IMPORTS}`)

/** What each kind needs, by path. */
export const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: { policy: 'tiny', data: 'chains.worked(problems["train"])', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Grpo: { policy: 'tiny', prompts: 'problems["train"]', reward: 'answer', length: '10 steps', 'rollout.per_step': '4 prompts', 'rollout.max_new': '8 tokens', 'optimizer.lr': '1e-3' },
  Dpo: { policy: 'tiny', data: 'pairs["a"]', reference: 'tiny', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  RewardModel: { policy: 'tiny', data: 'pairs["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateRewardModel: { model: 'scorer["a"].model', data: 'pairs["a"]' },
  OfflineRl: { data: 'recorded["a"]', environment: 'point.point', length: '10 steps' },
  Collect: { agent: 'agents["a"].agent', environment: 'point.point', length: '10 transitions' },
  OnlineRl: { agent: 'agents["a"].agent', environment: 'point.point', length: '10 transitions', critic_loss: 'squared_with_penalty' },
  Generate: { policy: 'tiny', prompts: 'problems["train"]', max_new: '8 tokens' },
  Filter: { data: 'problems["train"]', keep: 'row.prompt != ""' },
  Evaluate: { policy: 'tiny', data: 'problems["test"]', score: 'answer.correct', max_new: '8 tokens', temperature: '0.5', samples: '4 rollouts' },
  Supervised: { model: 'net', data: 'vectors["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateClassifier: { model: 'net', data: 'vectors["a"]' },
  GradientNorm: { model: 'net', rows: 'vectors["a"]' },
  ShrinkPerturb: { model: 'net', shrink: '0.5', perturb: '0.1' },
  Merge: { policy: 'tiny', policies: '[twin]' },
  Lora: { policy: 'tiny', rank: '2' },
  MergeLora: { policy: 'thin["a"].policy' },
  IsolatePaths: { policy: 'branching["a"]' },
  ReweighAttention: { policy: 'branching["a"]', image: '0.1', system: '0.2', 'roles.image': '["<Parallel>", "</Parallel>"]', 'roles.system': '["<Path>", "</Path>"]' },
  AttentionSft: { policy: 'tiny', data: 'chains.worked(problems["train"])', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  Pretrain: { policy: 'tiny', data: 'texts["a"]', length: '10 steps', batch: '4 samples', 'optimizer.lr': '1e-3' },
  EvaluateLoss: { policy: 'tiny', data: 'texts["a"]' },
  Perplexity: { policy: 'tiny', data: 'written["a"]' },
  ForceAnswer: { policy: 'tiny', data: 'problems["test"]', score: 'answer.correct', max_new: '8 tokens', text: '"<answer>"', answer: '2 tokens', temperature: '0.5' },
  GenerateWithTools: { policy: 'tiny', prompts: 'problems["test"]', score: 'answer.correct', max_new: '8 tokens' },
  MajorityVote: { policy: 'tiny', data: 'problems["test"]', score: 'answer.correct', samples: '4 rollouts', max_new: '8 tokens' },
  PartSearch: { policy: 'tiny', data: 'problems["test"]', judge: 'answer.correct', score: 'answer.correct', choose: '"best"', candidates: '2', max_new: '8 tokens' },
  TreeSearch: { policy: 'tiny', data: 'problems["test"]', judge: 'answer.correct', score: 'answer.correct', step: '" "', depth: '3', calls: '9', max_new: '4 tokens' },
  Ppo: { policy: 'tiny', prompts: 'problems["train"]', reward: 'answer', length: '10 steps', 'rollout.per_step': '4 prompts', 'rollout.max_new': '8 tokens', 'optimizer.lr': '1e-3', 'critic_optimizer.lr': '1e-3' },
  AsyncGrpo: { policy: 'tiny', prompts: 'problems["train"]', reward: 'answer', length: '10 steps', 'rollout.per_step': '4 prompts', 'rollout.max_new': '8 tokens', 'optimizer.lr': '1e-3' },
}

/** How the state is kept while a stage runs; it changes no result. */
export const WITHOUT_MEANING: ReadonlySet<string> = new Set(['save.every', 'save.keep'])

/** Another legal value of every input and attribute. */
const NETWORKS: Readonly<Record<string, string>> = {
  'networks.critics': '5', 'networks.actor_hidden': '[16]', 'networks.critic_hidden': '[16]', 'networks.layer_norm': 'false', 'networks.first_temperature': '2',
}
const LEARNING: Readonly<Record<string, string>> = {
  'learning.subset': '1', 'learning.discount': '0.9', 'learning.polyak': '0.1', 'learning.target_entropy': '-1', 'learning.next_actions': '2',
  'rates.actor': '1e-3', 'rates.critic': '1e-3', 'rates.temperature': '1e-3',
}
const OTHER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Sft: {
    policy: 'wide', data: 'chains.answered(problems["train"])', length: '11 steps', until: '5 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', packing: 'true', seed: '1',
    'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"',
  },
  Grpo: {
    policy: 'wide', prompts: 'problems["test"]', reward: 'strict', reference: 'wide', length: '11 steps', group_size: '4 rollouts', advantage: 'plain', loss: 'policy_gradient', aggregate: 'sequence_mean', seed: '1',
    'rollout.per_step': '6 prompts', 'rollout.max_new': '9 tokens', 'rollout.temperature': '0.9', 'rollout.top_p': '0.9', 'rollout.top_k': '5', 'update.passes': '2', 'update.splits': '2', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"highest reward"',
  },
  Dpo: { policy: 'wide', data: 'pairs["b"]', reference: 'wide', length: '11 steps', until: '5 steps', batch: '5 samples', context: '32 tokens', loss: 'hinge', aggregate: 'pair_sum', seed: '1', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  RewardModel: { policy: 'wide', data: 'pairs["b"]', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'bradley_terry(centring = 0.1)', aggregate: 'pair_sum', seed: '1', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  EvaluateRewardModel: { model: 'scorer["b"].model', data: 'pairs["b"]' },
  OfflineRl: {
    data: 'recorded["b"]', environment: 'scaled', length: '11 steps', batch: '128 samples', sampled_actions: '4', target: 'twice', penalty: 'no_penalty', critic_loss: 'squared', actor_loss: 'greedy', temperature_loss: 'hotter', seed: '1', ...NETWORKS, ...LEARNING,
    'save.every': '5 steps', 'save.keep': '3',
  },
  Collect: { agent: 'agents["b"].agent', environment: 'scaled', length: '11 transitions', seed: '1' },
  OnlineRl: {
    agent: 'agents["b"].agent', buffer: 'recorded["a"]', offline: 'recorded["a"]', environment: 'scaled', length: '11 transitions', offline_share: '0.5', fresh: '["actor"]', capacity: '100 transitions', target: 'twice', penalty: 'calibrated', critic_loss: 'squared', actor_loss: 'greedy', temperature_loss: 'hotter', seed: '1', ...LEARNING,
    'update.ratio': '2', 'update.batch': '128 samples', 'save.every': '5 steps', 'save.keep': '3',
  },
  Generate: { policy: 'wide', prompts: 'problems["test"]', reward: 'answer', until: 'strict.correct', samples: '2 rollouts', max_new: '9 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1' },
  Filter: { data: 'problems["test"]', keep: 'row.prompt == ""', per_prompt: '1 sample', at_least: '2 samples' },
  Evaluate: { policy: 'wide', data: 'problems["train"]', score: 'strict.correct', samples: '8 rollouts', k: '2', temperature: '0.9', top_p: '0.9', top_k: '5', max_new: '9 tokens', seed: '1' },
  Supervised: { model: 'deep', data: 'vectors["b"]', length: '11 steps', stop_at: '0.9', batch: '5 samples', loss: 'certain', aggregate: 'sample_sum', seed: '1', 'optimizer.momentum': '0.9', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  EvaluateClassifier: { model: 'deep', data: 'vectors["b"]' },
  GradientNorm: { model: 'deep', rows: 'vectors["b"]' },
  ShrinkPerturb: { model: 'deep', shrink: '0.4', perturb: '0.2', noise: '"gaussian"', seed: '1' },
  Merge: { policy: 'twin', policies: '[tiny]', combine: 'added', seed: '1' },
  Lora: { policy: 'wide', rank: '3', alpha: '5', dropout: '0.1', targets: '["q_proj"]', stabilised: 'true', start: '"adapters/a"', seed: '1' },
  MergeLora: { policy: 'thin["b"].policy' },
  IsolatePaths: { policy: 'branching["b"]', block: '"Fork"', path: '"Way"' },
  ReweighAttention: { policy: 'branching["b"]', image: '0.3', system: '0.4', layers: '0..0', 'roles.image': '["<Path>", "</Path>"]', 'roles.system': '["<Parallel>", "</Parallel>"]' },
  AttentionSft: {
    policy: 'wide', data: 'chains.answered(problems["train"])', length: '11 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', attention: 'anchored(enhance = 0.3)', seed: '1',
    'roles.image': '["a", "b"]', 'roles.system': '["c", "d"]', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"',
  },
  Pretrain: { policy: 'wide', data: 'texts["b"]', length: '11 steps', until: '5 steps', batch: '5 samples', context: '32 tokens', loss: 'dft', aggregate: 'mean_of_samples', seed: '1', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"lowest loss"' },
  EvaluateLoss: { policy: 'wide', data: 'texts["b"]', context: '32 tokens' },
  Perplexity: { policy: 'wide', data: 'written["b"]', context: '32 tokens' },
  ForceAnswer: { policy: 'wide', data: 'problems["train"]', score: 'strict.correct', max_new: '9 tokens', text: '"</think>"', answer: '3 tokens', samples: '2 rollouts', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1' },
  GenerateWithTools: {
    policy: 'wide', prompts: 'problems["train"]', score: 'strict.correct', tools: '[{ open = "a", close = "b", before = "", after = "", run = "arithmetic" }]', most_calls: '2', hints: '[{ text = "ok", after = [] }]', most_hints: '2', samples: '2 rollouts', max_new: '9 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1',
  },
  MajorityVote: { policy: 'wide', data: 'problems["train"]', score: 'strict.correct', answer: '"final"', samples: '8 rollouts', max_new: '9 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1' },
  PartSearch: { policy: 'wide', data: 'problems["train"]', judge: 'strict.correct', score: 'strict.correct', part: '"</think>"', choose: '"first_accepted"', candidates: '3', accept: '0.6', again: '"{prompt}"', max_new: '9 tokens', temperature: '0.9', top_p: '0.8', top_k: '5', seed: '1' },
  TreeSearch: {
    policy: 'wide', data: 'problems["train"]', judge: 'strict.correct', recall_judge: 'answer.correct', score: 'strict.correct', recall: 'tiny', knowledge: 'facts', step: '"."', associate: '"{prompt}"', reads: '"{memories} {prompt}"',
    select: 'ucb(exploration = 2)', evaluate: 'quality_only', backup: 'best_so_far', branching: '2', depth: '4', calls: '10', stop_at: '0.9', max_new: '5 tokens', temperature: '0.9', top_p: '0.9', top_k: '5', seed: '1',
  },
  Ppo: {
    policy: 'wide', critic: 'tiny', prompts: 'problems["test"]', reward: 'strict', reference: 'tiny', length: '11 steps', advantage: 'gae_at_end(trace = 0.5)', scale: 'unscaled', loss: 'policy_gradient', value_loss: 'value_clipped(clip = 0.5)', aggregate: 'sequence_mean', critic_warmup: '2 steps', seed: '1',
    'rollout.per_step': '6 prompts', 'rollout.max_new': '9 tokens', 'rollout.temperature': '0.9', 'rollout.top_p': '0.9', 'rollout.top_k': '5', 'update.passes': '2', 'update.splits': '2', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"highest reward"',
    'critic_optimizer.lr': 'constant(peak = 1e-3)', 'critic_optimizer.beta1': '0.8', 'critic_optimizer.beta2': '0.9', 'critic_optimizer.eps': '1e-7', 'critic_optimizer.weight_decay': '0.1', 'critic_optimizer.clip_norm': 'none',
  },
  AsyncGrpo: {
    policy: 'wide', prompts: 'problems["test"]', reward: 'strict', reference: 'tiny', left_out: 'answer.correct', length: '11 steps', until: 'metrics.length_p90 > 3', group_size: '4 rollouts', advantage: 'plain', loss: 'policy_gradient', aggregate: 'sequence_mean', seed: '1',
    'rollout.per_step': '6 prompts', 'rollout.max_new': '9 tokens', 'rollout.temperature': '0.9', 'rollout.top_p': '0.9', 'rollout.top_k': '5', 'rollout.staleness': '2', 'filter.pass_rate': '0.01..0.99', 'filter.uses': '2', 'tools.available': '[{ open = "a", close = "b", before = "", after = "", run = "arithmetic" }]', 'tools.most': '1',
    'update.passes': '2', 'update.splits': '2', 'save.every': '5 steps', 'save.keep': '3', 'save.best': '"highest reward"',
  },
}
const OPTIMIZER: Readonly<Record<string, string>> = {
  'optimizer.lr': 'constant(peak = 1e-3)', 'optimizer.beta1': '0.8', 'optimizer.beta2': '0.9', 'optimizer.eps': '1e-7', 'optimizer.weight_decay': '0.1', 'optimizer.clip_norm': 'none',
}

export const MORE = `
model wide: Transformer { layers = 1, width = 12, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }
model twin: Transformer { layers = 1, width = 8, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words, seed = 1 }
reward strict: Reward[chains.Chain] { term correct = exact(tagged(completion, "answer"), row.answer)
  total = correct - 1 }
model branching: Transformer for form in ["a", "b"] { layers = 1, width = if form == "a" then 8 else 12, heads = 2, mlp = 16, context = 64 tokens, vocabulary = ["<Parallel>", "</Parallel>", "<Fork>", "</Fork>", "<Path>", "</Path>", "<Way>", "</Way>"] }
stage thin: Lora for form in ["a", "b"] { policy = tiny, rank = if form == "a" then 2 else 3 }
dataset recorded: Dataset[Transition] for file in ["a", "b"] { source = if file == "a" then point.episodes() else point.episodes(noise = 0.6), take = 100 samples }
const scaled = { id = "rlpc/point", scale = 2, shift = 0 }
stage agents: OfflineRl for form in ["a", "b"] { data = recorded[form], environment = point.point, length = 5 steps }
fn twice(reward: Real per transition, next_value: Real per critic): Real per transition = reward + min_of(next_value, over = transition)
fn greedy(value: Real per critic): Real = -mean(value, over = batch)
fn hotter(temperature: Real, logp: Real per transition): Real = 2 * temperature * mean(logp, over = batch)
stage scorer: RewardModel for form in ["a", "b"] { policy = tiny, data = pairs[form], length = 5 steps, batch = 4 samples, optimizer { lr = 1e-3 } }
dataset pairs: Dataset[Preference] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
model net: Mlp { inputs = 2, hidden = [4], classes = 2 }
model deep: Mlp { inputs = 2, hidden = [4, 4], classes = 2 }
dataset vectors: Dataset[Labelled] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
dataset texts: Dataset[Document] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
dataset written: Dataset[{ prompt: Text, completion: Text, reward: Real }] for file in ["a", "b"] { source = if file == "a" then jsonl("a.jsonl") else jsonl("b.jsonl") }
fn certain(logp: Real per sample): Real per sample = -2 * logp
fn sample_sum(loss: Real per sample): Real = sum(loss, over = batch)
dataset facts: Dataset[Fact] { source = jsonl("facts.jsonl") }
fn best_so_far(value: Real, visits: Real, children: Real, children_value: Real): Real = max(value, children_value / max(children, 1))
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
