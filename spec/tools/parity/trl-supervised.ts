// Which supervised loss and reward function of TRL 1.13.0 equals which of ours.
// Data: `run.ts` compares.

import { repeatedShare } from '../../../runtime/signals/repetition.js'
import { flat, literal, real, rollouts, rowsOf, samples, type Case, type Counterpart, type Head, type Row } from './cases.js'

/** Column t predicts label t + 1; -100 is not learned. */
function labelled(c: Case) {
  const labels = rowsOf(c.inputs['labels']).map((row) => [...row.slice(1), -100])
  const mask = labels.map((row) => row.map((label) => (label < 0 ? 0 : 1)))
  return { layout: samples(mask, mask), targets: flat(labels).map((label) => Math.max(label, 0)) }
}

const items = (c: Case): string => (c.options['num_items_in_batch'] === null || c.options['num_items_in_batch'] === undefined ? '' : `, num_items_in_batch = ${real(c, 'num_items_in_batch')}`)

function fromLogits(c: Case): Counterpart {
  const { layout, targets } = labelled(c)
  return { ...layout, feeds: {}, heads: { '': { logits: c.inputs['logits'] ?? [], targets } }, outputs: { loss: ['batch', `trl.${String(c.options['loss_type'])}(logp${items(c)})`] } }
}

function chunked(c: Case): Counterpart {
  const { layout, targets } = labelled(c)
  const head: Head = {
    hidden: c.inputs['hidden_states'] ?? [],
    weight: c.inputs['lm_head_weight'] ?? [],
    bias: c.inputs['lm_head_bias'] ?? [],
    targets,
    ...(c.options['logit_scale'] === undefined ? {} : { scale: Number(c.options['logit_scale']) }),
    ...(c.options['final_logit_softcapping'] === undefined ? {} : { cap: Number(c.options['final_logit_softcapping']) }),
  }
  return {
    ...layout,
    feeds: {},
    heads: { '': head },
    outputs: {
      loss: ['batch', `trl.nll(logp${items(c)})`],
      correct: ['batch', 'sum(best, over = batch)'],
      entropy_sum: ['batch', 'sum(entropy, over = batch)'],
      valid: ['batch', 'count(logp, over = batch)'],
    },
    gradientNames: { hidden_states: 'hidden', lm_head_weight: 'weight', lm_head_bias: 'bias' },
  }
}

function scores(c: Case): Counterpart {
  const labels = rowsOf(c.inputs['labels'])
  return {
    ...samples(labels, undefined),
    feeds: {},
    heads: { '': { logits: c.inputs['logits'] ?? [], targets: flat(labels), scale: 1 / Number(c.options['temperature']) } },
    outputs: { per_token_logps: ['token', 'logp'], entropies: ['token', 'entropy'] },
    gradientOf: ['per_token_logps', 'entropies'],
  }
}

function overlong(c: Case): Counterpart {
  const lengths = flat(c.inputs['lengths'] ?? [])
  return {
    ...rollouts(lengths.map((length) => [length]), undefined),
    feeds: { length: ['rollout', lengths] },
    outputs: { rewards: ['rollout', `trl.soft_overlong_punishment(length, ${literal(c.options['max_completion_len'])}, ${literal(c.options['soft_punish_cache'])})`] },
  }
}

/** The share of repeated n-grams is a signal of the host. */
function repetition(c: Case): Counterpart {
  const shares = rowsOf(c.inputs['completion_ids']).map((ids) => repeatedShare(ids, Number(c.options['ngram_size'])))
  return {
    ...rollouts(shares.map((share) => [share]), undefined),
    feeds: { repeated: ['rollout', shares] },
    outputs: { rewards: ['rollout', `trl.repetition_penalty(repeated, max_penalty = ${real(c, 'max_penalty')})`] },
  }
}

export const supervisedRows: readonly Row[] = [
  { function: "transformers.loss.loss_utils.ForCausalLMLoss (what loss_type='nll' uses)", counterpart: fromLogits },
  { function: 'sft_trainer.dft_loss', counterpart: fromLogits },
  { function: 'sft_trainer._chunked_cross_entropy_loss', counterpart: chunked },
  { function: 'trl.trainer.utils.selective_log_softmax, entropy_from_logits', counterpart: scores },
  { function: 'trl.rewards.get_soft_overlong_punishment', counterpart: overlong },
  { function: 'trl.rewards.get_repetition_penalty_reward', counterpart: repetition },
]
