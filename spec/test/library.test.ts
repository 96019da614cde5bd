// The general objectives of the standard library: advantages against plain loops, losses against presets, which recorded cases prove.
// Goes through the parity harness, with cases made here.

import { readFileSync } from 'node:fs'
import { groups, type Case, type Counterpart, type Feed, type Nested, type Table } from '../tools/parity/cases.js'
import { runCases } from '../tools/parity/run.js'
import { open } from '../tools/parity/subjects.js'
import { objectivesTable } from '../tools/parity/table.js'
import { is, suite } from './suite.js'

const IMPORTS = ['advantages', 'losses', 'correction', 'aggregations', 'ppo'].map((name) => `import * as ${name} from "std/${name}"`).join('\n') + '\nimport * as verl from "std/presets/verl-0.9"'

const MODULES = ['advantages', 'losses', 'correction', 'aggregations', 'preferences', 'sft']
/** Tests that compare functions with numbers, beside the recorded cases. */
const PINS = ['spec/test/library.test.ts', 'compiler/lower/test/objective.test.ts', 'compiler/lower/test/preferences.test.ts']

/** Groups of 4, 3 and 1 rollouts, mixed; tokens with holes. */
const group = [0, 1, 0, 0, 2, 1, 0, 1]
const T = 5
const wave = (scale: number, shift: number, seed: number): number[][] => group.map((_, i) => Array.from({ length: T }, (_, t) => Math.round(1024 * (shift + scale * Math.sin(seed + 3.3 * i + 1.9 * t * t))) / 1024))
const mask: readonly (readonly number[])[] = group.map((_, i) => Array.from({ length: T }, (_, t) => (t === 0 || (t <= (i * 3) % T && !(i === 2 && t === 1)) ? 1 : 0)))
const reward = [1, 0, 0.25, 1, 0.5, -0.75, 0, 2]
const rewards = reward.map((r, i) => [r, (i * 5) % 3 / 2, i % 2 ? 0.3 : -0.1 * i])
const tokens: Readonly<Record<string, readonly (readonly number[])[]>> = { logp: wave(0.7, -1.2, 1), old_logp: wave(0.7, -1.25, 1.2), values: wave(0.5, 0.2, 2), rewards: wave(0.3, 0, 3), ratio: wave(0.6, 1.1, 4), token_advantage: wave(1, 0.1, 5), sum_pi_squared: wave(0.3, 0.5, 6), older: wave(0.4, 0.1, 7) }
const length = mask.map((row) => row.reduce((a, b) => a + b, 0))

const counterpart = (outputs: Counterpart['outputs']): Counterpart => {
  const layout = groups(group, mask, mask)
  return {
    ...layout,
    sizes: { ...layout.sizes, R: 3 },
    feeds: {
      ...Object.fromEntries(Object.entries(tokens).map(([name, table]) => [name, ['token', table] satisfies Feed])),
      reward: ['rollout', reward],
      length: ['rollout', length],
      terms: ['objective', rewards],
      advantage: ['rollout', reward.map((r, i) => r - 0.4 + 0.01 * i)],
    },
    outputs,
  }
}

/** What `expected` says at tokens that do not count does not matter: both sides are multiplied by the mask. */
async function agree(name: string, outputs: Counterpart['outputs'], expected: Readonly<Record<string, Nested>>, gradients: Readonly<Record<string, Nested>> = {}): Promise<void> {
  const c: Case = { name, system: 'here', function: name, options: {}, inputs: {}, outputs: expected, gradients, float64: { outputs: expected, gradients } }
  const table: Table = { system: 'here', imports: IMPORTS, rows: [{ function: name, counterpart: () => counterpart(outputs) }] }
  is((await runCases([c], [table], [await open('reference')])).flatMap(({ notes }) => notes).join('\n'), '')
}

const members = (i: number): number[] => group.flatMap((g, j) => (g === group[i] ? [j] : []))
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const deviation = (values: readonly number[], ddof = 1): number => Math.sqrt(values.reduce((a, x) => a + (x - mean(values)) ** 2, 0) / Math.max(values.length - ddof, 1))
const of = (indices: readonly number[]): number[] => indices.map((i) => reward[i] as number)
const centred = reward.map((r, i) => r - mean(of(members(i))))

const byHand: Readonly<Record<string, readonly number[]>> = {
  'group_relative(reward, eps = 1e-6)': reward.map((_, i) => (centred[i] as number) / (deviation(of(members(i))) + 1e-6)),
  'group_relative(reward, ddof = 0)': reward.map((_, i) => (centred[i] as number) / (deviation(of(members(i)), 0) + 1e-4)),
  'batch_scaled(reward)': centred.map((x) => x / (deviation(reward) + 1e-4)),
  'leave_one_out(reward)': reward.map((r, i) => (members(i).length > 1 ? r - mean(of(members(i).filter((j) => j !== i))) : 0)),
  'length_weighted(reward, length)': reward.map((r, i) => r - members(i).reduce((a, j) => a + (reward[j] as number) * (length[j] as number), 0) / members(i).reduce((a, j) => a + (length[j] as number), 0)),
  'reward_share(reward)': centred.map((x) => (x * 8) / 6),
  'best_of_group(reward)': reward.map((r, i) => {
    const sorted = of(members(i)).toSorted((a, b) => b - a)
    const best = members(i).find((j) => reward[j] === sorted[0])
    return i === best ? (r - (sorted[1] ?? 0)) / (deviation(of(members(i))) + 1e-6) : 0
  }),
  'whitened(reward, length)': (() => {
    const all = centred.flatMap((x, i) => Array<number>(length[i] as number).fill(x))
    return centred.map((x) => (x - mean(all)) / Math.sqrt(deviation(all) ** 2 + 1e-8))
  })(),
}

suite('advantages of the standard library', (test) => {
  for (const [expression, expected] of Object.entries(byHand)) test(expression, () => agree(expression, { a: ['rollout', `advantages.${expression}`] }, { a: [...expected] }))

  test('returns, GAE and V-trace are their recursions', async () => {
    const [discount, trace] = [0.9, 0.7]
    const rows = mask.map((row, i) => row.flatMap((m, t) => (m ? [t] : [])).map((t) => ({ t, r: tokens['rewards']?.[i]?.[t] as number, v: tokens['values']?.[i]?.[t] as number, w: tokens['ratio']?.[i]?.[t] as number })))
    const expected = { returns: mask.map((row) => row.map(() => 0)), gae: mask.map((row) => row.map(() => 0)), targets: mask.map((row) => row.map(() => 0)), advantages: mask.map((row) => row.map(() => 0)) }
    rows.forEach((row, i) => {
      let [sum, gae, nextValue, nextTarget] = [0, 0, 0, 0]
      for (const { t, r, v, w } of row.toReversed()) {
        const error = r + discount * nextValue - v
        sum = r + discount * sum
        gae = error + discount * trace * gae
        const target = v + Math.min(w, 1) * error + discount * Math.min(w, 0.95) * (nextTarget - nextValue)
        const put = (table: number[][], value: number): void => void ((table[i] as number[])[t] = value)
        put(expected.returns, sum)
        put(expected.gae, gae)
        put(expected.targets, target)
        put(expected.advantages, Math.min(w, 1) * (r + discount * nextTarget - v))
        ;[nextValue, nextTarget] = [v, target]
      }
    })
    const vtrace = `advantages.vtrace(rewards, values, ratio, discount = ${discount}, trace = 0.95)`
    const shown = (expression: string): readonly [string, string] => ['token', `where(counted(rewards), ${expression}, 0)`]
    await agree('recursions', {
      returns: shown(`advantages.returns(rewards, ${discount})`),
      gae: shown(`advantages.gae(rewards, values, ${discount}, ${trace})`),
      targets: shown(`${vtrace}.targets`),
      advantages: shown(`${vtrace}.advantages`),
    }, expected)
  })

  test('GAE of a reward at the end: the reward joins the last token that counts', async () => {
    const [discount, trace] = [0.9, 0.7]
    const expected = mask.map((row) => row.map(() => 0))
    mask.forEach((row, i) => {
      const counted = row.flatMap((m, t) => (m ? [t] : []))
      let [gae, next] = [0, 0]
      for (const t of counted.toReversed()) {
        const value = tokens['values']?.[i]?.[t] as number
        gae = (t === counted.at(-1) ? (reward[i] as number) : 0) + discount * next - value + discount * trace * gae
        next = value
        ;(expected[i] as number[])[t] = gae
      }
    })
    await agree('gae at end', { a: ['token', `where(counted(values), ppo.gae_at_end(reward, values, ${discount}, ${trace}), 0)`] }, { a: expected })
  })

  test('min-norm weights: on the simplex, none for constant objectives, and no objective pulls shorter', async () => {
    const weights = 'advantages.min_norm_weights(terms)'
    const mixed = 'advantages.min_norm(terms)'
    const constant = rewards.map((row, i) => row.map((_, k) => Number(deviation(members(i).map((j) => rewards[j]?.[k] as number)) < 1e-12)))
    const none = rewards.map((row) => row.map(() => 0))
    await agree('min-norm', {
      total: ['rollout', `sum(${weights}, over = rollout)`],
      negative: ['objective', `where(${weights} < 0, 1, 0)`],
      constant: ['objective', `where(std(terms, over = group, by = objective) > 1e-12, 0, 1)`],
      wasted: ['objective', `where(std(terms, over = group, by = objective) > 1e-12, 0, ${weights})`],
      shorter: ['objective', `where(std(terms, over = group, by = objective) > 1e-12 and sum(${mixed} ^ 2, over = group) - sum(advantages.standardised(terms) * ${mixed}, over = group, by = objective) > 1e-9, 1, 0)`],
    }, { total: constant.map((row) => (row.every(Boolean) ? 0 : 1)), negative: none, constant, wasted: none, shorter: none })
  })

  test('two objectives that both vary weigh the same (their standardised vectors have one length)', () =>
    agree('two objectives', { w: ['objective', 'where(index(terms) < 2 and count(reward, over = group) > 1, advantages.min_norm_weights(where(index(terms) < 2, terms, 0)) , 0)'] }, { w: rewards.map((row, i) => row.map((_, k) => (k < 2 && members(i).length > 1 ? 0.5 : 0))) }))
})

/** Ours, the preset's with the same constants; both at tokens, gradients too. */
const equalities: readonly (readonly [ours: string, preset: string])[] = [
  ['losses.dual_clipped(logp, old_logp, token_advantage, clip = 0.1..0.3)', 'verl.vanilla(logp, old_logp, token_advantage, clip_ratio_low = 0.1, clip_ratio_high = 0.3)'],
  ['losses.sequence_clipped_token(logp, old_logp, token_advantage, clip = 0.1..0.3)', 'verl.gspo(logp, old_logp, token_advantage, clip_ratio_low = 0.1, clip_ratio_high = 0.3)'],
  ['losses.soft_gate(logp, old_logp, token_advantage)', 'verl.sapo(logp, old_logp, token_advantage)'],
  ['losses.truncated_ratio(logp, old_logp, token_advantage, most = 1.3)', 'verl.cispo(logp, old_logp, token_advantage, clip_ratio_low = 1, clip_ratio_high = 0.3)'],
  ['losses.trust_region(logp, old_logp, token_advantage, bound = 0.05..0.05)', 'verl.dppo_tv(logp, old_logp, token_advantage, clip_ratio_low = 0.05, clip_ratio_high = 0.05, clip_ratio_c = 20)'],
  ['losses.quadratic(logp, old_logp, token_advantage, beta = 0.3)', 'verl.dro(logp, old_logp, token_advantage, dro_beta = 0.3)'],
  ['losses.covariance_penalty(logp, old_logp, token_advantage, share = 0.2)', 'verl.kl_cov(logp, old_logp, token_advantage, kl_cov_ratio = 0.2)'],
  ['losses.policy_gradient(logp, token_advantage)', 'verl.gpg(logp, token_advantage)'],
  ['losses.k1(logp, old_logp)', 'verl.kl_penalty(logp, old_logp, "k1")'],
  ['losses.k2(logp, old_logp)', 'verl.kl_penalty(logp, old_logp, "k2")'],
  ['losses.k3(logp, old_logp)', 'verl.kl_penalty(logp, old_logp, "k3")'],
  ['losses.k3_straight_through(logp, old_logp)', 'verl.kl_penalty(logp, old_logp, "k3+")'],
  ['losses.value_clipped(values, older, rewards, clip = 0.3)', '0.5 * verl.value_loss(values, rewards, older, cliprange_value = 0.3)'],
  ['correction.truncated(logp, old_logp, most = 1.2)', 'verl.rollout_is_weights(logp, old_logp, upper = 1.2)'],
  ['correction.truncated_sequence(logp, old_logp, most = 1.2)', 'verl.rollout_is_weights(logp, old_logp, rollout_is = "sequence", upper = 1.2)'],
  ['correction.masked(logp, old_logp, bounds = 0.8..1.2)', 'verl.rollout_is_weights(logp, old_logp, upper = 1.2, lower = 0.8)'],
  ['correction.masked_sequence(logp, old_logp, bounds = 0.5..2)', 'verl.rollout_is_weights(logp, old_logp, rollout_is = "sequence", upper = 2, lower = 0.5)'],
  ['advantages.optimal_token_baseline(rewards, old_logp, sum_pi_squared)', 'verl.tir_optimal_token_baseline(rewards, old_logp, sum_pi_squared, handle_zero_tail = false).advantages'],
]

suite('losses of the standard library', (test) => {
  for (const [ours, preset] of equalities) {
    test(`${ours} = ${preset}`, async () => {
      const alone = ours.startsWith('advantages') ? ' and count(reward, over = group) > 1' : ''
      const difference = `where(counted(logp)${alone}, ${ours} - ${preset}, 0)`
      const zeros = mask.map((row) => row.map(() => 0))
      await agree(ours, { loss: ['token', difference] }, { loss: zeros }, { logp: zeros, values: zeros })
      await agree(`${ours} is not nothing`, { some: ['batch', `where(sum(where(counted(logp), abs(${ours}), 0), over = batch) > 0.1, 1, 0)`] }, { some: 1 })
    })
  }

  test('aggregations', () => {
    const table = tokens['logp'] ?? []
    const sums: number[] = table.map((row, i) => row.reduce((a, x, t) => a + x * (mask[i]?.[t] as number), 0))
    const all = sums.reduce((a, b) => a + b, 0)
    return agree('aggregations', {
      token_mean: ['batch', 'aggregations.token_mean(logp)'],
      sequence_mean: ['batch', 'aggregations.sequence_mean(logp)'],
      sequence_sum: ['batch', 'aggregations.sequence_sum(logp)'],
      token_sum: ['batch', 'aggregations.token_sum(logp)'],
      constant: ['batch', 'aggregations.constant_length(logp, 16 tokens)'],
    }, { token_mean: all / length.reduce((a, b) => a + b, 0), sequence_mean: mean(sums.map((x, i) => x / (length[i] as number))), sequence_sum: all / 8, token_sum: all, constant: all / 16 / 8 })
  })
})

/** Counted tokens of a rollout: where they stand, log π, and how far it has moved. */
const moved = mask.map((row, i) => row.flatMap((m, t) => (m ? [{ t, logp: tokens['logp']?.[i]?.[t] as number, by: (tokens['logp']?.[i]?.[t] as number) - (tokens['old_logp']?.[i]?.[t] as number) }] : [])))
const advantage = reward.map((r, i) => r - 0.4 + 0.01 * i)
type Moved = (typeof moved)[number][number]

/** Losses over whole rollouts as their papers write them: the loss of each token, and the derivative of their sum for each log π. */
const sequenceLosses: Readonly<Record<string, (row: readonly Moved[], a: number) => { readonly loss: (x: Moved) => number; readonly slope: (x: Moved) => number }>> = {
  // GSPO, eq. 5: min(s A, clip(s) A) with s the geometric mean of ratios.
  'losses.sequence_clipped(logp, old_logp, advantage, clip = 0.03..0.05)': (row, a) => {
    const s = Math.exp(mean(row.map(({ by }) => by)))
    const bounded = Math.min(Math.max(s, 0.97), 1.05)
    const free = s * a <= bounded * a
    return { loss: () => -Math.min(s * a, bounded * a), slope: () => (free ? -a * s : 0) }
  },
  // GMPO, eq. 4: the product of clipped ratios, each cut only where it would gain, to the power of 1/|o|.
  'losses.geometric_mean(logp, old_logp, advantage, clip = 0.04..0.06)': (row, a) => {
    const cut = ({ by }: Moved): boolean => (a > 0 ? by > 0.06 : by < -0.04)
    const product = row.reduce((all, x) => all * (cut(x) ? Math.exp(a > 0 ? 0.06 : -0.04) : Math.exp(x.by)), 1)
    const ratio = product ** (1 / row.length)
    return { loss: () => -a * ratio, slope: (x) => (cut(x) ? 0 : -a * ratio) }
  },
  // VESPO: REINFORCE with the weight w^k exp(λ(1 − w)), w the ratio of the whole rollout.
  'losses.soft_sequence_weight(logp, old_logp, advantage, k = 1.5, rate = 2)': (row, a) => {
    const w = row.reduce((product, { by }) => product * Math.exp(by), 1)
    const weight = w ** 1.5 * Math.exp(2 * (1 - w))
    return { loss: ({ logp }) => -weight * a * logp, slope: () => -weight * a }
  },
}

suite('whole rollouts', (test) => {
  const spread = (value: (x: Moved, i: number) => number): number[][] => mask.map((row, i) => row.map((_, t) => { const x = moved[i]?.find((each) => each.t === t); return x ? value(x, i) : 0 }))
  for (const [expression, formula] of Object.entries(sequenceLosses)) {
    test(expression, async () => {
      const rows = moved.map((row, i) => formula(row, advantage[i] as number))
      const [loss, slope] = [spread((x, i) => rows[i]?.loss(x) as number), spread((x, i) => rows[i]?.slope(x) as number)]
      // Where something is cut, something is also not.
      if (expression.includes('clip')) for (const cut of [true, false]) is(moved.some((row, i) => row.some(({ t }) => (slope[i]?.[t] === 0) === cut)), true)
      await agree(expression, { loss: ['token', `where(counted(logp), ${expression}, 0)`] }, { loss }, { logp: slope })
    })
  }

  test('one number for each rollout', async () => {
    const stale = moved.map((row, i) => Number(!((advantage[i] as number) < 0 && -mean(row.map(({ by }) => by)) > -0.02)))
    is(new Set(stale).size, 2)
    await agree('one number', {
      ratio: ['rollout', 'losses.sequence_log_ratio(logp, old_logp)'],
      stale: ['rollout', 'correction.without_stale_failures(logp, old_logp, advantage, most = -0.02)'],
      fresh: ['rollout', 'correction.fresh(length, most = 2)'],
      greedy: ['rollout', 'advantages.greedy_baseline(reward, length)'],
    }, { ratio: moved.map((row) => mean(row.map(({ by }) => by))), stale, fresh: length.map((n) => (n <= 2 ? 1 : 0)), greedy: reward.map((r, i) => r - (length[i] as number)) })
  })

  test('errors of a value function', () => {
    const value = (i: number, t: number | undefined): number => (t === undefined ? 0 : (tokens['values']?.[i]?.[t] as number))
    const expected = spread(({ t }, i) => (tokens['rewards']?.[i]?.[t] as number) + 0.9 * value(i, moved[i]?.find((each) => each.t > t)?.t) - value(i, t))
    return agree('temporal difference', { error: ['token', 'where(counted(values), advantages.temporal_difference(rewards, values, discount = 0.9), 0)'] }, { error: expected })
  })
})

suite('numbers of every function', (test) => {
  test('a recorded case or a formula pins each, or a function that it is part of', () => {
    const folder = new URL('../../', import.meta.url)
    const text = (path: string): string => readFileSync(new URL(path, folder), 'utf8')
    const functions = MODULES.flatMap((module) => text(`stdlib/${module}.rlp`).split(/^(?=fn )/m).flatMap((source) => (source.startsWith('fn ') ? [{ name: `${/^fn (\w+)/.exec(source)?.[1] ?? ''}`, module, source }] : [])))
    const names = (source: string): Set<string> => new Set(source.match(/\b[a-z]\w*\b/g) ?? [])
    const pinned = names([objectivesTable(), ...[...PINS].map(text)].join('\n'))
    for (let size = -1; size !== pinned.size; ) {
      size = pinned.size
      for (const { name, source } of functions) if (pinned.has(name)) for (const used of names(source)) pinned.add(used)
    }
    is(functions.filter(({ name }) => !pinned.has(name)).map(({ module, name }) => `${module}.${name}`).join(', '), '')
  })
})
