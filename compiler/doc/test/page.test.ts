// Pages of modules, and that everything in the standard library is documented.

import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from '../../../grammar/index.js'
import { SourceFile } from '../../../grammar/source/source.js'
import { is, ok, suite, throws } from '../../../spec/test/suite.js'
import { pageOf, readLibrary, run } from '../../cli/doc.js'
import { UsageError } from '../../cli/options.js'
import { firstSentence, modulePage, nameOf } from '../page.js'

const library = readLibrary()

const source = `//! Things. And more.
rlp 1

/// A thing.
kind Thing: Stage {
  engines = ["native"]
  /// What it starts from.
  input policy: Policy
  attribute size: Rollouts in 1 rollouts.. = 8 rollouts
  section rollout {
    /// Longest.
    attribute max_new: Tokens | "all"
    alias max_tokens = max_new
    alias length = max_new
  }
  attribute url: Text = "http://localhost" // a comment
  alias max_tokens = rollout.max_new
  output policy: Policy
}

/// Half.
fn half(x: Real): Real = x / 2
/// From the host.
extern fn far(
  x: Real in 0..1, // a comment
  /// How.
  how: "a" | "b" = "a",
): Real?
`

suite('doc pages', (test) => {
  test('a page has heads, texts, types, ranges, defaults and aliases', () => {
    is(
      modulePage('std/things', parse(new SourceFile('std/things', source)).module),
      `# std/things

Things. And more.

## Thing

A thing.

\`\`\`rlp
kind Thing: Stage
\`\`\`

engines: ["native"]

| input | type | meaning |
| --- | --- | --- |
| \`policy\` | \`Policy\` | What it starts from. |

| attribute | type | default | meaning |
| --- | --- | --- | --- |
| \`size\` | \`Rollouts in 1 rollouts..\` | \`8 rollouts\` |  |
| \`url\` | \`Text\` | \`"http://localhost"\` |  |
| \`rollout.max_new\` | \`Tokens \\| "all"\` |  | Longest. |

| output | type |
| --- | --- |
| \`policy\` | \`Policy\` |

Elsewhere called: \`max_tokens\` is \`rollout.max_new\`, \`length\` is \`rollout.max_new\`.

\`import { Thing } from "std/things"\`

## half

Half.

\`\`\`rlp
fn half(x: Real): Real = x / 2
\`\`\`

| parameter | type |
| --- | --- |
| \`x\` | \`Real\` |

\`import { half } from "std/things"\`

## far

From the host.

\`\`\`rlp
extern fn far(x: Real in 0..1, how: "a" | "b" = "a"): Real?
\`\`\`

| parameter | type | default | meaning |
| --- | --- | --- | --- |
| \`x\` | \`Real in 0..1\` |  |  |
| \`how\` | \`"a" \\| "b"\` | \`"a"\` | How. |

\`import { far } from "std/things"\`
`,
    )
    is(firstSentence('Things (arXiv 1.2).\nAnd more.'), 'Things (arXiv 1.2).')
  })

  test('a module, a name, a qualified name; a wrong one is told with the nearest', () => {
    ok(pageOf(library, 'tasks/chains').startsWith('# std/tasks/chains\n'))
    ok(pageOf(library, 'Grpo').startsWith('## Grpo\n'))
    is(pageOf(library, 'std/losses.clipped').match(/^## /gm)?.length, 1)
    ok((pageOf(library, 'clipped').match(/^## /gm)?.length ?? 0) > 1, 'presets have one too')
    ok(/^std\/losses\.dual_clipped +\S/m.test(pageOf(library, 'clipped surrogate').concat(pageOf(library, 'dual'))), 'words of names and texts')
    ok(/^std\/stages\.Grpo /m.test(pageOf(library, 'num_generations')), 'a name of another system')
    throws(() => pageOf(library, 'cliped'), /no module or name `cliped`/)
    throws(() => pageOf(library, 'Gpro'), (error: unknown) => error instanceof UsageError && error.help?.includes('`Grpo`') === true)
    ok(/^std\/asynchronous\.AsyncGrpo /m.test(pageOf(library, 'grpo weights')), 'a part of a name')
  })

  test('pages of all modules go into a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rlpc-doc-'))
    is(await run({ positionals: [], options: { output: folder } }), 0)
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.md'))
    is(files.length, library.size + 1)
    is(readFileSync(join(folder, 'losses.md'), 'utf8'), pageOf(library, 'losses'))
    await rm(folder, { recursive: true })
  })

  test('every module and every declaration of the standard library says what it is', () => {
    const silent = [...library].flatMap(([path, module]) => [...(module.doc === '' ? [path] : []), ...module.declarations.filter(({ node, doc }) => node !== 'Test' && doc === '').map((each) => `${path}.${nameOf(each)}`)])
    is(silent.join('\n'), '')
  })
})
