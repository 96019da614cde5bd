// Every signal on good, bad and nasty texts. The expected values are written by hand, those of `math_equal` recorded.
// That every signal of the standard library is here, `host-functions.test.ts` checks by name.

import { readFileSync } from 'node:fs'
import { HostError, type HostValue } from '../host.js'
import { callNow } from '../host-calls.js'
import { is, ok, suite, throws } from '../../spec/test/suite.js'

const completion = (text: string, tokens = 7, finished = true) => ({ text, tokens, finished })

const call = (name: string, args: Record<string, HostValue>): HostValue => callNow(name.includes('/') ? name : `std/signals.${name}`, args, { root: '.' })

const code = (wanted: string) => (error: unknown) => error instanceof HostError && error.code === wanted

suite('signals', (test) => {
  test('repeated: runs of tokens that were there before', () => {
    const of = (ids: readonly number[], n: number) => call('repeated', { text: { ...completion(''), ids }, n })
    is(of([5, 5, 5, 5, 5], 2), 0.75)
    is(of([1, 2, 3, 4], 2), 0)
    is(of([1, 2, 1, 2, 1], 2), 0.5)
    is(of([1, 2], 3), 0)
    is(of([], 1), 0)
    is(call('repeated', { text: completion('so it  is\nso it'), n: 2 }), 0.25)
  })

  test('well_formed: tags in order, once each, nothing outside', () => {
    const rows: [string, number][] = [
      ['<think>a</think><answer>b</answer>', 1],
      ['  <think>\nline\nline\n</think>\n\n<answer> b </answer> \n', 1],
      ['<think></think><answer></answer>', 1],
      ['<think>a < b, <b>bold</b></think><answer>b</answer>', 1],
      ['<think>日本語 👍</think> <answer>é</answer>', 1],
      ['', 0],
      ['A1 B0', 0],
      ['<answer>b</answer><think>a</think>', 0],
      ['<think>a</think>', 0],
      ['<think>a</think> so <answer>b</answer>', 0],
      ['<think>a</think><answer>b</answer>.', 0],
      ['x<think>a</think><answer>b</answer>', 0],
      ['<think>a<answer>b</answer></think>', 0],
      ['<think><answer></think></answer>', 0],
      ['<think>a</think><think>a</think><answer>b</answer>', 0],
      ['<think>a<think></think><answer>b</answer>', 0],
      ['<think>a</think><answer>b</answer><answer>b</answer>', 0],
      ['<think>a</think><answer>b', 0],
      ['</think>a<think><answer>b</answer>', 0],
      ['<THINK>a</THINK><answer>b</answer>', 0],
      ['<think>a</answer></think><answer>b', 0],
    ]
    for (const [text, expected] of rows) is(call('well_formed', { text: completion(text), tags: ['think', 'answer'] }), expected, text)
    is(call('well_formed', { text: completion(' \n'), tags: [] }), 1)
    is(call('well_formed', { text: completion('a'), tags: [] }), 0)
  })

  test('where a model looked is not known here, which is no 0', () => {
    throws(() => call('std/attention.visual_attention', { text: completion('a') }), (error: unknown) => error instanceof HostError && error.code === 'RLP8113')
  })

  test('boxed: the last box whose braces close', () => {
    const rows: [string, string | null][] = [
      ['so \\boxed{42}.', '42'],
      ['\\boxed{1} or \\boxed{ \\frac{1}{2} }', '\\frac{1}{2}'],
      ['\\fbox{a}', 'a'],
      ['\\boxed {x \\} y}', 'x \\} y'],
      ['\\boxed{1} then \\boxed{2', '1'],
      ['\\boxed{', null],
      ['42', null],
    ]
    for (const [text, expected] of rows) is(call('boxed', { text: completion(text) }), expected, text)
    is(call('boxed', { text: null }), null)
  })

  test('tagged: the one text between the tags, trimmed', () => {
    const rows: [string, string | null][] = [
      ['<answer> A1 B0 </answer>', 'A1 B0'],
      ['words <answer>\n 4\n2 \n</answer> words', '4\n2'],
      ['<answer></answer>', ''],
      ['<answer> ½ – "ü" </answer>', '½ – "ü"'],
      ['<answer>a', null],
      ['a</answer>', null],
      ['a', null],
      ['', null],
      ['</answer>a<answer>', null],
      ['<answer>a</answer><answer>a</answer>', null],
      ['<answer>a<answer>b</answer></answer>', null],
      ['<answer >a</answer>', null],
      ['<answers>a</answers>', null],
    ]
    for (const [text, expected] of rows) is(call('tagged', { text: completion(text), tag: 'answer' }), expected, text)
    is(call('tagged', { text: completion('<a.b>x</a.b><axb>y</axb>'), tag: 'a.b' }), 'x')
  })

  test('exact: same text up to white space', () => {
    const rows: [HostValue, string, number][] = [
      ['A1 B0', 'A1 B0', 1],
      ['  A1\n\tB0 ', 'A1 B0', 1],
      ['A1  B0', ' A1 B0 ', 1],
      ['e\u0301', '\u00e9', 1],
      ['A1\u00a0B0', 'A1 B0', 1],
      ['', ' ', 1],
      ['a1 b0', 'A1 B0', 0],
      ['A1B0', 'A1 B0', 0],
      [null, 'A1', 0],
      [null, '', 0],
    ]
    for (const [a, b, expected] of rows) is(call('exact', { a, b }), expected, `${String(a)} / ${b}`)
  })

  test('contains: one text in another, up to white space', () => {
    const rows: [string | null, string, number][] = [
      ['the answer is  Paris.', 'Paris', 1],
      ['in New\nYork City', ' New York ', 1],
      ['paris', 'Paris', 0],
      ['Par', 'Paris', 0],
      ['e\u0301t\u00e9', '\u00e9t\u00e9', 1],
      ['anything', ' ', 0],
      [null, 'Paris', 0],
    ]
    for (const [a, b, expected] of rows) is(call('contains', { a, b }), expected, `${String(a)} / ${b}`)
  })

  test('first_number: signs, thousands, decimals, exponents', () => {
    const rows: [HostValue, number | null][] = [
      ['The answer is 42.', 42],
      ['-7', -7],
      ['\u22127.5', -7.5],
      ['x=-3', -3],
      ['+3', 3],
      ['7-4', 7],
      ['GPT-4 wrote 9', 4],
      ['f(x)-2', 2],
      ['1,234', 1234],
      ['-1,234,567.89 dollars', -1234567.89],
      ['1,2', 1],
      ['12,34', 12],
      ['1,2345', 1],
      ['3.14', 3.14],
      ['3.', 3],
      ['.5', 0.5],
      ['-.5', -0.5],
      ['6.02e23', 6.02e23],
      ['1E-3', 1e-3],
      ['2e', 2],
      ['1/2', 1],
      ['$1,000!', 1000],
      ['first\nthen 8', 8],
      ['007', 7],
      ['1e999', null],
      ['no number', null],
      ['', null],
      [null, null],
      [completion('it is 5'), 5],
    ]
    for (const [text, expected] of rows) is(call('first_number', { text }), expected, JSON.stringify(text))
  })

  test('number_equal: relative tolerance', () => {
    const rows: [number | null, number | null, number, number][] = [
      [3, 3, 0, 1],
      [3.0000001, 3, 0, 0],
      [101, 100, 0.01, 1],
      [102, 100, 0.01, 0],
      [-99, -100, 0.01, 1],
      [0, 0, 0, 1],
      [1e-12, 0, 0.5, 0],
      [0, -0, 0, 1],
      [null, 0, 1, 0],
      [0, null, 1, 0],
      [null, null, 1, 0],
    ]
    for (const [a, b, tolerance, expected] of rows) is(call('number_equal', { a, b, tolerance }), expected, `${a} / ${b}`)
  })

  test('matches: JavaScript expressions over lines and Unicode', () => {
    const rows: [HostValue, string, number][] = [
      ['abc', 'b', 1],
      ['abc', '^b', 0],
      ['a\nb', 'a.b', 1],
      ['👍', '^.$', 1],
      ['Größe', '^\\p{L}+$', 1],
      ['x', '(?<=a)x', 0],
      ['', '^$', 1],
      [null, '.*', 0],
      [completion('so 12 it is'), '\\d+', 1],
    ]
    for (const [text, pattern, expected] of rows) is(call('matches', { text, pattern }), expected, pattern)
    throws(() => call('matches', { text: 'a', pattern: '(' }), code('RLP8105'))
  })

  test('matches: a search without end is stopped', () => {
    throws(() => call('matches', { text: `${'a'.repeat(40)}!`, pattern: '^(a+)+$' }), code('RLP8107'))
    is(call('matches', { text: 'aaa', pattern: '^(a+)+$' }), 1, 'and the next search works')
  })

  test('math_equal: as verl 0.9.1 says of the same answers', () => {
    const rows = JSON.parse(readFileSync(new URL('data/math-equal.json', import.meta.url), 'utf8')) as [string, string, number][]
    ok(rows.length > 60)
    for (const [a, b, expected] of rows) is(call('math_equal', { a, b }), expected, `${a} / ${b}`)
    is(call('math_equal', { a: null, b: '' }), 0)
  })

  test('share_of_words: in how many of the words the expression is found', () => {
    const rows: [HostValue, string, number][] = [
      ['so 12 it is', '\\d', 0.25],
      ['先 算 first then', '[\\u4E00-\\u9FFF]', 0.5],
      ['a  b\nc', '.', 1],
      ['', '.', 0],
      ['  ', '.', 0],
      [null, '.', 0],
      [completion('calc 3 get'), '^[a-z]+$', 2 / 3],
    ]
    for (const [text, pattern, expected] of rows) is(call('share_of_words', { text, pattern }), expected, `${String(text)} ${pattern}`)
    throws(() => call('share_of_words', { text: `b ${'a'.repeat(40)}!`, pattern: '^(a+)+$' }), code('RLP8107'))
  })

  test('length and finished', () => {
    is(call('length', { text: completion('a b', 2) }), 2)
    is(call('finished', { text: completion('', 0, true) }), 1)
    is(call('finished', { text: completion('', 0, false) }), 0)
    throws(() => call('length', { text: 'a' }), code('RLP8105'))
  })

  test('same_names: who is a knight, in any order', () => {
    const rows: [HostValue, string, number][] = [
      ['A1 B0 C1', 'A1 B0 C1', 1],
      ['C1 A1 B0', 'A1 B0 C1', 1],
      [' B0,\nA1; C1. ', 'A1 B0 C1', 1],
      ['A knight and B knave', 'A1 B0', 1],
      ['A is a knight, B is a knave', 'A1 B0', 1],
      ['B: knave, A: Knight', 'A1 B0', 1],
      ['A knave', 'A knave', 1],
      ['A1 B0', 'A1 B0 C1', 0],
      ['A1 B0 C1 D1', 'A1 B0 C1', 0],
      ['A1 B0 C0', 'A1 B0 C1', 0],
      ['A1 A1 B0 C1', 'A1 B0 C1', 0],
      ['A1 A0 B0 C1', 'A1 B0 C1', 0],
      ['A1 B0 C1 maybe', 'A1 B0 C1', 0],
      ['A1B0C1', 'A1 B0 C1', 0],
      ['A12 B0', 'A1 B0', 0],
      ['', 'A1', 0],
      [null, 'A1', 0],
    ]
    for (const [text, answer, expected] of rows) is(call('std/tasks/knights.same_names', { text, answer }), expected, String(text))
  })
})
