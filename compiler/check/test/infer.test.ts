// Types of expressions, as a table: what a constant or function is, printed as a user would write it.

import { is, ok, suite } from '../../../spec/test/suite.js'
import { constantOf, show, type Type } from '../types.js'
import { checked, COMMON, words } from './harness.js'

const PARAMETERS = 't: Real per token, r: Real per rollout, g: Real per group, x: Real, b: Bool per token, s: Steps, n: Int, q: Tokens, o: Real?, w: Real in 0..1, m: Map[Real], l: List[Text], p: Range[Real], c: "a" | "b" | "c", u: Text'

/** The type of an expression over the parameters; poison with the complaints when there are any. */
function typeOf(expression: string): { readonly type: Type | undefined; readonly said: string } {
  const { diagnostics, result } = checked(`${COMMON}\nfn f(${PARAMETERS}) = ${expression}\nconst it = f\n`)
  const said = diagnostics.filter(({ severity }) => severity === 'error').map(words).join('\n')
  const it = result && [...result.symbols()].find((symbol) => symbol.name === 'f')
  const type = it && result.types.ofSymbol(it)
  return { type: type?.type === 'function' ? type.result : undefined, said }
}

const table: readonly (readonly [expression: string, type: string])[] = [
  ['1', 'Int'],
  ['1.0', 'Real'],
  ['5%', 'Real'],
  ['"a"', '"a"'],
  ['true', 'Bool'],
  ['none', 'none'],
  ['[1, 2.5]', 'List[Real in 1..2.5]'],
  ['["a", "b", "a"]', 'List["a" | "b"]'],
  ['{ a = 1, b = "x" }', '{ a: Int, b: "x" }'],
  ['0.2..0.3', 'Range[Real in 0.2..0.3]'],
  ['if x > 0 then 1..6 else 2..50', 'Range[Int in 1..50]'],
  ['if x > 0 then 1..6 else 0.5..2', 'Range[Real in 0.5..6]'],
  ['l + ["a"]', 'List[Text]'],
  ['[1] + [2.5]', 'List[Real in 1..2.5]'],
  // units
  ['2 * s', 'Steps'],
  ['s / 2', 'Steps'],
  ['s / (5 steps)', 'Real'],
  ['1 / s', 'Real'],
  ['s + 3 steps', 'Steps'],
  ['-s', 'Steps'],
  ['max(s, 1 steps)', 'Steps in 1..'],
  ['clamp(s, 1 steps, 9 steps)', 'Steps in 1..9'],
  ['abs(s - 4 steps)', 'Steps in 0..'],
  ['sign(s)', 'Real in -1..1'],
  ['s > 3 steps', 'Bool'],
  // whole numbers
  ['n + 1', 'Int'],
  ['n / 2', 'Real'],
  ['n ^ 2', 'Real in 0..'],
  ['floor(x)', 'Int'],
  ['min(n, 3)', 'Int in ..3'],
  // ranges
  ['0.5 * w', 'Real in 0..0.5'],
  ['1 - w', 'Real in 0..1'],
  ['if w > 0.5 then 1 else w', 'Real in 0..1'],
  ['exp(w)', `Real in 1..${Math.E}`],
  ['sigmoid(x)', 'Real in 0..1'],
  ['max(x, 0)', 'Real in 0..'],
  // levels
  ['t * r', 'Real per token'],
  ['r - g', 'Real per rollout'],
  ['x * g', 'Real per group'],
  ['t in 0.2..0.8', 'Bool per token'],
  ['t in -r..w', 'Bool per token'],
  ['g in -r..t', 'Bool per token'],
  ['w in r..1', 'Bool per rollout'],
  ['r in p', 'Bool per rollout'],
  ['true == b', 'Bool per token'],
  ['0.1..t', 'Range[Real per token]'],
  ['mean(t, over = rollout)', 'Real per rollout'],
  ['mean(t, over = batch)', 'Real'],
  ['sum(t * t, over = rollout)', 'Real per rollout'],
  ['std(r, over = group, ddof = 0)', 'Real in 0.. per group'],
  ['count(t, over = rollout)', 'Real in 0.. per rollout'],
  ['any(b, over = rollout)', 'Bool per rollout'],
  ['b and t > 0', 'Bool per token'],
  ['t > r', 'Bool per token'],
  ['where(b, r, 0)', 'Real per token'],
  ['if b then r else g', 'Real per token'],
  ['stop_gradient(t)', 'Real per token'],
  ['first(t, over = rollout)', 'Real per rollout'],
  ['sum(t, over = group, by = token, padding = true)', 'Real per token'],
  ['scan(t, decay = 0.9, reverse = true)', 'Real per token'],
  ['next(t, default = r)', 'Real per token'],
  ['index(t)', 'Int in 0.. per token'],
  ['rank(r, over = group)', 'Int in 0.. per rollout'],
  ['sort(t, over = batch)', 'Real per token'],
  ['counted(t)', 'Bool per token'],
  ['is_nan(r)', 'Bool per rollout'],
  ['iterate(group_centred, r, rounds = 3)', 'Real per rollout'],
  // none, containers, functions
  ['if o == none then 0 else o', 'Real'],
  ['if o != none and o > 1 then o else 1', 'Real'],
  ['"x" + "y"', '"xy"'],
  ['"data/" + c + ".jsonl"', '"data/a.jsonl" | "data/b.jsonl" | "data/c.jsonl"'],
  // what conditions leave
  ['if c == "a" then "x" else c', '"x" | "b" | "c"'],
  ['if c != "a" and c != "b" then c else "x"', '"c" | "x"'],
  ['if c == "a" then "x" else if c == "b" then "y" else c', '"x" | "y" | "c"'],
  ['if c == "a" or c == "b" then c else "x"', '"a" | "b" | "x"'],
  ['if not (c == "a" or c == "b") then c else "x"', '"c" | "x"'],
  ['if c in ["a", "b"] then c else "x"', '"a" | "b" | "x"'],
  ['if c in ["a", "b"] then "x" else c', '"x" | "c"'],
  ['if c in l then c else "x"', '"a" | "b" | "c" | "x"'],
  ['if c in (if x > 0 then ["a"] else ["b"]) then "x" else c', '"x" | "a" | "b" | "c"'],
  ['if u in ["a", "b"] then u else "x"', '"a" | "b" | "x"'],
  ['if u != "a" then u else "x"', 'Text'],
  ['if c == "a" and x > 0 then "x" else c', '"x" | "b" | "c" | "a"'],
  ['m["any"]', 'Real'],
  ['l[0]', 'Text'],
  ['p.low', 'Real'],
  ['x in p', 'Bool'],
  ['"a" in l', 'Bool'],
  ['group_relative(r)', 'Real per rollout'],
  ['k3(t, t)', 'Real per token'],
  ['clipped(clip = 0.2..0.3)', '(logp: Real per token, old_logp: Real per token, advantage: Real per token) -> Real per token'],
  // declarations
  ['tiny', 'Model'],
  ['base', 'Sft'],
  ['base.policy', 'Policy'],
  ['base.loss', 'Real'],
  ['answer.total', 'Term[Chain]'],
  ['problems["train"]', 'Dataset[Chain]'],
  ['problems[*]', 'Map[Dataset[Chain]]'],
  ['subset(problems["test"], 5 samples)', 'Dataset[Chain]'],
  ['chains.words', 'List[Text]'],
  ['mixture([share(50%, problems["train"]), share(50%, chains.worked(problems["train"]))])', 'Dataset[{ prompt: Text, answer: Text, operations: Int }]'],
]

suite('check: types of expressions', (test) => {
  for (const [expression, wanted] of table) {
    test(`${expression}: ${wanted}`, () => {
      const { type, said } = typeOf(expression)
      is(said, '')
      is(type && show(type), wanted)
    })
  }

  test('constants are known numbers in their canonical unit', () => {
    for (const [expression, value] of [['2 + 3 * 4', 14], ['-2 ^ 2', -4], ['2 min', 120], ['512 MiB', 536870912], ['5%', 0.05], ['max(3, 4) / 8', 0.5], ['20 steps / (5 steps)', 4]] as const) {
      is(constantOf(typeOf(expression).type), value, expression)
    }
  })

  test('one mistake is said once, and nothing that is made of it complains', () => {
    const { diagnostics } = checked(`${COMMON}\nconst a = missing + 1\nconst b = a * 2 steps + a[0]\nconst c = if b then a.x else b[a]\n`)
    is(diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code).join(' '), 'RLP2001')
  })

  test('every expression of a checked module has a type', () => {
    const { result } = checked(COMMON)
    const base = result && [...result.symbols()].find(({ name }) => name === 'base')
    const items = base?.declaration.node === 'Declaration' ? (base.declaration.body?.items ?? []) : []
    ok(items.length > 0)
    for (const item of items) if (item.node === 'Attribute') ok(result?.types.of(item.value), item.path[0]?.name)
  })
})
