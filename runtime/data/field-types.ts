// The types that a dataset declares for its fields, read from the plan's words (`Text?`, `List[{ text: Text, train: Bool }]`),
// and checked against rows of files. The compiler has checked everything else; names it resolved no further accept any value.

export type FieldType =
  | { readonly is: 'any' | 'text' | 'number' | 'integer' | 'boolean' | 'none' }
  | { readonly is: 'literal'; readonly text: string }
  | { readonly is: 'list'; readonly of: FieldType }
  | { readonly is: 'map'; readonly of: FieldType }
  | { readonly is: 'record'; readonly fields: Readonly<Record<string, FieldType>> }
  | { readonly is: 'union'; readonly of: readonly FieldType[]; readonly words: string }

const NAMES: Readonly<Record<string, FieldType['is'] & ('text' | 'number' | 'integer' | 'boolean' | 'none')>> = {
  Text: 'text', Bool: 'boolean', Int: 'integer', Real: 'number', Float: 'number', none: 'none',
  Tokens: 'number', Steps: 'number', Samples: 'number', Prompts: 'number', Rollouts: 'number', Groups: 'number', Epochs: 'number',
  Turns: 'number', Transitions: 'number', Episodes: 'number', Duration: 'number', Bytes: 'number',
}

const CALLED: Readonly<Record<Exclude<FieldType['is'], 'literal' | 'union'>, string>> = {
  any: 'a value', text: 'a text', number: 'a number', integer: 'a whole number', boolean: '`true` or `false`', none: 'none',
  list: 'a list', map: 'an object', record: 'an object',
}

/** The declared fields, parsed once for all rows. */
export const fieldTypes = (row: Readonly<Record<string, string>>): ReadonlyMap<string, FieldType> => new Map(Object.entries(row).map(([name, words]) => [name, fieldType(words)]))

/** A type in the language's own notation. Words it cannot read mean any value: they are the compiler's business. */
export function fieldType(words: string): FieldType {
  const tokens = [...words.matchAll(/"((?:[^"\\]|\\.)*)"|\.\.|[\w.+-]+|[[\]{}()|?,:]/g)].map(([token]) => token)
  let at = 0
  const accept = (token: string): boolean => tokens[at] === token && ++at > 0

  function union(): FieldType {
    const options = [option()]
    while (accept('|')) options.push(option())
    return options.length === 1 ? (options[0] as FieldType) : { is: 'union', of: options, words }
  }

  function option(): FieldType {
    let type = primary()
    // `Real in 0..1`: the range is not checked here.
    if (accept('in')) while (at < tokens.length && /^[-+\d.]/.test(tokens[at] as string)) at++
    while (accept('?')) type = { is: 'union', of: [type, { is: 'none' }], words }
    return type
  }

  function primary(): FieldType {
    const token = tokens[at++] ?? ''
    if (token.startsWith('"')) return { is: 'literal', text: JSON.parse(token) as string }
    if (token === '(') {
      const inner = union()
      accept(')')
      return inner
    }
    if (token === '{') {
      const fields: Record<string, FieldType> = {}
      while (at < tokens.length && !accept('}')) {
        const name = tokens[at++] as string
        accept(':')
        fields[name] = union()
        accept(',')
      }
      return { is: 'record', fields }
    }
    const parameter = accept('[') ? union() : undefined
    if (parameter) accept(']')
    if (parameter && (token === 'List' || token === 'Set')) return { is: 'list', of: parameter }
    if (parameter && token === 'Map') return { is: 'map', of: parameter }
    return { is: NAMES[token] ?? 'any' }
  }

  return union()
}

/** What is wrong with a value, for people, e.g. "`answer` is 5, not a text"; `undefined` when nothing is. */
export function mismatch(type: FieldType, value: unknown, path: string): string | undefined {
  const problem = (): string => `\`${path}\` is ${value === undefined ? 'missing' : excerpt(value)}${value === undefined ? '' : `, not ${called(type)}`}`
  switch (type.is) {
    case 'any':
      return value === undefined ? problem() : undefined
    case 'none':
      return value === null || value === undefined ? undefined : problem()
    case 'text':
      return typeof value === 'string' ? undefined : problem()
    case 'boolean':
      return typeof value === 'boolean' ? undefined : problem()
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : problem()
    case 'integer':
      return Number.isInteger(value) ? undefined : problem()
    case 'literal':
      return value === type.text ? undefined : problem()
    case 'list':
      return Array.isArray(value) ? first(value.entries(), ([i, item]) => mismatch(type.of, item, `${path}[${i}]`)) : problem()
    case 'map':
      return isObject(value) ? first(Object.entries(value), ([name, item]) => mismatch(type.of, item, `${path}.${name}`)) : problem()
    case 'record':
      return isObject(value) ? first(Object.entries(type.fields), ([name, field]) => mismatch(field, value[name], `${path}.${name}`)) : problem()
    case 'union': {
      const problems = type.of.map((option) => mismatch(option, value, path))
      if (problems.some((one) => one === undefined)) return undefined
      // Where one option fits in outline, what is wrong inside says more than the whole union.
      return problems.find((one) => one !== undefined && !one.startsWith(`\`${path}\` `)) ?? problem()
    }
  }
}

/** A cell of a text file as the declared type: numbers and booleans are read, lists and objects are JSON, an empty cell may be none. */
export function readCell(type: FieldType, cell: string): unknown {
  const options = type.is === 'union' ? type.of : [type]
  if (cell === '' && options.some(({ is }) => is === 'none')) return null
  // Every cell is a text, so texts come last.
  for (const option of [...options.filter(({ is }) => is !== 'text'), ...options.filter(({ is }) => is === 'text')]) {
    const value = option.is === 'union' ? readCell(option, cell) : readAs(option, cell)
    if (value !== undefined && mismatch(option, value, '') === undefined) return value
  }
  return cell
}

function readAs(type: FieldType, cell: string): unknown {
  switch (type.is) {
    case 'number':
    case 'integer':
      return cell.trim() === '' ? undefined : Number(cell)
    case 'boolean':
      return { true: true, false: false }[cell.trim().toLowerCase()]
    case 'list':
    case 'map':
    case 'record':
      try {
        return JSON.parse(cell) as unknown
      } catch {
        return undefined
      }
    default:
      return cell
  }
}

function called(type: FieldType): string {
  if (type.is === 'literal') return JSON.stringify(type.text)
  if (type.is === 'union') return type.of.map(called).join(' or ')
  return CALLED[type.is]
}

function first<T>(items: Iterable<T>, problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
