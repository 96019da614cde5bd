// Text → syntax tree: a table of snippets and their trees as s-expressions, written by hand.

import { readdirSync, readFileSync } from 'node:fs'
import { equal, is, suite } from '../../spec/test/suite.js'
import { parse, parseExpression } from '../index.js'
import { SourceFile } from '../source/source.js'
import { printExpression, printItem, printModule, printType } from './s-expression.js'

type Table = readonly (readonly [text: string, tree: string])[]

const expressions: Table = [
  // literals
  ['1_000', '1000'],
  ['0.5', '0.5r'],
  ['1e-6', '0.000001r'],
  ['2E+3', '2000r'],
  ['64 prompts', "64'prompts"],
  ['1.5h', "1.5r'h"],
  ['5%', "0.05r'%"],
  ['22.5 %', "0.225r'%"],
  ['0.1%', "0.001r'%"],
  [String.raw`"a\n\t\"\\\u{1F600}"`, String.raw`"a\n\t\"\\😀"`],
  ['true', 'true'],
  ['none', 'none'],
  ['[1, 2,]', '[1 2]'],
  ['{ a = 1, b = { c = 2 } }', '{a=1 b={c=2}}'],
  ['{\n  a = 1\n  b = 2\n}', '{a=1 b=2}'],
  ['{}', '{}'],
  // precedence, loosest to tightest
  ['a or b and c', '(or a (and b c))'],
  ['a and b == c', '(and a (== b c))'],
  ['a in 1..2', '(in a (.. 1 2))'],
  ['1 - a..1 + b', '(.. (- 1 a) (+ 1 b))'],
  ['a + b * c', '(+ a (* b c))'],
  ['a * b + c', '(+ (* a b) c)'],
  ['a - b - c', '(- (- a b) c)'],
  ['a / b * c', '(* (/ a b) c)'],
  ['-a * b', '(* (- a) b)'],
  ['-a ^ b', '(- (^ a b))'],
  ['a ^ b ^ c', '(^ a (^ b c))'],
  ['a ^ -b * c', '(* (^ a (- b)) c)'],
  ['- -a', '(- (- a))'],
  ['not a and b', '(and (not a) b)'],
  ['not not a', '(not (not a))'],
  ['(a or b) and c', '(and (or a b) c)'],
  ['(a < b) == (c < d)', '(== (< a b) (< c d))'],
  ['a < b and b < c', '(and (< a b) (< b c))'],
  // suffixes
  ['a.b.c', '(. (. a b) c)'],
  ['f(1, x = 2,)', '(call f 1 x=2)'],
  ['f()', '(call f)'],
  ['x["a", *].accuracy > y[*].accuracy + 20%', `(> (. (at x "a" *) accuracy) (+ (. (at y *) accuracy) 0.2r'%))`],
  ['-f(a)[b].c', '(- (. (at (call f a) b) c))'],
  // words that are keywords only in their place
  ['from.test(type = with, let = per)', '(call (. from test) type=with let=per)'],
  ['{ from = 1, test = 2, type = 3, in_ = 4 }', '{from=1 test=2 type=3 in_=4}'],
  // conditions
  ['if a then b else c + 1', '(if a b (+ c 1))'],
  ['if a then 1 else if b then 2 else 3', '(if a 1 (if b 2 3))'],
  ['if a\n  then 1\n  else if b\n  then 2\nelse 3', '(if a 1 (if b 2 3))'],
  ['(if a then b else c) + 1', '(+ (if a b c) 1)'],
  // lines
  ['a +\n  b', '(+ a b)'],
  ['a\n  and b', '(and a b)'],
  ['a\n  .b', '(. a b)'],
  ['f(\n  a\n)', '(call f a)'],
  ['\n 1 // one\n', '1'],
]

const types: Table = [
  ['Int', 'Int'],
  ['knights.Puzzle', 'knights.Puzzle'],
  ['Dataset[Row]', 'Dataset[Row]'],
  ['Map[List[Text], Int,]', 'Map[List[Text] Int]'],
  ['"a" | "b"', '(| "a" "b")'],
  ['Text?', '(? Text)'],
  ['Real in 0..1', '(in Real 0 1)'],
  ['Real in 0..', '(in Real 0 -)'],
  ['Real in ..-1.5', '(in Real - (- 1.5r))'],
  ['Tokens in 1 token..limits.most', "(in Tokens 1'token (. limits most))"],
  ['Real in (1 - a)..1', '(in Real (- 1 a) 1)'],
  ['Real? in 0..', '(in (? Real) 0 -)'],
  ['Real per token', '(per Real token)'],
  ['Real in 0.. per token', '(per (in Real 0 -) token)'],
  ['{ prompt: Text, answer: Text? }', '{prompt:Text answer:(? Text)}'],
  ['{\n  /// What is asked.\n  prompt: Text\n  answer: Text\n}', '{prompt:Text#"What is asked." answer:Text}'],
  ['(reward: Real per rollout, length: Real,) -> Real per token', '(-> reward:(per Real rollout) length:Real (per Real token))'],
  ['() -> Int', '(-> Int)'],
  ['(a: Int) -> (b: Int) -> Int', '(-> a:Int (-> b:Int Int))'],
  ['(Int | Text)?', '(? (| Int Text))'],
  ['Real in 0.. | (step: Steps) -> Real', '(| (in Real 0 -) (-> step:Steps Real))'],
]

const declarations: Table = [
  ['param lr: Real = 1e-6', '(param lr :Real 0.000001r)'],
  ['param lr', '(param lr)'],
  ['secret token from env("T")', '(secret token (from (call env "T")))'],
  ['secret token: Secret from env("T")', '(secret token :Secret (from (call env "T")))'],
  ['kind Grpo[Row, Other]: Stage {}', '(kind Grpo [Row Other] :Stage {})'],
  ['stage s: Sft for a in ["x"], b in 1..4 { p = t[a, b - 1] }', '(stage s :Sft (for a ["x"]) (for b (.. 1 4)) {(= p (at t a (- b 1)))})'],
  ['stage s: Sft\n  for a in xs {\n}', '(stage s :Sft (for a xs) {})'],
  ['const x =\n  1 + 2', '(const x (+ 1 2))'],
  ['const x = -a\nconst y = 1', '(const x (- a))\n(const y 1)'],
  ['const x = a\n  - b', '(const x (- a b))'],
  ['model m { from = "p", test = 1, type = 2, with = 3, rlp = 4, import = 5, fn = 6, let = 7 }', '(model m {(= from "p") (= test 1) (= type 2) (= with 3) (= rlp 4) (= import 5) (= fn 6) (= let 7)})'],
  [
    'stage rl: Grpo {\n  rollout { n = 1, temperature = 1.0 }\n  optimizer adamw { lr = 1 }\n  term x = 3\n  input policy: Policy | Model\n}',
    '(stage rl :Grpo {(section rollout (= n 1) (= temperature 1r)) (optimizer adamw {(= lr 1)}) (term x 3) (input policy :(| Policy Model))})',
  ],
  ['kind K { section s { attribute a: Real in 0.. = 1.0, attribute b: Int for k in x, attribute c: T } }', '(kind K {(section s {(attribute a :(in Real 0 -) 1r) (attribute b :Int (for k x)) (attribute c :T)})})'],
  ['kind K {\n  attribute a: Int in 1..\n  attribute b: Int\n}', '(kind K {(attribute a :(in Int 1 -)) (attribute b :Int)})'],
  ['variant v { set { warm.length = 0 steps, a.b.c = none } }', "(variant v {(section set (= warm.length 0'steps) (= a.b.c none))})"],
  // functions
  ['fn f(): Int = 1', '(fn f () Int 1)'],
  ['fn f(a: Int, b: Text = "x",): Int =\n  a', '(fn f ((a Int) (b Text "x")) Int a)'],
  ['fn f(\n  /// First.\n  a: Int = 1\n  b: Int\n) = a', '(fn f ((a Int 1 #"First.") (b Int)) a)'],
  ['fn f[T](x: List[T]): T { x }', '(fn f [T] ((x List[T])) T x)'],
  ['fn f(a: Int): Int {\n  let b: Int = a\n  let let = b\n\n  -b * let\n}', '(fn f ((a Int)) Int (let b Int a) (let let b) (* (- b) let))'],
  ['fn f(a: R): {\n  b: R\n} {\n  { b = a }\n}', '(fn f ((a R)) {b:R} {b=a})'],
  ['fn f(a: R): R = if a < 1 then 2\n  else 3', '(fn f ((a R)) R (if (< a 1) 2 3))'],
  ['extern fn f[Row](text: Text, n: Int in 0.. = 0): Real in 0..1', '(extern-fn f [Row] ((text Text) (n (in Int 0 -) 0)) (in Real 0 1))'],
  ['type Domain = "math" | "code"', '(type Domain (| "math" "code"))'],
  ['type Domain =\n  | "math"\n  | "code"', '(type Domain (| "math" "code"))'],
  [
    'test answer {\n  "a" with { answer = "b" } gives { total = 1 }\n  "c" gives { total = 0 }\n  "d"\n    with { answer = "e" }\n    gives { total = -2 }\n}',
    '(test answer (case "a" (with {answer="b"}) {total=1}) (case "c" {total=0}) (case "d" (with {answer="e"}) {total=(- 2)}))',
  ],
  // imports
  ['import { a, b as c, as as from } from "std/x"', '(import a b:c as:from "std/x")'],
  ['import {\n  a\n  b,\n  c,\n} from "std/x"', '(import a b c "std/x")'],
  ['import * as knights from "./k.rlp"', '(import *knights "./k.rlp")'],
  // documentation
  ['//// no\n/// One,\n///   two.\n// not this\n\nparam x = 1', '(param x 1 #"One,\\n  two.")'],
  ['stage s {\n  /// A\n  a = 1\n  /// B\n  b { }\n  c = 1 // no\n  /// D\n  term d = 1\n}', '(stage s {(= a 1 #"A") (section b #"B") (= c 1) (term d 1 #"D")})'],
  ['/// T\ntype T = Int\n/// F\nextern fn f()\n/// X\ntest x {}', '(type T Int #"T")\n(extern-fn f () #"F")\n(test x #"X")'],
]

suite('parse: expressions', (test) => {
  for (const [text, tree] of expressions)
    test(text, () => {
      const { expression, diagnostics } = parseExpression(new SourceFile('x', text))
      equal(diagnostics.map((each) => each.title), [])
      is(printExpression(expression), tree)
    })
})

suite('parse: types', (test) => {
  for (const [text, tree] of types)
    test(text, () => {
      const { module, diagnostics } = parse(new SourceFile('x', `rlp 1\ntype T = ${text}`))
      equal(diagnostics.map((each) => each.title), [])
      const [declaration] = module.declarations
      is(declaration?.node === 'Type' ? printType(declaration.type) : '', tree)
    })
})

suite('parse: declarations', (test) => {
  for (const [text, tree] of declarations)
    test(text, () => {
      for (const newline of ['\n', '\r\n']) {
        const { module, diagnostics } = parse(new SourceFile('x', `rlp 1\n${text}\n`.replaceAll('\n', newline)))
        equal(diagnostics.map((each) => each.title), [])
        is(printModule(module), tree)
      }
    })

  test('file documentation and edition', () => {
    const { module } = parse(new SourceFile('x', '//! One.\n//!\n//! Two.\nrlp 1\n'))
    is(module.doc, 'One.\n\nTwo.')
    is(module.edition, 1)
  })

  test('spans cover the written text, with its brackets and without documentation', () => {
    const file = new SourceFile('x', 'rlp 1\n/// doc\nstage s: Sft for k in ks {\n  a = (1 + b[*]) * -c.d("x")\n}\n')
    const { module } = parse(file)
    const text = ({ start, end }: { start: number; end: number }): string => file.text.slice(start, end)
    const [stage] = module.declarations
    if (stage?.node !== 'Declaration') throw new Error('no stage')
    is(text(stage.span), file.text.slice(14).trimEnd())
    const [a] = stage.body?.items ?? []
    if (a?.node !== 'Attribute' || a.value.node !== 'Binary') throw new Error('no attribute')
    is(text(a.span), 'a = (1 + b[*]) * -c.d("x")')
    is(text(a.value.left.span), '(1 + b[*])')
    is(text(a.value.operatorSpan), '*')
    is(text(a.value.right.span), '-c.d("x")')
    is(printItem(a), '(= a (* (+ 1 (at b *)) (- (call (. c d) "x"))))')
  })
})

suite('parse: whole files', (test) => {
  const root = new URL('../../', import.meta.url)
  const files = ['grammar/test/samples', 'stdlib', 'examples'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rlp')).map((name) => `${folder}/${name}`),
  )
  for (const path of files)
    test(path, () => {
      const file = new SourceFile(path, readFileSync(new URL(path, root), 'utf8'))
      const { module, diagnostics } = parse(file)
      equal(diagnostics.map((each) => `${file.position(each.primary.span.start).line}: ${each.title}`), [])
      is(module.edition, 1)
    })
})
