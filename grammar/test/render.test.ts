// How diagnostics look: the samples of the design, label by label, and the edges (tabs, wide characters, long lines).
// Expected texts are written by hand.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { is, ok, suite } from '../../spec/test/suite.js'
import type { Diagnostic, Fix, Label } from '../diagnostics/diagnostic.js'
import { mostShown, renderAll, renderDiagnostic, toJson } from '../diagnostics/render.js'
import { parse } from '../index.js'
import { SourceFile } from '../source/source.js'

const plain = { colour: false, width: 100 }

/** A file whose line `n` is `lines[n]`; the others are empty. */
function fileOf(path: string, lines: Record<number, string>): SourceFile {
  const last = Math.max(...Object.keys(lines).map(Number))
  return new SourceFile(path, Array.from({ length: last }, (_, i) => lines[i + 1] ?? '').join('\n') + '\n')
}

function at(file: SourceFile, line: number, text: string, label: string): Label {
  let start = 0
  for (let k = 1; k < line; k++) start += file.line(k).length + 1
  const column = file.line(line).indexOf(text)
  if (column < 0) throw new Error(`line ${line} has no ${text}`)
  return { span: file.span(start + column, start + column + text.length), text: label }
}

function diagnostic(code: string, title: string, primary: Label, rest: Partial<Diagnostic> = {}): Diagnostic {
  return { code, severity: 'error', title, primary, related: [], notes: [], fixes: [], ...rest }
}

const fix = (title: string, safe: boolean): Fix => ({ title, edits: [], safe })
const lines = (...text: string[]): string => text.join('\n')

suite('render', (test) => {
  test('one label', () => {
    const file = fileOf('math.rlp', { 71: '  groupsize = 8 rollouts' })
    is(
      renderDiagnostic(
        diagnostic('RLP2006', 'stage kind `Grpo` has no attribute `groupsize`', at(file, 71, 'groupsize', 'did you mean `group_size`?'), {
          help: 'rename it, or run `rlpc explain RLP2006` for the attributes of Grpo',
        }),
        plain,
      ),
      lines(
        'error[RLP2006]: stage kind `Grpo` has no attribute `groupsize`',
        '  --> math.rlp:71:3',
        '   |',
        '71 |   groupsize = 8 rollouts',
        '   |   ^^^^^^^^^ did you mean `group_size`?',
        '   |',
        '   = help: rename it, or run `rlpc explain RLP2006` for the attributes of Grpo',
      ),
    )
  })

  test('two labels on a line', () => {
    const file = fileOf('math.rlp', { 47: '    between = 50 steps..200 tokens' })
    is(
      renderDiagnostic(
        diagnostic('RLP4001', '`between` counts optimizer steps, but this is a number of tokens', at(file, 47, '200 tokens', 'expected Steps, found Tokens'), {
          related: [at(file, 47, '50 steps', 'this bound is Steps')],
          notes: ['tokens become steps only with a batch size; phase `easy` has none'],
          help: 'write `200 steps`, or bound the phase with `clock.tokens <= ...` in `advance`',
        }),
        plain,
      ),
      lines(
        'error[RLP4001]: `between` counts optimizer steps, but this is a number of tokens',
        '  --> math.rlp:47:25',
        '   |',
        '47 |     between = 50 steps..200 tokens',
        '   |               --------  ^^^^^^^^^^ expected Steps, found Tokens',
        '   |               |',
        '   |               this bound is Steps',
        '   |',
        '   = note: tokens become steps only with a batch size; phase `easy` has none',
        '   = help: write `200 steps`, or bound the phase with `clock.tokens <= ...` in `advance`',
      ),
    )
  })

  test('three labels on a line', () => {
    const file = fileOf('a.rlp', { 9: 'x = aa + bb + cc' })
    is(
      renderDiagnostic(diagnostic('RLP4001', 'title', at(file, 9, 'cc', 'C'), { related: [at(file, 9, 'aa', 'A'), at(file, 9, 'bb', 'B')] }), plain),
      lines('error[RLP4001]: title', '  --> a.rlp:9:15', '   |', ' 9 | x = aa + bb + cc', '   |     --   --   ^^ C', '   |     |    |', '   |     |    B', '   |     A'),
    )
  })

  test('a related place in another file', () => {
    const branches = fileOf('branches.rlp', { 25: '  reward = verifier[d]' })
    const corpora = fileOf('shared/corpora.rlp', { 9: 'dataset code_prompts: Dataset[CodeRow] {' })
    is(
      renderDiagnostic(
        diagnostic('RLP3001', 'this reward reads other rows than the prompts provide', at(branches, 25, 'verifier[d]', 'expected Reward[CodeRow], found Reward[MathRow] when d = "code"'), {
          related: [at(corpora, 9, 'code_prompts', 'prompts for "code" come from here')],
          notes: ['differing field: `answer: Text` is missing, `tests: List[Text]` is extra'],
        }),
        plain,
      ),
      lines(
        'error[RLP3001]: this reward reads other rows than the prompts provide',
        '  --> branches.rlp:25:12',
        '   |',
        '25 |   reward = verifier[d]',
        '   |            ^^^^^^^^^^^ expected Reward[CodeRow], found Reward[MathRow] when d = "code"',
        '   |',
        '  ::: shared/corpora.rlp:9:9',
        '   |',
        ' 9 | dataset code_prompts: Dataset[CodeRow] {',
        '   |         ------------ prompts for "code" come from here',
        '   |',
        '   = note: differing field: `answer: Text` is missing, `tests: List[Text]` is extra',
      ),
    )
  })

  test('a later line of the same file, and a safe fix', () => {
    const file = fileOf('math.rlp', { 56: 'stage cold_start: Sft {', 66: 'stage rl: Grpo {' })
    is(
      renderDiagnostic(
        diagnostic('RLP0006', 'this `{` is never closed', at(file, 56, '{', 'opened here'), {
          related: [at(file, 66, 'stage', 'a new declaration starts at the margin, so the block was closed before it')],
          help: 'add `}` after line 64',
          fixes: [fix('add `}`', true)],
        }),
        plain,
      ),
      lines(
        'error[RLP0006]: this `{` is never closed',
        '  --> math.rlp:56:23',
        '   |',
        '56 | stage cold_start: Sft {',
        '   |                       ^ opened here',
        '...',
        '66 | stage rl: Grpo {',
        '   | ----- a new declaration starts at the margin, so the block was closed before it',
        '   |',
        '   = help: add `}` after line 64  (safe fix)',
      ),
    )
  })

  test('an earlier line of the same file', () => {
    const file = fileOf('a.rlp', { 22: '  policies = [polish.policy]', 30: '  policy = merged.policy' })
    is(
      renderDiagnostic(
        diagnostic('RLP5001', 'these stages wait for each other', at(file, 30, 'merged.policy', 'polish needs merged'), {
          related: [at(file, 22, 'polish.policy', 'merged needs polish')],
          notes: ['polish -> merged -> polish'],
        }),
        plain,
      ),
      lines(
        'error[RLP5001]: these stages wait for each other',
        '  --> a.rlp:30:12',
        '   |',
        '30 |   policy = merged.policy',
        '   |            ^^^^^^^^^^^^^ polish needs merged',
        '  ::: a.rlp:22:15',
        '22 |   policies = [polish.policy]',
        '   |               ------------- merged needs polish',
        '   |',
        '   = note: polish -> merged -> polish',
      ),
    )
  })

  test('several fixes, none without help', () => {
    const file = fileOf('math.rlp', { 60: '  batch = 64' })
    const text = renderDiagnostic(diagnostic('RLP4002', '`batch` needs a unit', at(file, 60, '64', ''), { help: 'write `64 samples` or `64 tokens`', fixes: [fix('a', false), fix('b', false)] }), plain)
    ok(text.endsWith('\n   |           ^^\n   |\n   = help: write `64 samples` or `64 tokens`  (two fixes offered)'))
    ok(renderDiagnostic(diagnostic('RLP4002', 't', at(file, 60, '64', ''), { fixes: [fix('add a unit', false)] }), plain).endsWith('= help: add a unit  (fix offered)'))
  })

  test('tabs, wide characters and ends of lines keep the carets in place', () => {
    const file = new SourceFile('a.rlp', '\ta = "日本" + b\nx\n')
    const b = file.text.indexOf('b')
    ok(renderDiagnostic(diagnostic('RLP1007', 't', { span: file.span(b, b + 1), text: 'here' }), plain).endsWith(' 1 |     a = "日本" + b\n   |                  ^ here'))
    const end = file.text.length - 1
    ok(renderDiagnostic(diagnostic('RLP1007', 't', { span: file.span(end, end), text: 'here' }), plain).endsWith(' 2 | x\n   |  ^ here'))
    const past = new SourceFile('a.rlp', '')
    ok(renderDiagnostic(diagnostic('RLP1007', 't', { span: past.span(0, 0), text: 'here' }), plain).endsWith('a.rlp:1:1\n   |\n 1 |\n   | ^ here'))
  })

  test('a span over several lines is underlined on its first', () => {
    const file = new SourceFile('a.rlp', 'a = {\n}\n')
    ok(renderDiagnostic(diagnostic('RLP1007', 't', { span: file.span(4, 7), text: 'here' }), plain).endsWith(' 1 | a = {\n   |     ^ here'))
  })

  test('long source lines and notes fit the terminal', () => {
    const file = new SourceFile('a.rlp', `x = [${'1234, '.repeat(60)}oops]`)
    const rendered = renderDiagnostic(diagnostic('RLP1007', 't', at(file, 1, 'oops', 'here'), { notes: ['word '.repeat(40).trim()] }), { colour: false, width: 72 })
    for (const line of rendered.split('\n')) ok(line.length <= 72, line)
    const [source = '', carets = ''] = rendered.split('\n').slice(3, 5)
    is(source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'oops')
  })

  test('colour changes nothing but colour', () => {
    const file = fileOf('a.rlp', { 9: 'x = aa + bb + cc' })
    const one = diagnostic('RLP4001', 'title', at(file, 9, 'cc', 'C'), { related: [at(file, 9, 'aa', 'A')], notes: ['n'], help: 'h' })
    const coloured = renderDiagnostic(one, { colour: true, width: 100 })
    is(coloured.replaceAll(/\u001B\[[\d;]*m/g, ''), renderDiagnostic(one, plain))
    ok(coloured.includes('\u001B[1;31m^^\u001B[0m'))
  })

  test('a list is counted, cut and summed up', () => {
    const file = new SourceFile('a.rlp', 'x')
    const warning: Diagnostic = { ...diagnostic('RLP2009', 'w', { span: file.span(0, 1), text: '' }), severity: 'warning' }
    const error = diagnostic('RLP1007', 'e', { span: file.span(0, 1), text: '' })
    is(renderAll([], plain), '')
    ok(renderAll([error, warning, error], plain).endsWith('\n\n2 errors, 1 warning\n'))
    const many = renderAll([...Array.from({ length: 25 }, () => ({ ...warning })), error], plain)
    is(many.match(/^(error|warning)\[/gm)?.length, mostShown)
    ok(many.includes('error[RLP1007]') && many.includes('… and 6 more\n\n1 error, 25 warnings\n'))
  })

  test('JSON counts lines and columns from 1', () => {
    const file = new SourceFile('a.rlp', 'x = 1\ny 2\n')
    const insert = { title: 'add `=`', safe: true, edits: [{ span: file.span(7, 7), insert: ' =' }] }
    const json = toJson(diagnostic('RLP1002', 't', { span: file.span(6, 7), text: 'l' }, { fixes: [insert] }))
    is(
      JSON.stringify(json),
      '{"code":"RLP1002","severity":"error","title":"t","span":{"file":"a.rlp","start":{"line":2,"column":1},"end":{"line":2,"column":2}},"label":"l","related":[],"notes":[],' +
        '"fixes":[{"title":"add `=`","safe":true,"edits":[{"span":{"file":"a.rlp","start":{"line":2,"column":2},"end":{"line":2,"column":2}},"insert":" ="}]}]}',
    )
  })

  test('JSON fits its schema', () => {
    const schema = JSON.parse(readFileSync(new URL('../../spec/schemas/diagnostic.schema.json', import.meta.url), 'utf8')) as object
    const validate = new Ajv2020({ strict: true }).compile(schema)
    const text = 'rlp 2\nconst x: 3\nstage s: K {\n  lr 1\n  a = f(1\n  b = 0 < 1 < 2\n'
    for (const each of parse(new SourceFile('a.rlp', text)).diagnostics) ok(validate(JSON.parse(JSON.stringify(toJson(each)))), JSON.stringify(validate.errors))
  })
})
