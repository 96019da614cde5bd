// The schema of values: each form of `Value` passes, and what mixes two forms, lacks a part or is empty does not.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { is, suite } from '../../test/suite.js'

const schema = JSON.parse(readFileSync(new URL('../../schemas/plan.schema.json', import.meta.url), 'utf8')) as { readonly $defs: object }
const isValue = new Ajv2020({ allowUnionTypes: true }).compile({ $defs: schema.$defs, $ref: '#/$defs/Value' })

const PLAIN = [null, true, 1.5, 'text']

/** Each form of a value that is an object; of its fields the first `least` must be there, else all. */
const FORMS: readonly { readonly fields: Readonly<Record<string, unknown>>; readonly least?: number }[] = [
  { fields: { value: 1, unit: 'steps' } },
  { fields: { low: null, high: 1 } },
  { fields: { record: { a: 1, b: { model: 'm' } } } },
  { fields: { call: 'std/prelude.subset', args: { of: { dataset: 'd' } } } },
  { fields: { fn: 'std/losses.grpo', args: {} } },
  { fields: { model: 'm' } },
  { fields: { dataset: 'd' } },
  { fields: { curriculum: 'c' } },
  { fields: { reward: 'r', term: 't' }, least: 1 },
  { fields: { stage: 's[0]', output: 'policy' } },
  { fields: { expr: { name: 'x' } } },
  { fields: { secret: 's' } },
]

suite('the schema of values', (test) => {
  test('plain values, lists and every form', () => {
    for (const value of [...PLAIN, [], [PLAIN, [{ model: 'm' }]], ...FORMS.map(({ fields }) => fields), { reward: 'r' }]) is(isValue(value), true, JSON.stringify(value))
  })

  test('a form with a part missing, of the wrong type, or with a field of another form', () => {
    for (const { fields, least = Object.keys(fields).length } of FORMS) {
      const names = Object.keys(fields)
      for (const name of names.slice(0, least)) {
        const { [name]: _, ...rest } = fields
        is(isValue(rest), false, JSON.stringify(rest))
      }
      for (const name of names) is(isValue({ ...fields, [name]: [[]] }), false, `${JSON.stringify(fields)} with a list as ${name}`)
      for (const other of [{ odd: 1 }, ...FORMS.map((each) => each.fields)]) {
        for (const [name, value] of Object.entries(other)) {
          if (name in fields) continue
          is(isValue({ ...fields, [name]: value }), false, `${JSON.stringify(fields)} with ${name}`)
          is(isValue([{ ...fields, [name]: value }]), false)
        }
      }
    }
    for (const value of [{}, [{}], { record: { a: {} } }, { record: 1 }, { call: 'f', args: { x: {} } }]) is(isValue(value), false, JSON.stringify(value))
  })
})
