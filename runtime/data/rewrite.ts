// Rows in other words: prompt and completion made of the fields of the row, by templates.

import { failure } from '../codes.js'
import type { Dataset, Row } from './dataset.js'
import { mapped } from './draws.js'

/** Each `{field}` in the templates is the row's field of that name, a text or a number. Errors: RLP8009 when the row has none. */
export function rewritten(of: Dataset, prompt: string, completion: string): Dataset {
  return mapped(of, (row) => ({ ...row, prompt: filled(prompt, row), completion: filled(completion, row) }))
}

function filled(template: string, row: Row): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(row, name) ? row[name] : undefined
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw failure('RLP8009', `a row has no text or number in the field \`${name}\`, which the template's \`${place}\` reads`, `the row has ${Object.keys(row).map((field) => `\`${field}\``).join(', ')}`)
  })
}
