// Which function of verl 0.9.1 equals which of ours: `stdlib/presets/verl-0.9.rlp`.
// Data: `run.ts` compares.

import { flat, groups, literal, real, rollouts, rowsOf, rowSums, text, type Case, type Counterpart, type Feed, type Layout, type Nested, type Row, type Table } from './cases.js'

const input = (c: Case, name: string): Nested => c.inputs[name] ?? []
const token = (c: Case, ...names: readonly string[]): Record<string, Feed> => Object.fromEntries(names.filter((name) => c.inputs[name] !== undefined).map((name) => [name, ['token', input(c, name)] as const]))
/** `name = value` for each; an option that the case does not have, or that is null, keeps our default. */
const given = (options: Readonly<Record<string, unknown>>, ...names: readonly string[]): string => names.flatMap((name) => argument(name, options[name])).map((each) => `, ${each}`).join('')
function argument(name: string, value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (typeof value === 'boolean') return [`${name} = ${String(value)}`]
  return [`${name} = ${typeof value === 'string' ? JSON.stringify(value) : Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : literal(value)}`]
}

// Advantages

const GROUPED = (c: Case): Layout => groups(input(c, 'group'), input(c, 'response_mask'), input(c, 'response_mask'))

/** One number for each rollout; verl multiplies it by the mask, and gives it back as returns too. */
const outcome = (name: string, fn: string, ...options: readonly string[]): Row => ({
  function: `core_algos.${name}`,
  counterpart: (c) => {
    const expression = `verl.${fn}(scores${given(c.options, ...options)}) * response_mask`
    return {
      ...GROUPED(c),
      feeds: { scores: ['rollout', rowSums(c.inputs['token_level_rewards'])], length: ['rollout', rowSums(c.inputs['response_mask'])], ...token(c, 'response_mask') },
      outputs: { advantages: ['token', expression], returns: ['token', expression] },
    }
  },
})

/** Advantages and returns for each token; `advantages` and `returns` say how verl masks what `call` gives. */
const tokens = (name: string, call: string, inputs: readonly string[], options: readonly string[], [advantages, returns] = ['* response_mask', '* response_mask']): Row => ({
  function: `core_algos.${name}`,
  counterpart: (c) => {
    const expression = `verl.${call}${given(c.options, ...options)}${c.inputs['rollout_is_weights'] === undefined ? '' : ', rollout_is_weights = rollout_is_weights'})`
    return {
      ...GROUPED(c),
      feeds: { ...token(c, 'token_level_rewards', 'response_mask', 'rollout_is_weights', ...inputs), reward_baselines: ['rollout', c.inputs['reward_baselines'] ?? rowsOf(c.inputs['response_mask']).map(() => 0)] },
      outputs: { advantages: ['token', `${expression}.advantages ${advantages}`], returns: ['token', `${expression}.returns ${returns}`] },
    }
  },
})

function gdpo(c: Case): Counterpart {
  const keys = c.options['gdpo_reward_keys'] as readonly string[] | null
  const columns = keys ? keys.map((key) => flat(input(c, `reward_${key}`))) : [rowSums(c.inputs['token_level_rewards'])]
  const layout = GROUPED(c)
  const expression = `verl.gdpo(rewards${argument('weights', c.options['gdpo_reward_weights']).map((each) => `, ${each}`).join('')}${given(c.options, 'norm_adv_by_std_in_grpo')}) * response_mask`
  return {
    ...layout,
    sizes: { ...layout.sizes, R: columns.length },
    feeds: { rewards: ['objective', rowsOf(c.inputs['response_mask']).map((_, i) => columns.map((column) => column[i] as number))], ...token(c, 'response_mask') },
    outputs: { advantages: ['token', expression], returns: ['token', expression] },
  }
}

// Losses

const COUNTS = ['dp_size', 'batch_num_tokens', 'global_batch_size', 'loss_scale_factor']
const countsOf = (c: Case): Readonly<Record<string, unknown>> => (c.options['global_batch_info'] ?? {}) as Readonly<Record<string, unknown>>
const aggregated = (c: Case, loss: string, mode = c.options['loss_agg_mode'], counts: Readonly<Record<string, unknown>> = countsOf(c), mask = ''): string =>
  `verl.agg_loss(${loss}${mask}, loss_agg_mode = ${JSON.stringify(mode)}${given(counts, ...COUNTS)})`

const CLIP = ['clip_ratio_low', 'clip_ratio_high']
const DUAL = [...CLIP, 'clip_ratio_c']
/** Arguments of each loss besides log_prob, old_log_prob and advantages: options of the actor, and of `policy_loss`. */
const LOSSES: Readonly<Record<string, { readonly actor?: readonly string[]; readonly policy?: readonly string[]; readonly takes?: string }>> = {
  vanilla: { actor: DUAL },
  dppo_tv: { actor: DUAL },
  dppo_kl: { actor: DUAL },
  gspo: { actor: CLIP },
  sapo: { actor: ['tau_pos', 'tau_neg'] },
  gpg: { takes: 'log_prob, advantages' },
  clip_cov: { actor: CLIP, policy: ['clip_cov_ratio', 'clip_cov_lb', 'clip_cov_ub'], takes: 'log_prob, old_log_prob, advantages, priority' },
  kl_cov: { policy: ['kl_cov_ratio', 'ppo_kl_coef'] },
  geo_mean: { actor: CLIP },
  dro: {},
  cispo: { actor: CLIP },
}

/** Bounds that are null inherit `clip_ratio`. */
const actorOptions = (c: Case): Readonly<Record<string, unknown>> => ({ ...c.options, ...Object.fromEntries(CLIP.map((name) => [name, c.options[name] ?? c.options['clip_ratio']])) })

function lossOf(c: Case, mode: string): string {
  const { actor = [], policy = [], takes = 'log_prob, old_log_prob, advantages' } = LOSSES[mode] as (typeof LOSSES)[string]
  const options = (c.options['policy_loss'] ?? {}) as Readonly<Record<string, unknown>>
  const beta = mode === 'dro' ? `, dro_beta = ${options['dro_beta'] === null ? 'none' : literal(options['dro_beta'])}` : ''
  const weights = c.inputs['rollout_is_weights'] === undefined || mode === 'geo_mean' ? '' : ', rollout_is_weights = rollout_is_weights'
  return `verl.${mode}(${takes}${given(actorOptions(c), ...actor)}${given(options, ...policy)}${beta}${weights})`
}

const ACTOR_FEEDS = ['log_prob', 'old_log_prob', 'advantages', 'rollout_is_weights', 'entropy', 'ref_log_prob']
const policyLayout = (c: Case): Layout => rollouts(input(c, 'response_mask'), input(c, 'response_mask'))

function policyLoss(c: Case, mode: string): string {
  if (mode === 'geo_mean') return `mean(${lossOf(c, mode)}${c.inputs['rollout_is_weights'] === undefined ? '' : ' * verl.geo_mean_weight(rollout_is_weights)'}, over = batch)`
  return aggregated(c, lossOf(c, mode), mode === 'sapo' ? 'seq-mean-token-mean' : c.options['loss_agg_mode'])
}

const policy = (mode: string): Row => ({
  function: `core_algos.compute_policy_loss_${mode}`,
  counterpart: (c) => ({
    ...policyLayout(c),
    feeds: { ...token(c, ...ACTOR_FEEDS), ...(mode === 'clip_cov' ? { priority: ['token', priorities(c)] } : {}) },
    outputs: { loss: ['batch', policyLoss(c, mode)] },
  }),
})

/** Candidates are numbered in row-major order; `candidate_permutation` is the order in which they are dropped. */
function priorities(c: Case): number[][] {
  const drawn = flat(input(c, 'candidate_permutation'))
  const order = new Map(drawn.map((candidate, place) => [candidate, place]))
  const [log, old, advantage, mask] = ['log_prob', 'old_log_prob', 'advantages', 'response_mask'].map((name) => rowsOf(c.inputs[name])) as [number[][], number[][], number[][], number[][]]
  const cell = (table: readonly (readonly number[])[], i: number, t: number): number => table[i]?.[t] as number
  const counted = mask.flatMap((row, i) => row.flatMap((m, t) => (m > 0 ? [[i, t] as const] : [])))
  const mean = (table: number[][]): number => counted.reduce((sum, [i, t]) => sum + cell(table, i, t), 0) / (counted.length + 1e-8)
  const [advantageMean, logMean] = [mean(advantage), mean(log)]
  const options = (c.options['policy_loss'] ?? {}) as Readonly<Record<string, number | null>>
  const [low, high] = CLIP.map((name) => Number(actorOptions(c)[name])) as [number, number]
  let candidate = 0
  return mask.map((row, i) =>
    row.map((m, t) => {
      const [a, ratio] = [cell(advantage, i, t), Math.exp(cell(log, i, t) - cell(old, i, t))]
      const isClipped = -a * Math.min(Math.max(ratio, 1 - low), 1 + high) > -a * ratio
      const cov = (a - advantageMean) * (cell(log, i, t) - logMean)
      const isCandidate = m > 0 && !isClipped && cov < (options['clip_cov_ub'] ?? 5) && cov > (options['clip_cov_lb'] ?? 1)
      return isCandidate ? (order.get(candidate++) ?? 0) : 0
    }),
  )
}

/** Bounds `"0.5_2"` are lower and upper, a single number is the upper one. */
function bounds(spec: unknown): { readonly upper: number; readonly lower: number | null } {
  const parts = String(spec).split('_').map(Number)
  return parts.length > 1 ? { lower: parts[0] as number, upper: parts[1] as number } : { lower: null, upper: parts[0] as number }
}

/** The weights, or undefined where the case has none. */
function weightsOf(options: Readonly<Record<string, unknown>>, pair: string): string | undefined {
  if (typeof options['rollout_is'] !== 'string') return undefined
  return `verl.rollout_is_weights(${pair}${given({ ...options, ...bounds(options['rollout_is_threshold'] ?? 2) }, 'rollout_is', 'upper', 'lower', 'rollout_is_batch_normalize')})`
}

/** 1 for tokens that every option keeps. */
function keptBy(options: Readonly<Record<string, unknown>>, pair: string): string {
  if (typeof options['rollout_rs'] !== 'string') return '1'
  const names = options['rollout_rs'].split(',').map((name) => name.trim())
  const specs = String(options['rollout_rs_threshold']).split(',')
  return [...new Set(names)]
    .map((name, i) => {
      const [, level, estimator] = /^(.*)_(k\d)$/.exec(name) as RegExpExecArray
      const { upper, lower } = bounds(specs.length === 1 ? specs[0] : specs[i])
      return `verl.rollout_rs(${pair}, level = "${level}", estimator = "${estimator}"${given({ upper, lower: estimator === 'k1' ? (lower ?? 1 / upper) : null }, 'upper', 'lower')})`
    })
    .join(' * ')
}

function bypass(c: Case): Counterpart {
  const correction = c.options['rollout_correction'] as Readonly<Record<string, unknown>>
  const pair = 'log_prob, old_log_prob'
  const weights = weightsOf(correction, pair)
  const loss = correction['loss_type'] === 'reinforce' ? `verl.reinforce(log_prob, advantages${weights ? `, rollout_is_weights = ${weights}` : ''})` : `verl.vanilla(log_prob, old_log_prob, advantages${given(actorOptions(c), ...DUAL)})`
  return { ...policyLayout(c), feeds: token(c, ...ACTOR_FEEDS), outputs: { loss: ['batch', aggregated(c, loss, c.options['loss_agg_mode'], countsOf(c), `, mask = ${keptBy(correction, pair)}`)] } }
}

function actorLoss(c: Case): Counterpart {
  const counts = { ...countsOf(c), loss_scale_factor: c.options['loss_scale_factor'] }
  const mode = String(c.options['loss_mode'])
  const part = (loss: string, aggregation = c.options['loss_agg_mode']): string => aggregated(c, loss, aggregation, counts)
  const [kl, entropy] = [`verl.kl_penalty(log_prob, ref_log_prob, ${text(c, 'kl_loss_type')})`, 'entropy']
  const loss = mode === 'geo_mean' ? policyLoss(c, mode) : part(lossOf(c, mode), mode === 'sapo' ? 'seq-mean-token-mean' : c.options['loss_agg_mode'])
  const penalty = c.options['use_kl_loss'] === true ? ` + ${real(c, 'kl_loss_coef')} * ${part(kl)}` : ''
  return {
    ...policyLayout(c),
    feeds: token(c, ...ACTOR_FEEDS),
    outputs: { loss: ['batch', `${loss} - ${real(c, 'entropy_coeff')} * ${part(entropy)}${penalty}`] },
  }
}

// All functions

const rows: readonly Row[] = [
  outcome('compute_grpo_outcome_advantage', 'grpo', 'epsilon', 'norm_adv_by_std_in_grpo'),
  outcome('compute_grpo_vectorized_outcome_advantage', 'grpo_vectorized', 'epsilon', 'norm_adv_by_std_in_grpo'),
  outcome('compute_rloo_outcome_advantage', 'rloo'),
  outcome('compute_rloo_vectorized_outcome_advantage', 'rloo_vectorized'),
  { ...outcome('compute_opo_outcome_advantage', 'opo'), counterpart: (c) => {
    const expression = 'verl.opo(scores, length) * response_mask'
    return { ...GROUPED(c), feeds: { scores: ['rollout', rowSums(c.inputs['token_level_rewards'])], length: ['rollout', rowSums(c.inputs['response_mask'])], ...token(c, 'response_mask') }, outputs: { advantages: ['token', expression], returns: ['token', expression] } }
  } },
  outcome('compute_gpg_outcome_advantage', 'gpg_advantage'),
  outcome('compute_reinforce_plus_plus_baseline_outcome_advantage', 'reinforce_plus_plus_baseline'),
  outcome('compute_grpo_passk_outcome_advantage', 'grpo_passk', 'norm_adv_by_std_in_grpo'),
  { function: 'core_algos.compute_gdpo_outcome_advantage', counterpart: gdpo },
  {
    function: 'verl.utils.groupwise.group_mean_std',
    counterpart: (c) => ({
      ...groups(input(c, 'group'), undefined, undefined),
      feeds: { scores: ['rollout', input(c, 'scores')] },
      outputs: Object.fromEntries(['mean', 'std', 'count'].map((name) => [name, ['group', `verl.group_mean_std(scores${given(c.options, 'eps')}).${name}`] as const])),
    }),
  },
  tokens('compute_gae_advantage_return', 'gae(token_level_rewards, values', ['values'], ['gamma', 'lam'], ['', '']),
  tokens('compute_reinforce_plus_plus_outcome_advantage', 'reinforce_plus_plus(token_level_rewards', [], ['gamma']),
  tokens('compute_remax_outcome_advantage', 'remax(token_level_rewards, reward_baselines * response_mask', [], [], ['', '']),
  tokens('compute_optimal_token_baseline_advantage', 'optimal_token_baseline(token_level_rewards, old_log_probs, sum_pi_squared', ['old_log_probs', 'sum_pi_squared'], ['handle_zero_tail', 'epsilon'], ['* response_mask', '']),
  tokens('compute_multi_turn_optimal_token_baseline_advantage', 'tir_optimal_token_baseline(token_level_rewards, old_log_probs, sum_pi_squared', ['old_log_probs', 'sum_pi_squared'], ['handle_zero_tail', 'epsilon'], ['* response_mask', '']),

  ...Object.keys(LOSSES).map(policy),
  { function: 'core_algos.compute_policy_loss_bypass_mode', counterpart: bypass },
  {
    function: 'core_algos.compute_policy_loss_reinforce',
    counterpart: (c) => ({
      ...policyLayout(c),
      feeds: token(c, ...ACTOR_FEEDS),
      outputs: { loss: ['batch', aggregated(c, `verl.reinforce(log_prob, advantages${c.inputs['rollout_is_weights'] === undefined ? '' : ', rollout_is_weights = rollout_is_weights'})`)] },
    }),
  },
  { function: 'verl.workers.utils.losses.ppo_loss', counterpart: actorLoss },

  {
    function: 'core_algos.agg_loss',
    counterpart: (c) => ({ ...rollouts(input(c, 'loss_mat'), undefined), feeds: token(c, 'loss_mat', 'loss_mask'), outputs: { loss: ['batch', aggregated(c, 'loss_mat', c.options['loss_agg_mode'], c.options, ', mask = loss_mask')] } }),
  },
  {
    function: 'torch_functional.masked_whiten',
    counterpart: (c) => ({ ...rollouts(input(c, 'mask'), undefined), feeds: token(c, 'values', 'mask'), outputs: { value: ['token', `verl.masked_whiten(values, mask${given(c.options, 'shift_mean')})`] } }),
  },
  {
    function: 'torch_functional.masked_mean',
    counterpart: (c) => ({ ...rollouts(input(c, 'mask'), undefined), feeds: token(c, 'values', 'mask'), outputs: { value: c.options['axis'] === null ? ['batch', 'verl.masked_mean(values, mask)'] : ['rollout', 'verl.sequence_mean(values, mask)'] } }),
  },

  {
    function: 'core_algos.kl_penalty',
    counterpart: (c) => ({ ...rollouts(input(c, 'logprob'), undefined), feeds: token(c, 'logprob', 'ref_logprob'), outputs: { kl: ['token', `verl.kl_penalty(logprob, ref_logprob, ${text(c, 'kl_penalty')})`] }, gradientOf: ['kl'] }),
  },
  {
    function: 'ray_trainer.apply_kl_penalty',
    counterpart: (c) => {
      const kl = `verl.kl_penalty(old_log_probs, ref_log_prob, ${text(c, 'kl_penalty')})`
      const now = `verl.current_kl(${kl})`
      const next = c.options['controller'] === 'fixed' ? real(c, 'kl_coef') : `verl.adaptive_kl(${real(c, 'kl_coef')}, ${now}, ${real(c, 'target_kl')}, ${real(c, 'horizon')}, count(sum(${kl}, over = rollout), over = batch))`
      return {
        ...policyLayout(c),
        feeds: token(c, 'token_level_scores', 'old_log_probs', 'ref_log_prob', 'response_mask'),
        outputs: { token_level_rewards: ['token', `token_level_scores - ${real(c, 'kl_coef')} * ${kl} * response_mask`], 'metrics.actor/reward_kl_penalty': ['batch', now], next_coef: ['batch', next] },
      }
    },
  },
  {
    function: 'core_algos.AdaptiveKLController.update',
    counterpart: (c) => ({
      ...rollouts([[0]], undefined),
      feeds: {},
      outputs: { value: ['batch', `verl.adaptive_kl(${['init_kl_coef', 'current_kl', 'target_kl', 'horizon', 'n_steps'].map((name) => real(c, name)).join(', ')})`] },
    }),
  },

  {
    function: 'core_algos.compute_value_loss',
    counterpart: (c) => ({
      ...policyLayout(c),
      feeds: token(c, 'vpreds', 'returns', 'values'),
      outputs: {
        loss: ['batch', `0.5 * ${aggregated(c, `verl.value_loss(vpreds, returns, values${given(c.options, 'cliprange_value')})`, c.options['loss_agg_mode'], c.options)}`],
        clipfrac: ['batch', `verl.value_clip_fraction(vpreds, returns, values${given(c.options, 'cliprange_value')})`],
      },
    }),
  },
  {
    function: 'core_algos.compute_entropy_loss',
    counterpart: (c) => ({
      ...logits(c, input(c, 'response_mask')),
      feeds: { logits: ['logit', input(c, 'logits')], ...token(c, 'response_mask') },
      outputs: { loss: ['batch', aggregated(c, 'verl.entropy_from_logits(logits)', c.options['loss_agg_mode'], {}, ', mask = response_mask')], token_entropy: ['token', 'verl.entropy_from_logits(logits)'], sum_pi_squared: ['token', 'verl.sum_pi_squared(logits)'] },
    }),
  },
  {
    function: 'torch_functional.logprobs_from_logits_v2',
    counterpart: (c) => ({
      ...logits(c, input(c, 'labels')),
      feeds: { logits: ['logit', input(c, 'logits')], ...token(c, 'labels') },
      outputs: { logprobs: ['token', 'verl.logprobs_from_logits(logits, labels)'] },
      gradientOf: ['logprobs'],
    }),
  },
  {
    function: 'verl.workers.utils.losses.sft_loss',
    counterpart: (c) => ({ ...policyLayout(c), feeds: token(c, 'log_prob'), outputs: { loss: ['batch', `verl.sft_loss(log_prob${given(c.options, 'batch_num_tokens', 'dp_size')})`] } }),
  },
  {
    function: 'reward_loop.reward_manager.dapo.DAPORewardManager.run_single',
    counterpart: (c) => ({
      ...rollouts(flat(input(c, 'lengths')).map(() => [0]), undefined),
      feeds: { lengths: ['rollout', input(c, 'lengths')] },
      outputs: { reward_score: ['rollout', `${real(c, 'score')} + verl.overlong(lengths${given(c.options, 'max_resp_len', 'overlong_buffer_len', 'penalty_factor')})`] },
    }),
  },
  {
    function: 'rollout_corr_helper.compute_rollout_correction_and_rejection_mask',
    counterpart: (c) => {
      const pair = 'old_log_prob, rollout_log_prob'
      const weights = weightsOf(c.options, pair)
      return {
        ...policyLayout(c),
        feeds: token(c, 'old_log_prob', 'rollout_log_prob', 'response_mask'),
        outputs: { response_mask: ['token', `response_mask * ${keptBy(c.options, pair)}`], ...(weights ? { rollout_is_weights: ['token', `response_mask * ${weights}`] } : {}) },
      }
    },
  },
]

/** The vocabulary as a level inside the token. */
function logits(c: Case, table: Nested): Layout {
  const layout = rollouts(table, undefined)
  const rowLength = rowsOf(c.inputs['logits'])[0]?.length ?? 0
  return { ...layout, levels: ['logit', ...layout.levels], sizes: { ...layout.sizes, V: rowLength / (layout.sizes['T'] as number) } }
}

export const verl: Table = {
  system: 'verl@0.9.1',
  imports: 'import * as verl from "std/presets/verl-0.9"',
  rows,
  absent: {
    'core_algos.compute_pf_ppo_reweight_data': 'draws rollouts again with weights: sampling of a dataset, not a formula',
    'core_algos.compute_rewards': 'not called in 0.9.1; `apply_kl_penalty` is',
    'core_algos.compute_policy_loss': 'deprecated in 0.9.1 for `compute_policy_loss_vanilla`, with the same formula',
    'rollout_corr_helper.compute_offpolicy_metrics, compute_is_metrics, compute_rs_metrics': 'metrics of the report, which no loss reads',
    'actor/pg_clipfrac and the other metrics of losses': 'metrics of the report, which no loss reads',
  },
}
