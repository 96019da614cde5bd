// What an editor shows at a place of a spec: the same texts as `rlpc doc`.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { is, ok, suite } from '../../../spec/test/suite.js'
import { pageOf, readLibrary } from '../../cli/doc.js'
import { readKinds } from '../../kinds/read.js'
import { memoryHost } from '../../resolve/host.js'
import { resolve } from '../../resolve/resolve.js'
import { hoverAt } from '../hover.js'

const library = new URL('../../../stdlib/', import.meta.url)
const SPEC = `rlp 1
import { constant } from "std/schedules"
import { Grpo } from "std/stages"
import * as chains from "std/tasks/chains"
/// A small one.
model tiny: Transformer { layers = 1, width = 16, heads = 2, mlp = 32, context = 32 tokens, vocabulary = chains.words }
/// Right or not.
reward answer: Reward[chains.Chain] { term correct = 1, total = correct }
stage s: Grpo for k in [1, 2] {
  policy = tiny, prompts = chains.chains(), reward = answer, length = 10 steps, num_generations = 4 rollouts
  rollout { per_step = 2 prompts, max_new = 8 tokens }
  optimizer { lr = constant(peak = 1e-3) }
}
fn twice(tiny: Real): Real = tiny + tiny
pipeline p { outputs = { policy = s[1].policy } }
`

/** The page at the first character of \`marked\`'s \`|\`-less text: the place of \`|\` in it. */
function at(marked: string): string | undefined {
  const place = SPEC.indexOf(marked.replace('|', '')) + marked.indexOf('|')
  const host = memoryHost({ 'main.rlp': SPEC }, (path) => readFileSync(fileURLToPath(new URL(`${path.slice('std/'.length)}.rlp`, library)), 'utf8'))
  const { program } = resolve('main.rlp', host)
  return program && hoverAt(program, readKinds(program).kinds, place)
}

suite('hover', (test) => {
  test('names of the library have the page of `rlpc doc`, wherever they stand', () => {
    const pages = readLibrary()
    for (const [place, name] of [['import { con|stant', 'std/schedules.constant'], ['lr = |constant(', 'std/schedules.constant'], ['s: Grpo| for', 'std/stages.Grpo'], ['= chains.words| }', 'std/tasks/chains.words'], ['chains.|chains()', 'std/tasks/chains.chains']] as const) {
      is(`${at(place)}\n`, pageOf(pages, name), place)
    }
  })

  test('attributes, also of sections and by the names of other systems, sections and outputs have the text of their kind', () => {
    ok(at('l|r = constant')?.startsWith('## Grpo.optimizer.lr\n'), at('l|r = constant'))
    ok(at('per_|step = 2')?.includes('attribute per_step: Prompts in 1 prompts..'))
    ok(at('num_|generations')?.startsWith('## Grpo.group_size\n'))
    ok(at('roll|out {')?.startsWith('## Grpo.rollout'))
    ok(at('laye|rs = 1')?.startsWith('## Transformer.layers\n'))
    ok(at('s[1].poli|cy')?.includes('output policy: Policy'))
  })

  test('what the spec declares has its own text, and no import', () => {
    ok(at('policy = ti|ny')?.startsWith('## tiny\n\nA small one.'))
    ok(at('reward = ans|wer')?.includes('Right or not.'))
    ok(!at('policy = ti|ny')?.includes('import'))
  })

  test('nothing where nothing is known: locals, words, blanks', () => {
    for (const place of ['Real = ti|ny', '|stage s', 'width = 1|6', '|\n/// A small']) is(at(place), undefined, place)
  })
})
