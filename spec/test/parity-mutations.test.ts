// The recorded cases catch mistakes: each row changes one constant or term of a preset, and some case of that function must fail.

import { reference } from '../../runtime/executors/reference/reference.js'
import { readCases, recorded, tables } from '../tools/parity/tables.js'
import { readLibrary } from '../tools/parity/program.js'
import { runCases } from '../tools/parity/run.js'
import { ok, suite } from './suite.js'

const VERL = 'std/presets/verl-0.9'

/** Module, what it says, what the mistake says, and the function of the original whose cases notice. */
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
]

const cases = readCases(recorded)

suite('mistakes in a preset', (test) => {
  for (const [what, module, from, to, noticed] of mutations) {
    test(`${noticed}: ${what}`, async () => {
      const text = readLibrary(module)
      ok(text.includes(from), `${module} does not say ${JSON.stringify(from)}`)
      const changed = text.replace(from, () => to)
      const verdicts = await runCases(cases.filter((c) => c.function.includes(noticed)), tables, [reference], (path) => (path === module ? changed : readLibrary(path)))
      ok(verdicts.some(({ outcome }) => outcome === 'failed'), 'no case fails')
    })
  }
})
