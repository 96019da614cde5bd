// Secrets on their way to a plan: only where they are found goes there, and every place that would keep the text itself is a mistake.

import { equal, is, ok, suite } from '../../spec/test/suite.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import { planProblem } from '../../spec/plan/validate.js'
import { COMMON, hostOf } from '../elaborate/test/harness.js'
import { compile } from '../index.js'

const HEAD = `${COMMON}
secret token from env("RLPC_TEST_TOKEN")
stage s: Sft { policy = tiny, data = chains.worked(problems["train"]), batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }
`

/** Wherever a text is kept: what a dataset, a reward, a parameter, a path or an output holds. */
const leaks: readonly (readonly [where: string, source: string])[] = [
  ['a row of data', 'dataset d: Dataset[Example] { source = [{ prompt = token, completion = "b" }] }'],
  ['a filter', 'dataset d: Dataset[chains.Chain] { source = problems["train"], where = row.answer == token }'],
  ['a part of a text', 'dataset d: Dataset[Example] { source = jsonl("facts/" + token) }'],
  ['a path', 'dataset d: Dataset[Example] { source = jsonl(token) }'],
  ['a path, by a constant', 'const path = token\ndataset d: Dataset[Example] { source = jsonl(path) }'],
  ['a path, by a function', 'fn same(x: Text): Text = x\ndataset d: Dataset[Example] { source = jsonl(same(token)) }'],
  ['a path, by a record', 'const all = { a = token }\ndataset d: Dataset[Example] { source = jsonl(all.a) }'],
  ['a term of a reward', 'reward r: Reward[chains.Chain] {\n  term a = exact(completion, token)\n  total = a\n}'],
  ['a parameter', 'param p: Text = token'],
  ['an output', 'pipeline p { outputs = { a = token } }'],
  ['a list of outputs', 'pipeline p { outputs = { a = [token] } }'],
]

suite('secrets', (test) => {
  const codesOf = async (source: string) => {
    const { plan, diagnostics } = await compile({ entry: 'main.rlp', host: hostOf(source), parameters: [] })
    return { plan, errors: diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code) }
  }

  for (const [where, source] of leaks)
    test(`may not stand in ${where}`, async () => {
      const { plan, errors } = await codesOf(`${HEAD}${source}\n`)
      is(plan, undefined)
      ok(errors.length > 0 && errors.every((code) => ['RLP3001', 'RLP3014', 'RLP7004'].includes(code)), errors.join())
    })

  test('go to functions that ask for them; a plan says where they are found', async () => {
    process.env['RLPC_TEST_TOKEN'] = 'the text itself'
    const { plan, errors } = await codesOf(`${HEAD}
      const place = "OTHER"
      secret other from env(place)
      secret kept from file("../token.txt")
      extern fn hub(name: Text, token: Secret, others: Secret?): Dataset[Example]
      dataset facts: Dataset[Example] { source = hub("facts", token, other) }
      dataset more: Dataset[Example] { source = hub("more", kept, none) }
      stage t: Sft for d in ["facts", "more"] { policy = tiny, data = if d == "facts" then facts else more, batch = 4 samples, length = 5 steps, optimizer { lr = 1e-3 } }
    `)
    delete process.env['RLPC_TEST_TOKEN']
    equal(errors, [])
    equal(plan?.secrets, [{ name: 'kept', file: '../token.txt' }, { name: 'other', environment: 'OTHER' }, { name: 'token', environment: 'RLPC_TEST_TOKEN' }])
    const text = canonicalJson(plan)
    is(planProblem(JSON.parse(text)), undefined)
    ok(text.includes('{"secret":"token"}') && !text.includes('the text itself'))
  })
})
