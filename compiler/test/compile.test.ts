// From source to plan as users get it: the quickstart, the command line's choices, phases that stop at the first errors.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { planProblem } from '../../spec/plan/validate.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import { verify } from '../../spec/graph/verify.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { hostFunctions } from '../../runtime/host-functions.js'
import { checkOnly, compile, COMPILER, type CompileOptions } from '../index.js'
import { COMMON, elaborated, hostOf } from '../elaborate/test/harness.js'
import { planOf, stageOf } from '../plan/test/harness.js'

const quickstart = readFileSync(new URL('../../examples/quickstart/main.rlp', import.meta.url), 'utf8')
const signals: CompileOptions['signals'] = async () => (call, args) => {
  const fn = hostFunctions[call]
  if (!fn) throw new Error(`no host function ${call}`)
  return fn(args as Parameters<typeof fn>[0], { root: '.' })
}

suite('compile: the quickstart', (test) => {
  test('becomes a legal plan, and its tests of the reward hold', async () => {
    const plan = await planOf(quickstart, { signals })
    is(planProblem(JSON.parse(canonicalJson(plan))), undefined)
    for (const graph of Object.values(plan.programs)) equal(verify(graph), [])
    equal(plan.stages.map(({ address, kind, needs }) => `${address} ${kind} after ${needs.join(' ')}`), [
      'base[0] Sft after ',
      'before[0] Evaluate after warm[0]',
      'exam["K","cold",0] Evaluate after practice["cold",0]',
      'exam["K","warm",0] Evaluate after practice["warm",0]',
      'exam["S","cold",0] Evaluate after practice["cold",0]',
      'exam["S","warm",0] Evaluate after practice["warm",0]',
      'practice["cold",0] Grpo after base[0]',
      'practice["warm",0] Grpo after warm[0]',
      'warm[0] Sft after base[0]',
    ])
    is(stageOf(plan, 'practice["warm",0]').estimate.batch, '16 prompts x 8 rollouts = 128 rollouts = 1 update of 128')
    equal(stageOf(plan, 'practice["warm",0]').estimate.reward, { low: 0, high: 1 })
    equal(stageOf(plan, 'base[0]').inputs['data'], { dataset: 'school.basics' })
    equal(Object.keys(plan.datasets).sort(), ['K["test"]', 'K["train"]', 'S["test"]', 'S["train"]', 'school.basics', 'school.warm_up'])
    equal(plan.claims.map(({ name }) => name), ['practice_helps', 'warm_up_helps'])
  })

  test('three seeds make three of everything, apart in their seeds and alike in their programs', async () => {
    const plan = await planOf(quickstart, { parameters: [{ name: 'seeds', text: '[0, 1, 2]' }] })
    is(plan.stages.length, 27)
    equal(plan.claims.map(({ checks }) => checks.map(({ key }) => key).join()), ['0,1,2', '0,1,2'])
    const practice = [0, 1, 2].map((seed) => stageOf(plan, `practice["warm",${seed}]`))
    is(new Set(practice.map(({ fingerprint }) => fingerprint)).size, 3)
    is(new Set(practice.map(({ seed }) => seed)).size, 3)
    is(new Set(practice.map(({ programs }) => JSON.stringify(programs))).size, 1)
    equal(plan.parameters, [{ name: 'seeds', value: [0, 1, 2], origin: 'command line' }])
  })

  test('a wrong reward fails its test', async () => {
    const { diagnostics } = await checkOnly({ entry: 'main.rlp', host: hostOf(quickstart.replace('else 0.1 * shaped', 'else 0.2 * shaped')), parameters: [], signals })
    equal(diagnostics.map(({ code, title }) => `${code} ${title}`), ['RLP6010 `total` is 0.2, and the test says 0.1'])
  })

  test('what a test of a reward computes is what a run does: texts are joined, and `none` decides nothing', async () => {
    const source = `rlp 1
import { exact } from "std/signals"

type Row = { a: Text, b: Text, n: Int? }

reward joined: Reward[Row] {
  term whole = exact(completion, row.a + row.b)
  term large = if row.n != none and row.n > 2 then 1 else 0
  total = whole + large
}

test joined {
  "xy" with { a = "x", b = "y", n = none } gives { whole = 1, large = 0, total = 1 }
  "xy" with { a = "x", b = "z", n = 3 }    gives { whole = 0, large = 1, total = 1 }
}
`
    const { diagnostics } = await checkOnly({ entry: 'main.rlp', host: hostOf(source), parameters: [], signals })
    equal(diagnostics.filter(({ severity }) => severity === 'error').map(({ code, title }) => `${code} ${title}`), [])
  })
})

suite('compile: phases', (test) => {
  /** Codes of what is found; names that a case does not use are no matter. */
  const codesOf = async (source: string, more: Partial<CompileOptions> = {}) => {
    const { diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(source), parameters: [], ...more })
    return diagnostics.map(({ code }) => code).filter((code) => code !== 'RLP2009' && code !== 'RLP2010')
  }

  test('a file that is not there', async () => {
    const { plan, diagnostics } = await compile({ entry: 'other.rlp', host: hostOf(''), parameters: [] })
    is(plan, undefined)
    equal(diagnostics.map(({ code }) => code), ['RLP2003'])
  })

  test('an empty file and a file of noise give messages, not exceptions', async () => {
    for (const source of ['', 'rlp 1\n', '}}}{{{', 'stage', 'rlp 1\nstage x: Sft {']) ok(Array.isArray(await codesOf(source)))
  })

  test('damaged files give messages, not exceptions, with and without the checker', async () => {
    const tokens = quickstart.split(/(\b|\s+)/)
    const place = fc.nat(tokens.length - 1)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('drop', 'copy', 'swap'), place, place), { minLength: 1, maxLength: 3 }), async (damages) => {
        const damaged = [...tokens]
        for (const [how, a, b] of damages) {
          const [x, y] = [damaged[a] as string, damaged[b] as string]
          damaged[a] = how === 'drop' ? '' : y
          if (how === 'swap') damaged[b] = x
        }
        ok(Array.isArray((await checkOnly({ entry: 'main.rlp', host: hostOf(damaged.join('')), parameters: [] })).diagnostics))
        try {
          elaborated(damaged.join(''))
        } catch (cause) {
          ok((cause as Error).message.startsWith('the source does not parse'), (cause as Error).stack)
        }
      }),
      { numRuns: 12, seed: 7 },
    )
  })

  test('mistakes of the checker end it before elaboration', async () => {
    const codes = await codesOf(`${COMMON}stage s: Sft { policy = tiny, data = chains.worked(problems["train"]), btach = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }`)
    ok(codes.includes('RLP2006') && !codes.some((code) => code.startsWith('RLP5')), codes.join(' '))
  })

  test('warnings do not stop a plan', async () => {
    const source = `${COMMON}stage s: Sft for seed in [0, 1] { policy = tiny, data = chains.worked(problems["train"]), batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }`
    const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(source), parameters: [] })
    ok(plan)
    ok(diagnostics.some(({ code }) => code === 'RLP5008'))
  })

  test('a wrong value on the command line is one mistake', async () => {
    equal(await codesOf(quickstart, { parameters: [{ name: 'seeds', text: '3' }] }), ['RLP7002'])
    equal(await codesOf(quickstart, { parameters: [{ name: 'seeds', text: '[0' }] }), ['RLP7002'])
    equal(await codesOf(quickstart, { parameters: [{ name: 'seeds', text: '[]' }] }), ['RLP5002'])
  })

  test('sense is judged on final values: after parameters, variants and keys', async () => {
    const source = (more: string) => `${COMMON}
      param prompts: Prompts = 8 prompts
      param heads: Int = 2
      model small: Transformer { layers = 1, width = 8, heads = heads, mlp = 16, context = 64 tokens, vocabulary = chains.words }
      stage s: Grpo { policy = small, prompts = problems["train"], reward = answer, length = 20 steps, rollout { per_step = prompts, max_new = 8 tokens }, update { splits = 4 }, optimizer { lr = constant(peak = 1e-3, warmup = 5 steps) } }
      stage e: Evaluate for k in [1, 2] { policy = s.policy, data = problems["test"], score = answer.correct, max_new = 8 tokens, k = k, ${more} }
      variant short { set { s.length = 4 steps } }`
    const fine = source('samples = 4 rollouts, temperature = 1.0')
    equal(await codesOf(fine), [])
    equal(await codesOf(fine, { parameters: [{ name: 'prompts', text: '6 prompts' }] }), ['RLP4201'])
    equal(await codesOf(fine, { parameters: [{ name: 'heads', text: '3' }] }), ['RLP6015'])
    equal(await codesOf(fine, { variant: 'short' }), ['RLP6012'])
    equal(await codesOf(source('temperature = 1.0')), ['RLP6011'])
    equal(await codesOf(fine.replace('max_new = 8 tokens }, update', 'max_new = 4 * 2 * 8 tokens }, update')), ['RLP4006'])
  })

  test('a check reads the configs of model folders', async () => {
    const codes = async (config?: string): Promise<string[]> => {
      const { read, ...host } = hostOf('rlp 1\nimport { ModelFolder } from "std/pretrained"\nmodel m: ModelFolder { path = "models/m" }\n')
      const { diagnostics } = await checkOnly({ entry: 'main.rlp', host: { ...host, read: (path) => (path === 'models/m/config.json' ? config : read(path)) }, parameters: [] })
      return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)
    }
    const config = JSON.parse(readFileSync(new URL('../../runtime/test/data/qwen2/config.json', import.meta.url), 'utf8')) as object
    equal([await codes(), await codes('{'), await codes(JSON.stringify({ ...config, quantization_config: { quant_method: 'awq' } })), await codes(JSON.stringify(config))], [['RLP5109'], ['RLP5109'], ['RLP5110'], []])
  })

  test('plans are marked with the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    is(COMPILER, `rlpc ${version}`)
  })
})

suite('plans that are none', (test) => {
  test('the schema and dangling names are reported', async () => {
    const plan = JSON.parse(canonicalJson(await planOf(`${COMMON}stage s: Evaluate { policy = tiny, data = problems["test"], score = answer.correct, max_new = 8 tokens }`))) as Record<string, unknown>
    is(planProblem(plan), undefined)
    ok(planProblem(null)?.includes('must be object'))
    ok(planProblem({ ...plan, format: 2 })?.startsWith('/format'))
    ok(planProblem({ ...plan, extra: 1 })?.includes('additional properties'))
    ok(planProblem({ ...plan, programs: {} })?.includes('has no program'))
    const [stage] = plan['stages'] as Record<string, unknown>[]
    is(planProblem({ ...plan, stages: [{ ...stage, needs: ['t'] }] }), 'stage s needs t, which is not there')
  })
})
