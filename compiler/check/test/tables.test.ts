// Tables that must agree: functions of the language here and in lowering, units and their types, words and their places.

import { is, ok, suite } from '../../../spec/test/suite.js'
import { functions, WHERE } from '../../arithmetic/elementwise.js'
import { readKinds } from '../../kinds/read.js'
import { memoryHost } from '../../resolve/host.js'
import { resolve } from '../../resolve/resolve.js'
import { ranges } from '../../arithmetic/ranges.js'
import { reductions } from '../../lower/reductions.js'
import { MEMBER_WORDS, TOP_WORDS, CATEGORIES } from '../../kinds/words.js'
import { codes as nameCodes } from '../../resolve/codes.js'
import { BUILTINS } from '../builtins.js'
import { codes } from '../codes.js'
import { GRANTS, PLACES } from '../grants.js'
import { FOREIGN_KINDS, FOREIGN_SETTINGS, FOREIGN_TYPES, FOREIGN_VALUES } from '../foreign-names.js'
import { Levels } from '../levels.js'
import { BUILT_IN_TYPES } from '../read-type.js'
import { diagnose, library } from './harness.js'
import { DIMENSIONS, shownUnit, unitNamed } from '../units.js'

suite('check: tables', (test) => {
  test('every element-wise function has the parameters that lowering gives it', () => {
    for (const [name, { parameters, variadic }] of Object.entries(functions)) {
      is(BUILTINS[name]?.parameters.join(), parameters.join(), name)
      is(BUILTINS[name]?.variadic, variadic === true, name)
    }
    ok(Object.hasOwn(BUILTINS, WHERE))
  })

  test('every reduction is known to both', () => {
    const here = Object.entries(BUILTINS).filter(([, { rule }]) => ['reduction', 'truths', 'count'].includes(rule)).map(([name]) => name)
    is(here.sort().join(' '), Object.keys(reductions).sort().join(' '))
  })

  test('element-wise functions have a range', () => {
    for (const [name, { rule }] of Object.entries(BUILTINS)) if (['pure', 'keeps', 'sign', 'alike'].includes(rule)) ok(Object.hasOwn(ranges, name), name)
  })

  test('units lead to one dimension, and singular and plural are the same', () => {
    const spellings = Object.values(DIMENSIONS).flatMap((dimension) => Object.keys(dimension.spellings))
    is(new Set(spellings).size, spellings.length)
    for (const [name, { unit }] of Object.entries(DIMENSIONS)) {
      is(unitNamed(shownUnit(name))?.dimension, name)
      ok(BUILT_IN_TYPES.includes(name))
      is(unitNamed(unit)?.factor, 1, unit)
    }
    is(unitNamed('h')?.factor, 3600)
    is(unitNamed('GiB')?.factor, 2 ** 30)
    is(unitNamed('step')?.unit, 'steps')
    is(unitNamed('stpes'), undefined)
  })

  test('words take kinds of categories that exist', () => {
    for (const { category } of Object.values(TOP_WORDS)) ok(category === undefined || CATEGORIES.includes(category), category)
    for (const parents of Object.values(MEMBER_WORDS)) for (const parent of parents) ok(parent in TOP_WORDS || parent in MEMBER_WORDS, parent)
  })

  test('granted names have a place in words', () => {
    for (const attributes of Object.values(GRANTS)) for (const names of Object.values(attributes)) for (const name of names) ok(name in PLACES, name)
  })

  test('codes and slugs are used once', () => {
    const all = { ...nameCodes, ...codes }
    is(Object.keys(all).length, Object.keys(nameCodes).length + Object.keys(codes).length)
    const slugs = Object.values(all).map(({ slug }) => slug)
    is(new Set(slugs).size, slugs.length)
    ok(slugs.length >= 45)
  })

  test('levels are a partial order over all chains', () => {
    const levels = new Levels([['word', 'line', 'batch']])
    ok(levels.isOutside('group', 'token') && levels.isOutside(undefined, 'token') && levels.isOutside('line', 'word'))
    ok(!levels.isOutside('token', 'token') && !levels.isOutside('token', 'group') && !levels.isOutside('group', undefined))
    is(JSON.stringify(levels.innermost('rollout', 'token')), '{"level":"token"}')
    is(JSON.stringify(levels.innermost(undefined, 'group')), '{"level":"group"}')
    is(levels.innermost('sample', 'rollout'), 'unrelated')
    is(levels.outside('rollout').join(' '), 'group batch')
  })
})

suite('check: names of other systems', (test) => {
  const settings = ['Sft', 'Dpo', 'Grpo'].map((kind) => [kind, `rlp 1\nimport { ${kind} } from "std/stages"\nstage s: ${kind} {\n`] as const)

  test('every setting without a counterpart says in every stage kind what to do, or is an alias there', () => {
    for (const [kind, head] of settings) {
      const text = `${head}${[...FOREIGN_SETTINGS.keys()].map((name) => `  ${name} = 1\n`).join('')}}\n`
      const found = diagnose(text).filter(({ code }) => code !== 'RLP3002')
      for (const name of FOREIGN_SETTINGS.keys()) {
        const about = found.filter(({ primary: { span } }) => text.slice(span.start, span.end) === name)
        is(about.map(({ code }) => code).join(' '), 'RLP2006', `${kind}.${name}`)
        ok(about[0]?.help !== undefined && about[0].help !== 'remove it, or use one of these', `${kind}.${name}`)
      }
    }
  })

  test('every alias of every kind of the library leads to what the kind has', () => {
    const { kinds } = kindsOfLibrary()
    for (const { name, aliases, members, sections } of kinds.all.values()) {
      for (const [alias, path] of aliases) {
        const [head = '', tail] = path.split('.')
        ok(tail === undefined ? members.has(head) || sections.has(head) : sections.get(head)?.members.has(tail), `${name}.${alias}`)
        ok(!members.has(alias), `${name}.${alias} is an attribute itself`)
      }
    }
  })

  test('our spelling of a foreign type, kind or value exists', () => {
    for (const [name, { write }] of FOREIGN_TYPES) if (write !== undefined) ok(BUILT_IN_TYPES.includes(write), name)
    const { kinds } = kindsOfLibrary()
    for (const [name, { write }] of FOREIGN_KINDS) if (write !== undefined) ok([...kinds.all.values()].some((kind) => kind.name === write), name)
    for (const [name, { write }] of FOREIGN_VALUES) if (write !== undefined) ok(['true', 'false', 'none', ...Object.keys(PLACES)].includes(write), name)
  })
})

function kindsOfLibrary() {
  const { program } = resolve('main.rlp', memoryHost({ 'main.rlp': 'rlp 1\nimport * as stages from "std/stages"\n' }, library))
  if (!program) throw new Error('the library cannot be read')
  return readKinds(program)
}
