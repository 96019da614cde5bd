// The recorded cases catch mistakes: each row changes one constant or term of a preset, and some case of that function must fail.

import { readCases, recorded, tables } from '../tools/parity/tables.js'
import { readLibrary } from '../tools/parity/program.js'
import { runCases } from '../tools/parity/run.js'
import { open } from '../tools/parity/subjects.js'
import { ok, suite } from './suite.js'

const VERL = 'std/presets/verl-0.9'
const TRL = 'std/presets/trl-1.13'
const PAIRS = 'std/preferences'

/** Module, what it says, what the mistake says, and the function of the original (and the case) that notices. */
const mutations: readonly (readonly [what: string, module: string, from: string, to: string, noticed: string])[] = [
  ['population for sample deviation', VERL, 'std(scores, over = group)) + epsilon) else centred', 'std(scores, over = group, ddof = 0)) + epsilon) else centred', 'compute_grpo_outcome_advantage'],
  ['another epsilon', VERL, 'fn gdpo(rewards: Real per objective, weights: Real per objective = 1, epsilon: Real = 1e-6', 'fn gdpo(rewards: Real per objective, weights: Real per objective = 1, epsilon: Real = 1e-4', 'compute_gdpo_outcome_advantage'],
  ['a group of one centred', VERL, 'let centred = scores - where(alone, 0, mean(scores, over = group))', 'let centred = scores - mean(scores, over = group)', 'compute_grpo_outcome_advantage'],
  ['mean of all for leave-one-out', VERL, 'let scale = n / max(n - 1, 1)', 'let scale = 1', 'compute_rloo_outcome_advantage'],
  ['baseline without lengths', VERL, 'sum(length * scores, over = group) / sum(length, over = group)', 'mean(scores, over = group)', 'compute_opo_outcome_advantage'],
  ['masked tokens discount', VERL, 'let advantage = scan(error, decay = gamma * lam, reverse = true)', 'let advantage = scan(error, decay = gamma * lam, reverse = true, padding = true)', 'compute_gae_advantage_return'],
  ['lambda forgotten', VERL, 'decay = gamma * lam', 'decay = gamma', 'compute_gae_advantage_return'],
  ['whitening by the population', VERL, ' * (n / (n - 1))', '', 'masked_whiten'],
  ['columns for places', VERL, 'sum(returns * weight, over = group, by = token) / (', 'sum(returns * weight, over = group, by = token, padding = true) / (', 'compute_multi_turn_optimal_token_baseline_advantage'],
  ['no dual clip', VERL, 'where(advantages < 0, min(-advantages * clip_ratio_c, clipped), clipped)', 'clipped', 'compute_policy_loss_vanilla'],
  ['no clamp of the log ratio', VERL, 'clamp(log_prob - old_log_prob, -20, 20)', 'log_prob - old_log_prob', 'compute_policy_loss_vanilla'],
  ['min for max', VERL, 'let clipped = max(', 'let clipped = min(', 'compute_policy_loss_vanilla'],
  ['sum for mean of the log ratio', VERL, 'let mean_log_ratio = mean(', 'let mean_log_ratio = sum(', 'compute_policy_loss_gspo'],
  ['an absolute for a relative cap', VERL, 'clamp(exp(log_ratio(log_prob, old_log_prob)), 1 - clip_ratio_low, 1 + clip_ratio_high)', 'min(exp(log_ratio(log_prob, old_log_prob)), clip_ratio_high)', 'compute_policy_loss_cispo'],
  ['the gradient of the weight', VERL, '-stop_gradient(clamp(exp(log_ratio', '-(clamp(exp(log_ratio', 'compute_policy_loss_cispo'],
  ['temperatures exchanged', VERL, 'where(advantages > 0, tau_pos, tau_neg)', 'where(advantages > 0, tau_neg, tau_pos)', 'compute_policy_loss_sapo'],
  ['all bounds on both sides', VERL, 'let bound = side * min(side * moved, side * clamp(', 'let bound = side * (side * clamp(', 'compute_policy_loss_geo_mean'],
  ['half forgotten', VERL, '0.5 * dro_beta', 'dro_beta', 'compute_policy_loss_dro'],
  ['clipped tokens among the candidates', VERL, ' and not (bound > free)', '', 'compute_policy_loss_clip_cov'],
  ['smallest for largest covariance', VERL, 'rank(-cov, over = batch)', 'rank(cov, over = batch)', 'compute_policy_loss_kl_cov'],
  ['the new probability for the move', VERL, 'let moved = exp(log_prob) - exp(old_log_prob)', 'let moved = exp(log_prob)', 'compute_policy_loss_dppo_tv'],
  ['k3 without its upper clamp', VERL, 'clamp(exp(gap) - gap - 1, -10, 10)', 'exp(gap) - gap - 1', 'kl_penalty'],
  ['the gradient of k3 with +', VERL, 'else straight + stop_gradient(k3)', 'else k3', 'kl_penalty'],
  ['fully masked rows counted', VERL, 'sum(where(kept, 1, 0), over = batch)) else global_batch_size', 'count(length, over = batch)) else global_batch_size', 'agg_loss'],
  ['local for global counts', VERL, 'else batch_num_tokens\n', 'else sum(mask, over = batch)\n', 'agg_loss'],
  ['free for clipped values', VERL, 'clamp(vpreds, values - cliprange_value, values + cliprange_value) - returns) ^ 2)', 'vpreds - returns) ^ 2)', 'compute_value_loss'],
  ['a floor for long completions', VERL, '* penalty_factor, 0)', '* penalty_factor, -1)', 'DAPORewardManager'],
  ['truncation below the bound too', VERL, 'min(ratio, upper) else', 'clamp(ratio, 1 / upper, upper) else', 'compute_rollout_correction_and_rejection_mask'],
  ['bounds themselves for their logs', VERL, 'statistic >= log(lower) and statistic <= log(upper)', 'statistic >= lower and statistic <= upper', 'compute_rollout_correction_and_rejection_mask'],
  ['population for sample deviation', TRL, 'sqrt(group_mean(gap * gap) * (n / (n - 1)))', 'sqrt(group_mean(gap * gap))', 'GRPOTrainer._generate_and_score_completions grpo/group-'],
  ['another epsilon', TRL, '(group_std(reward) + 1e-4)', '(group_std(reward) + 1e-6)', 'GRPOTrainer._generate_and_score_completions grpo/group-'],
  ['a missing reward counts as 0', TRL, 'sum(where(is_nan(x), 0, 1), over = group)', 'sum(where(is_nan(x), 1, 1), over = group)', 'GRPOTrainer._generate_and_score_completions grpo/group-nan'],
  ['the mean of the batch for that of the group', TRL, '(reward - group_mean(reward)) / (batch_std(reward)', '(reward - batch_mean(reward)) / (batch_std(reward)', 'GRPOTrainer._generate_and_score_completions grpo/batch-'],
  ['rewards not compared by themselves', TRL, 'over = group, by = objective) / n', 'over = rollout) / n', 'grpo/normalize-then-sum'],
  ['n for scorable completions', TRL, '/ (group_count(reward) - 1)', '/ (count(reward, over = group) - 1)', 'RLOOTrainer._generate_and_score_completions'],
  ['the penalty added', TRL, 'reward - beta * sum(old_logp', 'reward + beta * sum(old_logp', 'RLOOTrainer._generate_and_score_completions'],
  ['a symmetric clip', TRL, 'clamp(weight, 1 - epsilon, 1 + epsilon_high)', 'clamp(weight, 1 - epsilon, 1 + epsilon)', 'GRPOTrainer._compute_loss grpo/token'],
  ['sum for mean of the log ratio', TRL, 'exp(mean(logp - old_logp, over = rollout))', 'exp(sum(logp - old_logp, over = rollout))', 'GRPOTrainer._compute_loss grpo/sequence'],
  ['delta forgotten', TRL, 'else min(weight, delta)', 'else weight', 'GRPOTrainer._compute_loss grpo/delta'],
  ['a relative for an absolute cap', TRL, 'stop_gradient(min(ratio(logp, old_logp), cap))', 'stop_gradient(min(ratio(logp, old_logp), 1 + cap))', 'GRPOTrainer._compute_loss cispo/'],
  ['the gradient of the weight', TRL, '-stop_gradient(min(ratio(logp, old_logp), cap))', '-min(ratio(logp, old_logp), cap)', 'GRPOTrainer._compute_loss cispo/token'],
  ['temperatures exchanged', TRL, 'where(advantage > 0, temperature_pos, temperature_neg)', 'where(advantage > 0, temperature_neg, temperature_pos)', 'GRPOTrainer._compute_loss sapo/token'],
  ['k and lambda exchanged', TRL, 'k * log_w - lambda * exp(log_w)', 'lambda * log_w - k * exp(log_w)', 'GRPOTrainer._compute_loss vespo/token'],
  ['the mean for the sum of the log ratio', TRL, 'let drift = sum(clamp(', 'let drift = mean(clamp(', 'GRPOTrainer._compute_loss vespo/token'],
  ['both sides clipped', TRL, 'where(advantage > 0, min(drift, bounded), max(drift, bounded))', 'bounded', 'GMPOTrainer._compute_loss'],
  ['the penalty without the gradient of the ratio', TRL, '(k3(logp, ref_logp) * ratio(logp, old_logp))', '(k3(logp, ref_logp) * stop_gradient(ratio(logp, old_logp)))', 'GRPOTrainer._compute_loss grpo/kl-corrected-true'],
  ['bad rollouts dropped the wrong way round', TRL, 'advantage >= 0 or near', 'advantage < 0 or near', 'GRPOTrainer._compute_loss grpo/off-policy-mask'],
  ['the nearest rank for the interpolated quantile', TRL, 'below + (above - below) * (place - floor(place))', 'below', 'GRPOTrainer._compute_loss'],
  ['ratios that are not cut', TRL, '): Real per token =\n  clamp(exp(engine_drift(old_logp, sampler_logp)), low, high)', '): Real per token =\n  max(exp(engine_drift(old_logp, sampler_logp)), low)', 'GRPOTrainer._generate_and_score_completions token_truncate'],
  ['accumulation forgotten', TRL, '* accumulation / steps_per_generation', '/ steps_per_generation', 'GRPOTrainer._compute_loss dapo/accumulation'],
  ['the mean for the sum of tokens', TRL, 'fn luspo(loss: Real per token, accumulation: Real = 1): Real =\n  mean(sum(', 'fn luspo(loss: Real per token, accumulation: Real = 1): Real =\n  mean(mean(', 'GRPOTrainer._compute_loss luspo/'],
  ['a KL estimate below 0', TRL, 'stop_gradient(max(mean(kl_logp - ref_kl_logp, over = batch), 0))', 'stop_gradient(mean(kl_logp - ref_kl_logp, over = batch))', 'KTOTrainer._compute_loss'],
  ['weights exchanged', TRL, 'desirable_weight * (1 - p), undesirable_weight * p', 'undesirable_weight * (1 - p), desirable_weight * p', 'KTOTrainer._compute_loss'],
  ['no floor for long completions', TRL, 'if length > max_completion_len then -1', 'if length > 2 * max_completion_len then -1', 'get_soft_overlong_punishment'],
  ['sides exchanged', PAIRS, 'fn margin(x: Real per side): Real per pair = chosen(x) - rejected(x)', 'fn margin(x: Real per side): Real per pair = rejected(x) - chosen(x)', 'DPOTrainer._compute_loss sigmoid/plain'],
  ['sums for means of tokens', PAIRS, 'margin(score(logp, ref_logp) / max(count(logp, over = side), 1)) - 1 / (2 * beta)', 'margin(score(logp, ref_logp)) - 1 / (2 * beta)', 'DPOTrainer._compute_loss ipo/plain'],
  ['the constant of a divergence forgotten', PAIRS, 'log(2) + log_sigmoid', 'log_sigmoid', 'DPOTrainer._compute_loss ipo/js'],
  ['1 - 2 smoothing forgotten', PAIRS, ' / (1 - 2 * smoothing)', '', 'DPOTrainer._compute_loss robust/smoothed'],
  ['conservative for robust', PAIRS, '(smoothing * log_sigmoid(-x) - (1', '(-smoothing * log_sigmoid(-x) - (1', 'DPOTrainer._compute_loss robust/smoothed'],
  ['the longer for the shared length', PAIRS, 'let shared = min_of(', 'let shared = max_of(', 'DPOTrainer._compute_loss sigmoid/ld'],
  ['margins not sorted', PAIRS, 'sort(margin(completed(ref_logp)), over = batch)', 'margin(completed(ref_logp))', 'DPOTrainer._compute_loss aot/'],
  ['half forgotten', PAIRS, '0.5 * log_sigmoid(-chosen(reward))', 'log_sigmoid(-chosen(reward))', 'DPOTrainer._compute_loss nca_pair/plain'],
  ['the weight with a gradient', PAIRS, 'stop_gradient(exp(mean(logp - log(sum_pi_squared), over = side)))', 'exp(mean(logp - log(sum_pi_squared), over = side))', 'DPOTrainer._compute_loss weighted/'],
  ['the mean of means', PAIRS, '-sum(chosen(summed(logp)), over = batch) / max(sum(chosen(count(logp, over = side)), over = batch), 1)', '-mean(chosen(mean(logp, over = side)), over = batch)', 'DPOTrainer._compute_loss sft/plain'],
  ['no margin', PAIRS, 'margin(score) - by)', 'margin(score))', 'RewardTrainer.compute_loss'],
  ['centred apart', PAIRS, 'centring * (chosen(score) + rejected(score)) ^ 2', 'centring * (chosen(score) ^ 2 + rejected(score) ^ 2)', 'RewardTrainer.compute_loss'],
]

const cases = readCases(recorded)

suite('mistakes in a preset', (test) => {
  for (const [what, module, from, to, noticed] of mutations) {
    test(`${noticed}: ${what}`, async () => {
      const text = readLibrary(module)
      ok(text.includes(from), `${module} does not say ${JSON.stringify(from)}`)
      const changed = text.replace(from, () => to)
      const verdicts = await runCases(cases.filter((c) => `${c.function} ${c.name}`.includes(noticed)), tables, [await open('reference')], (path) => (path === module ? changed : readLibrary(path)))
      ok(verdicts.some(({ outcome }) => outcome === 'failed'), 'no case fails')
    })
  }
})
