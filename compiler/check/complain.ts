// What the user reads when a value does not fit its place: one message for each reason, with the values in scope and a fix.

import type { Expression } from '../../grammar/ast/ast.js'
import type { Fix } from '../../grammar/diagnostics/diagnostic.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Reason } from './assignable.js'
import { joined, listed, replace, shortened, sourceOf, type Context } from './context.js'
import { OUTERMOST, showLevel } from './levels.js'
import { optionsOf, show, showBounds, type Type } from './types.js'
import { shownUnit } from './units.js'

/** Reports why `from`, the type of `expression`, is not accepted for `to`. */
export function complain(cx: Context, expression: Expression, from: Type, to: Type, reason: Reason, subject: string): void {
  const { span } = expression
  const label = `expected ${shortened(show(to))}, found ${shortened(show(from))}`
  switch (reason.why) {
    case 'bare':
      return bare(cx, expression, reason.dimensions, subject)
    case 'unit':
      return unit(cx, expression, reason.expected, reason.found, subject)
    case 'range':
      return cx.report('RLP4005', span, `${subject} must be ${showBounds(reason.low, reason.high)}`, {
        label: from.type === 'number' && from.low === from.high ? `this is ${from.low}` : `this is ${from.type === 'number' ? showBounds(from.low, from.high) : show(from)}`,
        help: `write a number that is ${showBounds(reason.low, reason.high)}${optionsOf(to).some(({ type }) => type === 'none') ? ', or `none`' : ''}`,
      })
    case 'fraction':
      return cx.report('RLP3001', span, `${subject} expects an Int`, { label: 'expected Int, found Real', help: 'write a whole number, or round with `floor`' })
    case 'level':
      return level(cx, expression, reason.expected, reason.found, subject)
    case 'unrelated':
      return cx.report('RLP4103', span, `${subject} is about ${reason.expected}s, this is about ${reason.found}s`, {
        label: `one number for ${showLevel(reason.found)}`,
        notes: [`no stage kind has both levels, ${reason.expected} and ${reason.found}`],
        help: `use a function of values per ${reason.expected}`,
      })
    case 'none':
      return cx.report('RLP3006', span, `${subject} needs a value, and this may be \`none\``, {
        label,
        help: insteadOfNone(from, shortened(sourceOf(span), 20)),
      })
    case 'literal':
      return literal(cx, expression, reason.legal, reason.found, subject)
    case 'fields':
      return cx.report('RLP3001', span, `${subject} expects a record with other fields`, { label: 'some fields do not fit', notes: differences(reason), help: 'give the record the missing fields' })
    case 'rows':
      return rows(cx, expression, reason, subject)
    case 'parameter':
      return cx.report('RLP3008', span, `${nameOf(from, 'the function')} reads \`${reason.name}\`, which ${subject} does not provide`, {
        label: `\`${reason.name}\` is not bound`,
        notes: [`${subject} provides ${listed(reason.provided)}`],
        help: suggest(reason.name, reason.provided)
          ? `rename the parameter to \`${suggest(reason.name, reason.provided)}\`, or bind it: \`${shortened(calleeOf(expression), 24)}(${reason.name} = …)\``
          : `bind it: \`${shortened(calleeOf(expression), 24)}(${reason.name} = …)\``,
      })
    case 'argument':
      return cx.report(reason.reason.why === 'level' ? 'RLP4102' : 'RLP3008', span, `${nameOf(from, 'the function')} takes \`${reason.name}\` in another form than ${subject} gives`, {
        label: `expected ${show(reason.expected)}, given ${show(reason.found)}`,
        help: reason.reason.why === 'level' ? `take \`${reason.name}: ${show(reason.found)}\` and reduce it in the function` : `take \`${reason.name}: ${show(reason.found)}\``,
      })
    case 'result':
      return cx.report(reason.reason.why === 'level' ? 'RLP4102' : 'RLP3008', span, `${subject} wants a function with another result`, {
        label: `expected ${show(reason.expected)}, found ${show(reason.found)}`,
        help: reason.reason.why === 'level' ? reductions(reason.reason.expected, 'the result') : `return ${show(reason.expected)}`,
      })
    case 'uncalled':
      if (reason.missing.length === 0) {
        return cx.report('RLP3001', span, `${subject} expects a value, not a function`, { label, help: 'call the function', fixes: [{ title: 'call the function', edits: [{ span: { ...span, start: span.end }, insert: '()' }], safe: false }] })
      }
      return cx.report('RLP3004', span, `${nameOf(from, 'the call')} still needs ${listed(reason.missing)}`, {
        label: `expected ${shortened(show(to))}, found a function`,
        help: `write \`${shortened(calleeOf(expression), 24)}(${reason.missing.map((name) => `${name} = …`).join(', ')})\``,
      })
    case 'unindexed':
      return unindexed(cx, expression, reason.keys)
    case 'type':
      return cx.report('RLP3001', span, `${subject} expects ${shortened(show(to), 36)}`, { label: `found ${shortened(show(from))}`, ...advice(from, to, expression) })
  }
}

/** A declaration with keys is used without them. */
export function unindexed(cx: Context, expression: Expression, keys: readonly string[]): void {
  const text = `${sourceOf(expression.span)}[${keys.join(', ')}]`
  cx.report('RLP3013', expression.span, `\`${shortened(sourceOf(expression.span), 24)}\` has one instance for each ${listed(keys)}`, {
    label: 'which one?',
    help: `write \`${text}\`, with \`*\` for all of a key`,
    fixes: [replace(expression.span, text, false)],
  })
}

function bare(cx: Context, expression: Expression, dimensions: readonly string[], subject: string): void {
  const written = expression.node === 'Number' ? sourceOf(expression.span) : undefined
  // 3 % of the steps are not `3 steps`, and of how many nobody knows here.
  const share = expression.node === 'Number' && written?.endsWith('%') ? expression.value : undefined
  const literal = share === undefined ? written : undefined
  const spellings = dimensions.map((dimension) => `${literal ?? shortened(sourceOf(expression.span), 20)} ${shownUnit(dimension)}`)
  const advised = () => {
    if (share !== undefined) return `write the number itself: ${written} of 1000 are \`${Number((share * 1000).toPrecision(12))} ${shownUnit(dimensions[0] as string)}\``
    if (literal === undefined) return `give the number a unit: ${dimensions.map((one) => `\`… ${shownUnit(one)}\``).join(' or ')}`
    return `write ${joined(spellings.map((text) => `\`${text}\``), 'or')}`
  }
  cx.report('RLP4002', expression.span, `${subject} needs a unit`, {
    label: `a ${share === undefined ? 'bare number' : 'share'}; ${subject} is ${dimensions.join(' | ')}`,
    help: advised(),
    fixes: literal === undefined ? [] : spellings.map((text) => replace(expression.span, text, dimensions.length === 1)),
  })
}

/** Pairs of units that people take for each other, and what lies between them. */
const BETWEEN: readonly (readonly [string, string, string])[] = [
  ['Steps', 'Tokens', 'tokens become steps only through the batch size and the lengths of its rows'],
  ['Steps', 'Samples', 'samples become steps through the batch size: steps = samples / batch'],
  ['Steps', 'Epochs', 'epochs become steps only with the size of the data and the batch'],
  ['Prompts', 'Rollouts', 'one prompt has `group_size` rollouts'],
  ['Prompts', 'Samples', 'a prompt is completed by the policy, a sample already has its completion'],
  ['Samples', 'Tokens', 'a sample has many tokens'],
  ['Rollouts', 'Samples', 'a rollout is a completion that the policy writes'],
]

function unit(cx: Context, expression: Expression, expected: readonly string[], found: string, subject: string): void {
  const { span } = expression
  const number = expression.node === 'Number' && expression.unit ? sourceOf({ ...span, end: expression.unit.span.start }).trim() : undefined
  if (expected.length === 0) {
    return cx.report('RLP4001', span, `${subject} is a pure number, and this has a unit`, {
      label: `expected a number, found ${found}`,
      help: number === undefined ? `divide by \`1 ${shownUnit(found)}\` to get a pure number` : `write \`${number}\``,
      fixes: number === undefined ? [] : [replace(span, number, false)],
    })
  }
  const wanted = joined(expected.map(shownUnit), 'or')
  cx.report('RLP4001', span, `${subject} counts ${wanted}, but this is a number of ${shownUnit(found)}`, {
    label: `expected ${expected.join(' | ')}, found ${found}`,
    notes: BETWEEN.filter(([a, b]) => (expected.includes(a) && b === found) || (expected.includes(b) && a === found)).map(([, , note]) => note),
    help: number === undefined ? `give a number of ${wanted}` : `write the number of ${wanted}, for example \`${number} ${shownUnit(expected[0] as string)}\``,
    fixes: number === undefined ? [] : expected.map((dimension) => replace(span, `${number} ${shownUnit(dimension)}`, false)),
  })
}

function level(cx: Context, expression: Expression, expected: string | undefined, found: string, subject: string): void {
  const text = shortened(sourceOf(expression.span), 24)
  const over = expected ?? OUTERMOST
  cx.report('RLP4102', expression.span, `${subject} wants one number for ${showLevel(expected)}`, {
    label: `this is one for ${showLevel(found)}`,
    help: reductions(expected, text),
    fixes: ['mean', 'sum'].map((name) => replace(expression.span, `${name}(${sourceOf(expression.span)}, over = ${over})`, false)),
  })
}

/** The reductions that lead to a level. */
export function reductions(to: string | undefined, text: string): string {
  const over = to ?? OUTERMOST
  return `reduce it: \`mean(${text}, over = ${over})\` or \`sum(${text}, over = ${over})\``
}

function literal(cx: Context, expression: Expression, legal: readonly string[], found: string | undefined, subject: string): void {
  const better = found === undefined ? undefined : suggest(found, legal)
  const only = legal.map((each) => JSON.stringify(each))
  cx.report('RLP3005', expression.span, found === undefined ? `${subject} is one of a few texts, and this is any text` : `${JSON.stringify(found)} is no legal ${subject.startsWith('`') ? subject : `value of ${subject}`}`, {
    label: better === undefined ? `one of ${shortened(only.join(', '), 60)}` : `did you mean ${JSON.stringify(better)}?`,
    notes: [`legal: ${only.slice(0, 16).join(', ')}${only.length > 16 ? ', …' : ''}`],
    help: better === undefined ? 'write one of the legal texts' : `write ${JSON.stringify(better)}`,
    fixes: better === undefined || expression.node !== 'Text' ? [] : [replace(expression.span, JSON.stringify(better))],
  })
}

function rows(cx: Context, expression: Expression, { reason, reads }: Reason & { why: 'rows' }, subject: string): void {
  const notes = reason.why === 'fields' ? differences(reason) : []
  if (reads) {
    return cx.report('RLP3011', expression.span, `${subject} is declared for other rows than it is given`, { label: 'declared for rows with other fields', notes, help: 'give rows with these fields, or declare the reward for the rows that it is given' })
  }
  cx.report('RLP3001', expression.span, `${subject} expects rows with other fields`, {
    label: 'these rows do not fit',
    notes,
    help: 'use data with these fields',
  })
}

/** Only what differs between two records. */
export function differences(reason: Reason & { why: 'fields' }): string[] {
  const missing = reason.missing.length === 0 ? [] : [`missing: ${reason.missing.map((field) => `\`${field}\``).join(', ')}`]
  return [...missing, ...reason.differing.map((field) => `differs: ${field}`)]
}

function nameOf(type: Type, otherwise: string): string {
  return type.type === 'function' && type.symbol ? `\`${type.symbol.name}\`` : otherwise
}

function calleeOf(expression: Expression): string {
  return sourceOf(expression.node === 'Call' ? expression.callee.span : expression.span)
}

function advice(from: Type, to: Type, expression: Expression): { help: string; fixes?: readonly Fix[] } {
  const names = new Set(optionsOf(to).map((option) => (option.type === 'artefact' ? option.name : option.type)))
  if (from.type === 'stage') {
    const outputs = [...from.schema.outputs.keys()]
    const fitting = outputs.filter((name) => (names.has('Policy') ? name === 'policy' : names.has('Dataset') ? ['data', 'rollouts'].includes(name) : names.has('number')))
    const output = fitting[0] ?? outputs[0]
    if (output) return { help: `name an output of the stage: \`${sourceOf(expression.span)}.${output}\``, fixes: [{ title: `use \`.${output}\``, edits: [{ span: { ...expression.span, start: expression.span.end }, insert: `.${output}` }], safe: fitting.length === 1 }] }
  }
  if (from.type === 'artefact' && from.name === 'Reward' && names.has('Term')) return { help: `name a term of the reward, for example \`${sourceOf(expression.span)}.total\`` }
  if (from.type === 'boolean' && names.has('number')) {
    const text = `if ${sourceOf(expression.span)} then 1 else 0`
    return { help: `write \`${shortened(text, 48)}\``, fixes: [replace(expression.span, text)] }
  }
  if (from.type === 'text' && names.has('Dataset') && from.value !== undefined) {
    const reader = /\.csv$/.test(from.value) ? 'csv' : /\.parquet$/.test(from.value) ? 'parquet' : 'jsonl'
    return { help: `read the file: \`${reader}(${JSON.stringify(from.value)})\``, fixes: [replace(expression.span, `${reader}(${JSON.stringify(from.value)})`)] }
  }
  if (from.type === 'text' && names.has('number') && from.value !== undefined && from.value.trim() !== '' && Number.isFinite(Number(from.value))) return { help: `write \`${Number(from.value)}\` without quotes`, fixes: [replace(expression.span, String(Number(from.value)))] }
  if (to.type === 'list' && from.type !== 'list') return { help: `write \`[${shortened(sourceOf(expression.span), 24)}]\``, fixes: [replace(expression.span, `[${sourceOf(expression.span)}]`, false)] }
  if (from.type === 'number' && names.has('range')) return { help: 'write both ends, for example `0.2..0.28`' }
  if (from.type === 'none') return { help: 'give a value' }
  const number = from.type === 'keyed' ? from.item : from
  if (number.type === 'number' && names.has('boolean')) return { help: `compare it, for example \`${shortened(sourceOf(expression.span), 32)} > 0\`` }
  return { help: `give a value of type ${shortened(show(to), 48)}` }
}

/** What to write where a value may be `none`. A number has a function for it, which is asked once. */
export const insteadOfNone = (type: Type, source: string): string =>
  `say what stands for \`none\`: ${optionsOf(type).some((option) => option.type === 'number') ? `\`otherwise(${source}, 0)\` of \`std/signals\`` : `\`if ${source} == none then … else ${source}\``}`
