// Kinds as schemas: members, sections, aliases, and what is wrong with the shape of a kind.

import { equal, is, ok, suite } from '../../../spec/test/suite.js'
import { library } from '../../check/test/harness.js'
import { memoryHost } from '../../resolve/host.js'
import { resolve } from '../../resolve/resolve.js'
import { readKinds } from '../read.js'

function kindsOf(source: string) {
  const { program, diagnostics } = resolve('main.rlp', memoryHost({ 'main.rlp': `rlp 1\n${source}` }, library))
  if (!program) throw new Error('no program')
  const { kinds, diagnostics: reading } = readKinds(program)
  return { program, kinds, codes: [...diagnostics, ...reading].map(({ code }) => code).join(' ') }
}

suite('kinds', (test) => {
  test('inputs, attributes, outputs, sections and aliases of Grpo', () => {
    const { kinds, codes } = kindsOf('import { Grpo } from "std/stages"')
    const grpo = kinds.all.get('std/stages.Grpo')
    is(codes, '')
    is(grpo?.category, 'Stage')
    equal(grpo?.levels, ['token', 'rollout', 'group', 'batch'])
    is(grpo?.members.get('policy')?.role, 'input')
    is(grpo?.members.get('policy')?.default, undefined)
    is(grpo?.members.get('group_size')?.role, 'attribute')
    is(grpo?.outputs.get('policy')?.role, 'output')
    is(grpo?.aliases.get('learning_rate'), 'optimizer.lr')
    is(grpo?.sections.get('rollout')?.aliases.get('temp'), 'temperature')
    ok(grpo?.members.get('policy')?.doc.includes('improve'))
  })

  test('a section of a kind has the members of that kind', () => {
    const { kinds } = kindsOf('import { Sft } from "std/stages"')
    const optimizer = kinds.all.get('std/stages.Sft')?.sections.get('optimizer')
    equal([...(optimizer?.members ?? [])], [...(kinds.all.get('std/stages.AdamW')?.members ?? [])])
    is(optimizer?.aliases.get('max_grad_norm'), 'clip_norm')
  })

  test('and those in its braces besides', () => {
    const { kinds } = kindsOf('import { Supervised } from "std/supervised"')
    const optimizer = kinds.all.get('std/supervised.Supervised')?.sections.get('optimizer')
    equal([...(optimizer?.members.keys() ?? [])], [...(kinds.all.get('std/stages.AdamW')?.members.keys() ?? []), 'momentum'])
    is(kinds.all.get('std/stages.Sft')?.sections.get('optimizer')?.members.has('momentum'), false)
  })

  test('the kind of a declaration is its annotation, or the one of the prelude', () => {
    const { program, kinds } = kindsOf('import * as stages from "std/stages"\nstage s: stages.Sft {}\nclaim c { require = true }\npipeline p {}\nstage t: Unknown {}\nparam q: Int = 1')
    const kindOf = (name: string) => {
      const declaration = program.entry.declared.get(name)?.declaration
      return declaration?.node === 'Declaration' ? kinds.kindOf(declaration, program.entry)?.name : undefined
    }
    equal(['s', 'c', 'p', 't', 'q'].map(kindOf), ['Sft', 'Claim', 'Pipeline', undefined, undefined])
  })

  test('type parameters reach the members', () => {
    const { kinds } = kindsOf('')
    equal(kinds.all.get('std/prelude.Dataset')?.members.get('source')?.variables, ['Row'])
  })

  test('what a kind cannot have', () => {
    is(kindsOf('kind K: Stagee {}').codes, 'RLP2011')
    is(kindsOf('kind K: Model[Classifier] {}').codes, '')
    is(kindsOf('kind K: Model[Int] {}').codes, 'RLP2011')
    is(kindsOf('kind K: Stage[Classifier] {}').codes, 'RLP2011')
    is(kindsOf('kind K: Stage { colour = 1 }').codes, 'RLP2006')
    is(kindsOf('kind K: Stage { levels = "token" }').codes, 'RLP2013')
    is(kindsOf('kind K: Stage { attribute a }').codes, 'RLP2011')
    is(kindsOf('kind K: Stage {\n attribute a: Int\n input a: Int\n}').codes, 'RLP2002')
    is(kindsOf('kind K: Stage { term a = 1 }').codes, 'RLP2013')
    is(kindsOf('kind K: Stage { section s { output a: Int } }').codes, 'RLP2013')
    is(kindsOf('kind K: Stage { section s: Nothing }').codes, 'RLP2011')
  })
})
