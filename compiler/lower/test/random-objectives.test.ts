// Random objectives, sensible and not: lowering never throws, and what it accepts is a legal program with the right gradient.

import fc from 'fast-check'
import { near, ok, suite } from '../../../spec/test/suite.js'
import { verify } from '../../../spec/graph/verify.js'
import { lowerObjective } from '../objective.js'
import { closure, modulesOf, noConstants, run } from './harness.js'

const LEVELS = ['token', 'rollout', 'group', 'batch']
const leaf = fc.constantFrom('logp', 'old_logp', 'entropy', 'advantage', 'length', '0.5', '2', 'clip.low', 'clip.high')
const { smooth } = fc.letrec<{ smooth: string }>((tie) => ({
  smooth: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.tuple(tie('smooth'), fc.constantFrom('+', '-', '*'), tie('smooth')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('tanh', 'sigmoid', 'softplus', 'log_sigmoid', 'stop_gradient'), tie('smooth')).map(([f, x]) => `${f}(${x})`),
    fc.tuple(fc.constantFrom('sum', 'mean', 'var'), tie('smooth'), fc.constantFrom('rollout', 'group')).map(([f, x, level]) => `${f}(logp * ${x}, over = ${level})`),
    fc.tuple(tie('smooth'), tie('smooth'), tie('smooth')).map(([a, b, c]) => `(if ${a} < 0.3 then ${b} else ${c})`),
    fc.tuple(tie('smooth'), tie('smooth')).map(([a, b]) => `where(advantage >= 0, ${a}, ${b})`),
  ),
}))
/** Also what cannot be right: truth values as numbers, text, levels the wrong way, unknown names, wrong arity. */
const { wild } = fc.letrec<{ wild: string }>((tie) => ({
  wild: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    smooth,
    fc.constantFrom('true', '"text"', 'none', '[logp, 1]', '{ a = logp }', 'nothing', 'clip', 'clip.middle', '0.1..logp'),
    fc.tuple(tie('wild'), fc.constantFrom('+', '/', '^', '<', '==', '!=', 'and', 'or', 'in'), tie('wild')).map(([a, op, b]) => `((${a}) ${op} (${b}))`),
    fc.tuple(fc.constantFrom('not', '-'), tie('wild')).map(([op, x]) => `(${op} (${x}))`),
    fc.tuple(fc.constantFrom('exp', 'min', 'clamp', 'where', 'mean', 'length', 'itself', 'any'), fc.array(tie('wild'), { maxLength: 3 })).map(([f, xs]) => `${f}(${xs.join(', ')})`),
    fc.tuple(fc.constantFrom('mean', 'std', 'max_of', 'any', 'count'), tie('wild'), fc.constantFrom(...LEVELS, 'pair', '1')).map(([f, x, level]) => `${f}(${x}, over = ${level})`),
    fc.tuple(tie('wild'), tie('wild'), tie('wild')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
}))

const parameters = 'logp: Real per token, old_logp: Real per token, entropy: Real per token, advantage: Real per rollout, length: Real per rollout, clip: Range[Real] = 0.1..0.2'

function lower(expression: string) {
  const modules = modulesOf(`rlp 1\nfn itself(x: Real): Real = x\nfn objective(${parameters}): Real per token = ${expression}\nfn all_tokens(loss: Real per token): Real = mean(loss, over = batch)\nfn plain(reward: Real per rollout): Real per rollout = reward\n`)
  const own = (name: string) => closure(modules.get('main.rlp'), name)
  return lowerObjective({ levels: LEVELS, advantage: own('plain'), loss: own('objective'), aggregate: own('all_tokens'), reference: true }, noConstants)
}

const sizes = { G: 2, N: 2, T: 3 }
const wave = (shift: number): number[] => Array.from({ length: 12 }, (_, i) => 0.7 * Math.sin(shift + 2.3 * i))
const feeds = { mask: [1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0], logp: wave(1), old_logp: wave(2), entropy: wave(3), reward: [0.4, -0.6, 1, 0.1] }

suite('random objectives', (test) => {
  test('nonsense gives diagnostics or a legal program, never an exception', () => {
    fc.assert(
      fc.property(wild, (expression) => {
        const { lowered, diagnostics } = lower(expression)
        ok(lowered ? [lowered.weigh, lowered.measure].flatMap(verify).length === 0 : diagnostics.length > 0, expression)
      }),
      { numRuns: 120, seed: 5 },
    )
  })

  test('gradients equal finite differences', async () => {
    await fc.assert(
      fc.asyncProperty(smooth, async (expression) => {
        const { lowered } = lower(`logp * ${expression}`)
        // `stop_gradient` makes a difference on purpose.
        if (!lowered || expression.includes('stop_gradient')) return
        const { dlogp } = await run(lowered.weigh, sizes, feeds)
        const h = 1e-5
        for (const index of [0, 3, 7, 9]) {
          const moved = async (by: number) => (await run(lowered.measure, sizes, { ...feeds, logp: feeds.logp.with(index, (feeds.logp[index] as number) + by) }))['loss']?.[0] as number
          near(dlogp?.[index] as number, ((await moved(h)) - (await moved(-h))) / (2 * h), { rtol: 1e-5, atol: 1e-8, what: `${expression}: dlogp[${index}]` })
        }
      }),
      { numRuns: 40, seed: 6 },
    )
  })
})
