// Which preference and reward-model function of TRL 1.13.0 equals which of ours: `stdlib/preferences.rlp`, KTO in the preset.
// Data: `run.ts` compares.

import { flat, number, pairs, real, rowsOf, samples, type Case, type Counterpart, type Nested, type Row } from './cases.js'

/** Position t of a completion is column t + 1 of the original's mask; column 0 is the prompt. */
const shifted = (mask: Nested | undefined): Nested => rowsOf(mask).map((row) => row.slice(1))

/** What the scores of a loss are, as an argument for ours; TRL divides by f' in losses of the difference only. */
function score(c: Case): string {
  const completed = c.options['ld_alpha'] === null || c.options['ld_alpha'] === undefined ? '' : `completed = preferences.length_desensitised(alpha = ${real(c, 'ld_alpha')})`
  const divergence = String(c.options['f_divergence_type']).split('.').at(-1)?.toLowerCase()
  switch (divergence) {
    case 'forward_kl':
      return `score = preferences.forward_kl${completed && `(${completed})`}`
    case 'js_divergence':
      return `score = preferences.jensen_shannon${completed && `(${completed})`}`
    case 'alpha_divergence':
      return `score = preferences.alpha_divergence(alpha = ${real(c, 'f_alpha_divergence_coef')}${completed && `, ${completed}`})`
    default:
      return completed === '' ? 'score = preferences.log_ratio' : `score = preferences.log_ratio(${completed})`
  }
}

/** TRL's name of a loss → ours, what it takes of the scores, and its further options. */
const losses: Readonly<Record<string, { readonly ours: string; readonly takes: 'score' | 'ratio'; readonly more?: (c: Case) => string }>> = {
  sigmoid: { ours: 'dpo', takes: 'score' },
  hinge: { ours: 'hinge', takes: 'score' },
  ipo: { ours: 'ipo', takes: 'score' },
  sigmoid_norm: { ours: 'length_normalised_dpo', takes: 'score' },
  exo_pair: { ours: 'exo', takes: 'score', more: (c) => `, smoothing = ${real(c, 'label_smoothing')}` },
  robust: { ours: 'robust_dpo', takes: 'score', more: (c) => `, smoothing = ${real(c, 'label_smoothing')}` },
  discopop: { ours: 'discopop', takes: 'score', more: (c) => `, temperature = ${real(c, 'discopop_tau')}` },
  nca_pair: { ours: 'nca', takes: 'ratio' },
  bco_pair: { ours: 'bco', takes: 'ratio' },
  sppo_hard: { ours: 'sppo', takes: 'ratio' },
  aot: { ours: 'aot', takes: 'ratio', more: (c) => `, smoothing = ${real(c, 'label_smoothing')}` },
  aot_unpaired: { ours: 'aot_unpaired', takes: 'ratio', more: (c) => `, smoothing = ${real(c, 'label_smoothing')}` },
  apo_zero: { ours: 'apo_zero', takes: 'ratio' },
  apo_down: { ours: 'apo_down', takes: 'ratio' },
}

function pairLoss(c: Case, loss: string): string {
  if (loss === 'sft') return 'preferences.imitate_chosen(logp)'
  const row = losses[loss]
  if (!row) throw new Error(`${c.name}: ${loss}`)
  return `preferences.${row.ours}(logp, ref_logp, beta = ${real(c, 'beta')}${row.more?.(c) ?? ''}${row.takes === 'score' ? `, ${score(c)}` : ''})`
}

function dpo(c: Case): Counterpart {
  const mask = shifted(c.inputs['completion_mask'])
  const names = c.options['loss_type'] as readonly string[]
  const weights = (c.options['loss_weights'] as readonly number[] | null) ?? names.map(() => 1)
  const weighting = c.options['use_weighting'] === true ? ' * preferences.wpo_weight(logp, sum_pi_squared)' : ''
  const fromLogits = c.inputs['logits'] !== undefined
  const total = names.map((name, i) => `${weights[i]} * preferences.pair_mean(${pairLoss(c, name)}${weighting})`).join(' + ')
  const reward = `${real(c, 'beta')} * preferences.log_ratio(logp, ref_logp)`
  const mean = (expression: string): readonly ['batch', string] => ['batch', `preferences.pair_mean(${expression})`]
  const layout = fromLogits ? pairs(widened(mask), widened(mask)) : pairs(mask, mask)
  const metrics = {
    'metrics.rewards/chosen': mean(`preferences.chosen(${reward})`),
    'metrics.rewards/rejected': mean(`preferences.rejected(${reward})`),
    'metrics.rewards/margins': mean(`preferences.margin(${reward})`),
    'metrics.rewards/accuracies': mean(`where(preferences.margin(${reward}) > 0, 1, 0)`),
    ...(c.options['ld_alpha'] === null ? { 'metrics.logps/chosen': mean('preferences.chosen(preferences.summed(logp))'), 'metrics.logps/rejected': mean('preferences.rejected(preferences.summed(logp))') } : {}),
  }
  const single = ['metrics.rewards/accuracies']
  const ld = c.options['ld_alpha'] !== null && c.options['ld_alpha'] !== undefined
  if (fromLogits) {
    const targets = rowsOf(c.inputs['input_ids']).flatMap((ids) => [...ids.slice(1), 0])
    return {
      ...layout,
      feeds: {},
      heads: { '': { logits: c.inputs['logits'] ?? [], targets }, ref_: { logits: c.inputs['ref_logits'] ?? [], targets } },
      outputs: { loss: ['batch', total], ...metrics, 'metrics.entropy': ['batch', 'mean(entropy, over = batch)'] },
      single,
    }
  }
  return {
    ...layout,
    feeds: { logp: ['token', c.inputs['per_token_logps'] ?? []], ref_logp: ['token', c.inputs['ref_per_token_logps'] ?? []] },
    outputs: { loss: ['batch', total], ...(ld ? {} : metrics) },
    single,
    gradientNames: { per_token_logps: 'logp' },
  }
}

/** With the column that predicts nothing, as logits have it. */
const widened = (mask: Nested): Nested => rowsOf(mask).map((row) => [...row, 0])

function kto(c: Case): Counterpart {
  const mask = shifted(c.inputs['completion_mask'])
  const weights = `beta = ${real(c, 'beta')}, desirable_weight = ${real(c, 'desirable_weight')}, undesirable_weight = ${real(c, 'undesirable_weight')}`
  const loss = c.options['loss_type'] === 'kto' ? `trl.kto(logp, ref_logp, label, trl.kto_kl(kl_logp, ref_kl_logp), ${weights})` : `trl.apo_zero_unpaired(logp, ref_logp, label, ${weights})`
  return {
    ...samples(mask, mask),
    feeds: {
      logp: ['token', c.inputs['per_token_logps'] ?? []],
      ref_logp: ['token', c.inputs['ref_per_token_logps'] ?? []],
      label: ['sample', c.inputs['label'] ?? []],
      kl_logp: ['sample', c.inputs['KL_logps'] ?? []],
      ref_kl_logp: ['sample', c.inputs['ref_KL_logps'] ?? []],
    },
    outputs: { loss: ['batch', `mean(${loss}, over = batch)`], ...(c.options['loss_type'] === 'kto' ? { 'metrics.kl': ['batch', 'trl.kto_kl(kl_logp, ref_kl_logp)'] as const } : {}) },
    gradientNames: { per_token_logps: 'logp' },
  }
}

function rewardModel(c: Case): Counterpart {
  const n = flat(c.inputs['rewards_chosen'] ?? []).length
  const score = 'where(side_number < 1, rewards_chosen, rewards_rejected)'
  const arguments_ = `${c.inputs['margin'] === undefined ? '' : ', by = margin'}${number(c.options['center_rewards_coefficient'] ?? NaN) > 0 ? `, centring = ${real(c, 'center_rewards_coefficient')}` : ''}`
  return {
    levels: ['side', 'pair', 'batch'],
    sizes: { N: n },
    row: 'pair',
    place: Array.from({ length: n }, (_, i) => i),
    masks: {},
    feeds: {
      rewards_chosen: ['pair', c.inputs['rewards_chosen'] ?? []],
      rewards_rejected: ['pair', c.inputs['rewards_rejected'] ?? []],
      side_number: ['side', Array.from({ length: n }, () => [0, 1])],
      ...(c.inputs['margin'] === undefined ? {} : { margin: ['pair', c.inputs['margin']] as const }),
    },
    outputs: { loss: ['batch', `preferences.pair_mean(preferences.bradley_terry(${score}${arguments_}))`] },
  }
}

export const preferenceRows: readonly Row[] = [
  { function: 'DPOTrainer._compute_loss', counterpart: dpo },
  { function: 'KTOTrainer._compute_loss', counterpart: kto },
  { function: 'RewardTrainer.compute_loss', counterpart: rewardModel },
]
