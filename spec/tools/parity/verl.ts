// Which function of verl 0.9.1 equals which of ours: `stdlib/presets/verl-0.9.rlp`.
// Data: `run.ts` compares.

import { groups, real, rowSums, type Row, type Table } from './cases.js'

const rows: readonly Row[] = [
  {
    function: 'core_algos.compute_grpo_outcome_advantage',
    counterpart: (c) => ({
      ...groups(c.inputs['group'], c.inputs['response_mask'], undefined),
      feeds: { scores: ['rollout', rowSums(c.inputs['token_level_rewards'])], response_mask: ['token', c.inputs['response_mask'] ?? []] },
      outputs: { advantages: ['token', `verl.grpo(scores, epsilon = ${real(c, 'epsilon', 1e-6)}) * response_mask`] },
    }),
  },
]

export const verl: Table = { system: 'verl@0.9.1', imports: 'import * as verl from "std/presets/verl-0.9"', rows }
