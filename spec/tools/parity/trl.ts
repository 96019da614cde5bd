// Which function of TRL 1.13.0 equals which of ours, for policies: `stdlib/presets/trl-1.13.rlp`.
// Data: `run.ts` compares. Preference, supervised and reward functions are in `trl-supervised.ts` and `trl-preferences.ts`.

import { flat, groups, literal, number, real, rollouts, rowsOf, type Case, type Counterpart, type Feed, type Nested, type Row, type Table } from './cases.js'
import { preferenceRows } from './trl-preferences.js'
import { supervisedRows } from './trl-supervised.js'

const given = (c: Case, option: string): boolean => c.options[option] !== undefined && c.options[option] !== null
const table = (c: Case, name: string): Nested => c.inputs[name] ?? []
const product = (a: Nested, b: Nested | undefined): number[] => (b === undefined ? flat(a) : flat(a).map((x, i) => x * (flat(b)[i] as number)))

// Advantages

const weights = (c: Case): string => (Array.isArray(c.options['reward_weights']) ? `, weights = [${flat(c.options['reward_weights'] as Nested).map(literal).join(', ')}]` : '')

function advantages(c: Case): Counterpart {
  const rewards = rowsOf(c.inputs['rewards_per_func'])
  const scale: Readonly<Record<string, string>> = { group: 'scaled_by_group', batch: 'scaled_by_batch', none: 'not_scaled' }
  const sum = `trl.weighted(rewards${weights(c)})`
  const layout = groups(c.inputs['group'], undefined, undefined)
  return {
    ...layout,
    sizes: { ...layout.sizes, R: rewards[0]?.length ?? 1 },
    feeds: { rewards: ['objective', rewards] },
    outputs: {
      advantages: ['rollout', c.options['multi_objective_aggregation'] === 'normalize_then_sum' ? `trl.normalize_then_sum(rewards${weights(c)})` : `trl.${scale[String(c.options['scale_rewards'])]}(${sum})`],
      'metrics.reward': ['batch', `trl.batch_mean(${sum})`],
      'metrics.reward_std': ['batch', `trl.batch_std(${sum})`],
    },
  }
}

function rlooAdvantages(c: Case): Counterpart {
  const rewards = rowsOf(c.inputs['rewards_per_func'])
  const layout = groups(c.inputs['group'], c.inputs['completion_mask'], c.inputs['completion_mask'])
  const sum = `trl.weighted(rewards${weights(c)})`
  const range = c.options['reward_clip_range']
  const clipped = Array.isArray(range) ? `clamp(${sum}, ${range.map(literal).join(', ')})` : sum
  const penalised = number(c.options['beta']) === 0 ? clipped : `trl.rloo_reward(${clipped}, old_logp, ref_logp, beta = ${real(c, 'beta')})`
  return {
    ...layout,
    sizes: { ...layout.sizes, R: rewards[0]?.length ?? 1 },
    feeds: { rewards: ['objective', rewards], old_logp: ['token', table(c, 'old_per_token_logps')], ref_logp: ['token', table(c, 'ref_per_token_logps')] },
    outputs: {
      advantages: ['rollout', `trl.${c.options['normalize_advantages'] === true ? 'rloo_normalized' : 'rloo'}(${penalised})`],
      old_logps: ['rollout', 'sum(old_logp, over = rollout)'],
      ...(number(c.options['beta']) === 0 ? {} : { 'metrics.kl': ['batch', 'mean(old_logp - ref_logp, over = batch)'] as const }),
    },
  }
}

function nanstd(c: Case): Counterpart {
  const x = rowsOf(c.inputs['x'])
  const all = c.options['dim'] === null
  return {
    ...groups(x.flatMap((row, i) => row.map(() => (all ? 0 : i))), undefined, undefined),
    feeds: { x: ['rollout', x] },
    outputs: { value: all ? ['batch', 'trl.batch_std(x)'] : ['group', 'trl.group_std(x)'] },
  }
}

// The ratio between trainer and engine, and which tokens count

function correction(c: Case): Counterpart {
  const ids = rowsOf(c.inputs['completion_ids'])
  const width = Math.max(...ids.map(({ length }) => length), rowsOf(c.inputs['old_per_token_logps'])[0]?.length ?? 0)
  const ends = [number(c.inputs['eos_token_id']), number(c.inputs['pad_token_id'])]
  const token = ids.map((row) => Array.from({ length: width }, (_, t) => (t < row.length ? 1 : 0)))
  const finished = ids.map((row) => (c.options['mask_truncated_completions'] !== true || ends.includes(row.at(-1) as number) ? 1 : 0))
  const mode = c.options['vllm_importance_sampling_mode']
  const bounds = `${given(c, 'vllm_importance_sampling_clip_min') ? `, low = ${real(c, 'vllm_importance_sampling_clip_min')}` : ''}${given(c, 'vllm_importance_sampling_clip_max') ? `, high = ${real(c, 'vllm_importance_sampling_clip_max')}` : ''}`
  const mask = token.map((row, i) => row.map((x) => x * (finished[i] as number)))
  const level = mode?.toString().startsWith('sequence') === true ? 'rollout' : 'token'
  return {
    ...rollouts(token, mask),
    feeds: { finished: ['rollout', finished], token: ['token', token], old_logp: ['token', product(table(c, 'old_per_token_logps'), mask)], sampler_logp: ['token', product(table(c, 'sampling_per_token_logps'), mask)] },
    outputs: {
      ...(mode === undefined ? {} : { importance_sampling_ratio: [level, `trl.engine_${String(mode)}(old_logp, sampler_logp${bounds})`] as const }),
      completion_mask: ['token', 'trl.completion_mask(finished, token)'],
      num_items_in_batch: ['batch', 'sum(trl.completion_mask(finished, token), over = batch)'],
    },
  }
}

// Losses

const ratios: Readonly<Record<string, string>> = { token: 'trl.token_ratio', sequence: 'trl.sequence_ratio', sequence_token: 'trl.sequence_token_ratio' }
const clip = (c: Case): string => `epsilon = ${real(c, 'epsilon')}, epsilon_high = ${real(c, 'epsilon_high')}`

/** Feeds of a policy loss under our names. */
function policyFeeds(c: Case): Record<string, Feed> {
  const logp = table(c, 'per_token_logps')
  const old = c.inputs['old_per_token_logps'] ?? logp
  const importance = c.inputs['importance_sampling_ratio']
  return {
    logp: ['token', logp],
    old_logp: ['token', old],
    advantage: ['rollout', table(c, 'advantages')],
    entropy: ['token', table(c, 'entropies')],
    sampler_logp: ['token', c.inputs['sampling_per_token_logps'] ?? old],
    ...(c.inputs['ref_per_token_logps'] === undefined ? {} : { ref_logp: ['token', c.inputs['ref_per_token_logps']] as const }),
    ...(importance === undefined ? {} : { engine: [(rowsOf(importance)[0]?.length ?? 0) === 1 && (rowsOf(logp)[0]?.length ?? 0) > 1 ? 'rollout' : 'token', importance] as const }),
  }
}

const policyLayout = (c: Case) => rollouts(c.inputs['per_token_logps'], product(table(c, 'completion_mask'), c.inputs['tool_mask']))
const gradientNames = { per_token_logps: 'logp', entropies: 'entropy' }

function tokenLoss(c: Case, loss: string, ratio: string): string {
  switch (loss) {
    case 'cispo':
      return `trl.cispo(logp, old_logp, advantage, cap = ${real(c, 'epsilon_high')}, ratio = ${ratio})`
    case 'sapo':
      return `trl.sapo(logp, old_logp, advantage, temperature_pos = ${real(c, 'sapo_temperature_pos')}, temperature_neg = ${real(c, 'sapo_temperature_neg')}, ratio = ${ratio})`
    case 'vespo':
      return `trl.vespo(logp, old_logp, advantage, ${['k_pos', 'lambda_pos', 'k_neg', 'lambda_neg'].map((name) => `${name} = ${real(c, `vespo_${name}`)}`).join(', ')}${c.inputs['importance_sampling_ratio'] === undefined ? '' : ', engine = engine'})`
    default:
      return `trl.clipped(logp, old_logp, advantage, ${clip(c)}, ${given(c, 'delta') ? `delta = ${real(c, 'delta')}, ` : ''}ratio = ${ratio})`
  }
}

function aggregated(c: Case, loss: string, tokens: string, accumulation: string): string {
  switch (loss) {
    case 'grpo':
    case 'sapo':
      return `trl.grpo(${tokens}, accumulation = ${accumulation})`
    case 'dr_grpo':
      return `trl.dr_grpo(${tokens}, max_completion_length = ${real(c, 'max_completion_length')}, accumulation = ${accumulation})`
    case 'bnpo':
    case 'luspo':
      return `trl.${loss}(${tokens}, accumulation = ${accumulation})`
    default:
      return `trl.dapo(${tokens}, num_items_in_batch = ${literal(c.inputs['num_items_in_batch'])}, accumulation = ${accumulation}, steps_per_generation = ${c.options['mode'] === 'eval' ? '1' : real(c, 'steps_per_generation')})`
  }
}

function grpoLoss(c: Case): Counterpart {
  const loss = String(c.options['loss_type'])
  const ratio = ratios[String(c.options['importance_sampling_level'])] as string
  const accumulation = c.options['mode'] === 'eval' ? '1' : real(c, 'gradient_accumulation_steps')
  const keep = number(c.options['top_entropy_quantile']) < 1 ? `trl.high_entropy(entropy, share = ${real(c, 'top_entropy_quantile')})` : undefined
  const factors = [
    tokenLoss(c, loss, ratio),
    ...(given(c, 'off_policy_mask_threshold') ? [`trl.on_policy(logp, sampler_logp, advantage, threshold = ${real(c, 'off_policy_mask_threshold')})`] : []),
    ...(keep === undefined ? [] : [keep]),
    ...(c.inputs['importance_sampling_ratio'] === undefined || loss === 'vespo' ? [] : ['engine']),
  ]
  const penalty = (beta: string): string => `trl.kl_penalty(logp, old_logp, ref_logp, beta = ${beta}, corrected = ${String(c.options['use_bias_correction_kl'])}, ratio = ${ratio})`
  const kl = number(c.options['beta']) !== 0
  const whole = aggregated(c, loss, `${factors.join(' * ')}${kl ? ` + ${penalty(real(c, 'beta'))}` : ''}`, accumulation)
  const bonus = number(c.options['entropy_coef']) !== 0
  const clips = ['grpo', 'bnpo', 'dr_grpo', 'dapo', 'luspo'].includes(loss) && !given(c, 'delta')
  const weight = ratio === 'trl.sequence_ratio' ? 'exp(mean(logp - old_logp, over = rollout))' : `${ratio}(logp, old_logp)`
  const fraction = (condition: string): readonly ['batch', string] => ['batch', `mean(where(${condition}, 1, 0), over = batch)`]
  const low = `${weight} < 1 - ${real(c, 'epsilon')} and advantage < 0`
  const high = `${weight} > 1 + ${real(c, 'epsilon_high')} and advantage > 0`
  return {
    ...policyLayout(c),
    feeds: policyFeeds(c),
    outputs: {
      loss: ['batch', bonus ? `${whole} - trl.entropy_bonus(entropy, coefficient = ${real(c, 'entropy_coef')}, accumulation = ${accumulation}${keep === undefined ? '' : `, keep = ${keep}`})` : whole],
      'metrics.entropy': ['batch', 'mean(entropy, over = batch)'],
      ...(kl ? { 'metrics.kl': ['batch', `mean(${penalty('1')}, over = batch)`] as const } : {}),
      ...(clips ? { 'metrics.clip_ratio/low_mean': fraction(low), 'metrics.clip_ratio/high_mean': fraction(high), 'metrics.clip_ratio/region_mean': fraction(`${low} or ${high}`) } : {}),
      ...(loss === 'cispo' ? { 'metrics.cispo_clip_ratio': fraction(`${weight} > ${real(c, 'epsilon_high')} and advantage > 0`) } : {}),
    },
    single: ['metrics.clip_ratio/low_mean', 'metrics.clip_ratio/high_mean', 'metrics.clip_ratio/region_mean', 'metrics.cispo_clip_ratio'],
    gradientNames,
  }
}

function gmpoLoss(c: Case): Counterpart {
  const keep = number(c.options['top_entropy_quantile']) < 1 ? `, keep = trl.high_entropy(entropy, share = ${real(c, 'top_entropy_quantile')})` : ''
  const kl = number(c.options['beta']) === 0 ? '' : ` + ${real(c, 'beta')} * mean(losses.k3(logp, ref_logp), over = rollout)`
  return {
    ...policyLayout(c),
    feeds: policyFeeds(c),
    outputs: { loss: ['batch', `mean(trl.gmpo(logp, old_logp, advantage, ${clip(c)}${keep})${kl}, over = batch) / ${c.options['mode'] === 'eval' ? '1' : real(c, 'gradient_accumulation_steps')}`] },
    gradientNames,
  }
}

const rlooLoss = (c: Case): Counterpart => ({
  ...policyLayout(c),
  feeds: { ...policyFeeds(c), old_logps: ['rollout', table(c, 'old_logps')] },
  outputs: { loss: ['batch', `mean(trl.rloo_clipped(sum(logp, over = rollout), old_logps, advantage, ${clip(c)}), over = batch)`], 'metrics.entropy': ['batch', 'mean(entropy, over = batch)'] },
  gradientNames,
})

const rows: readonly Row[] = [
  { function: 'GRPOTrainer._generate_and_score_completions', when: (c) => c.inputs['rewards_per_func'] !== undefined, counterpart: advantages },
  { function: 'GRPOTrainer._generate_and_score_completions', counterpart: correction },
  { function: 'RLOOTrainer._generate_and_score_completions', counterpart: rlooAdvantages },
  { function: 'trl.trainer.utils.nanstd', counterpart: nanstd },
  { function: 'GRPOTrainer._compute_loss', counterpart: grpoLoss },
  { function: 'experimental.gspo_token.GRPOTrainer._compute_loss', counterpart: grpoLoss },
  { function: 'experimental.gmpo.GMPOTrainer._compute_loss', counterpart: gmpoLoss },
  { function: 'RLOOTrainer._compute_loss', counterpart: rlooLoss },
]

export const trl: Table = {
  system: 'trl@1.13.0',
  imports: 'import * as trl from "std/presets/trl-1.13"\nimport * as losses from "std/losses"\nimport * as preferences from "std/preferences"',
  rows: [...rows, ...preferenceRows, ...supervisedRows],
  absent: {
    'trl.rewards.accuracy_reward, reasoning_accuracy_reward, think_format_reward': 'judge texts: signals of the host, not formulas',
    'GRPOTrainer with `use_adaptive_entropy`': 'a controller between steps: state of the run, not a formula of one batch',
    'the fused losses (Liger)': 'the same formulas in other kernels, with smaller precision',
    '`router_aux_loss_coef`': 'belongs to mixture-of-experts models',
    'other metrics of losses': 'metrics of the report, which no loss reads',
  },
}
