// Sense of sampling: groups that can be compared, samples that can differ, batches that can be divided.

import { joined, replace } from '../context.js'
import type { Reporter, View } from './view.js'

export function checkSampling(cx: Reporter, view: View): void {
  checkGroups(cx, view)
  checkSamples(cx, view)
  checkSplits(cx, view)
}

function checkGroups(cx: Reporter, view: View): void {
  const size = view.constant('group_size')
  if (size !== undefined && size < 2) {
    cx.report('RLP6003', view.span('group_size'), 'a group needs at least 2 rollouts', {
      label: `found ${size}`,
      notes: ['advantages compare the rollouts of one prompt with each other: in a group of one the advantage is 0 or undefined'],
      help: 'write `8 rollouts`',
      fixes: view.value('group_size') ? [replace(view.span('group_size'), '8 rollouts', false)] : [],
    })
  }
  if (view.has('group_size') && view.constant('rollout.temperature') === 0) {
    cx.report('RLP6009', view.span('rollout.temperature'), 'at temperature 0 all rollouts of a group are the same', {
      label: 'greedy decoding explores nothing',
      notes: ['equal rollouts get equal rewards, every advantage is 0, and the policy does not change'],
      help: 'write `temperature = 1.0`',
      fixes: [replace(view.span('rollout.temperature'), '1.0', false)],
    })
  }
}

function checkSamples(cx: Reporter, view: View): void {
  const samples = view.constant('samples')
  const k = view.constant('k')
  if (k !== undefined && samples !== undefined && k > samples) {
    const text = `${k} rollouts`
    cx.report('RLP6011', view.span('k'), `pass@${k} needs at least ${k} samples for each prompt`, {
      label: `\`samples\` is ${samples}`,
      related: view.value('samples') ? [{ span: view.span('samples'), text: 'drawn here' }] : [],
      help: `write \`samples = ${text}\` or a smaller \`k\``,
      fixes: view.value('samples') ? [replace(view.span('samples'), text, false)] : [],
    })
  }
  if (samples !== undefined && samples > 1 && view.constant('temperature') === 0) {
    const span = view.value('temperature')?.span ?? view.span('samples')
    cx.report('RLP6013', span, `at temperature 0 all ${samples} samples are the same`, {
      label: 'greedy decoding',
      help: 'set `temperature = 1.0`, or draw one sample',
      fixes: view.value('temperature') ? [replace(span, '1.0', false)] : [],
    })
  }
}

/** The prompts of a batch are divided among the optimiser steps of a pass. */
function checkSplits(cx: Reporter, view: View): void {
  const prompts = view.constant('rollout.per_step')
  const splits = view.constant('update.splits')
  if (prompts === undefined || splits === undefined || splits < 1 || prompts < 1 || prompts % splits === 0) return
  const divisors = Array.from({ length: prompts }, (_, i) => i + 1).filter((n) => prompts % n === 0)
  const nearest = [divisors.filter((n) => n < splits).at(-1), divisors.find((n) => n > splits)].filter((n) => n !== undefined)
  const multiples = [Math.floor(prompts / splits) * splits, Math.ceil(prompts / splits) * splits].filter((n) => n > 0)
  cx.report('RLP4201', view.span('update.splits'), `${prompts} prompts cannot be divided into ${splits} equal parts`, {
    label: `${prompts} / ${splits} is not whole`,
    related: view.value('rollout.per_step') ? [{ span: view.span('rollout.per_step'), text: `${prompts} prompts for each batch` }] : [],
    notes: [`each of the ${splits} optimiser steps of a pass takes the same number of prompts`],
    help: `write \`splits = ${joined(nearest.map(String), 'or')}\`, or \`per_step = ${joined(multiples.map((n) => `${n} prompts`), 'or')}\``,
    fixes: nearest.map((n) => replace(view.span('update.splits'), String(n), false)),
  })
}
