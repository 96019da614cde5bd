// Concrete syntax of types → syntax tree.
// Names of types are not looked up, bounds not evaluated.

import type { CstNode } from '../parser/chevrotain.js'
import { report } from '../parser/codes.js'
import type { Span } from '../source/source.js'
import type { Expression, FunctionType, InvalidType, RecordType, TypeNode } from './ast.js'
import { checkEmptyPlaces, docOf, identifier, rule, rules, spanOf, token, tokens, type Context } from './cst.js'
import { invalid, lowerGroup, lowerNumber, tokenText } from './lower-expression.js'

const mostRestrictions = 8

const invalidType = (span: Span): InvalidType => ({ node: 'InvalidType', span })

/** A `typeAnnotation` node (`: type`), when there is one. */
export function lowerAnnotation(context: Context, node: CstNode | undefined): TypeNode | undefined {
  return node && lowerType(context, rule(node, 'type'), spanOf(context, node).end)
}

/** A `type` node; `at` is where it should be when it is missing. */
export function lowerType(context: Context, node: CstNode | undefined, at: number): TypeNode {
  if (!node) return invalidType(context.file.span(at, at))
  const options = rules(node, 'restrictedType').map((option) => lowerRestricted(context, option, at))
  const [only] = options
  if (only && options.length === 1) return only
  return only ? { node: 'UnionType', options, span: spanOf(context, node, at) } : invalidType(spanOf(context, node, at))
}

function lowerRestricted(context: Context, node: CstNode, at: number): TypeNode {
  let type = lowerAtom(context, rule(node, 'typeAtom'), spanOf(context, node, at).end)
  const from = type.span.start
  const question = token(node, 'Question')
  if (question) type = { node: 'OptionalType', inner: type, span: context.file.span(from, question.startOffset + 1) }
  const restrictions = rules(node, 'typeRestriction')
  if (restrictions.length > mostRestrictions) {
    const span = spanOf(context, node, at)
    context.diagnostics.push(report('RLP1012', span, `this type is restricted more than ${mostRestrictions} times`, { help: 'one `in` and one `per` are enough' }))
    return invalidType(span)
  }
  for (const restriction of restrictions) {
    const own = spanOf(context, restriction, type.span.end)
    const span = context.file.span(from, own.end)
    if (token(restriction, 'Per')) {
      const level = identifier(context, token(restriction, 'Word'))
      type = level ? { node: 'LevelType', inner: type, level, span } : invalidType(span)
    } else {
      type = { node: 'RangeType', inner: type, low: lowerBound(context, rule(restriction, 'low')), high: lowerBound(context, rule(restriction, 'high')), span }
    }
  }
  return type
}

function lowerBound(context: Context, node: CstNode | undefined): Expression | undefined {
  if (!node) return undefined
  const span = spanOf(context, node)
  const number = rule(node, 'number')
  const group = rule(node, 'group')
  const start = token(node, 'Identifier')
  let value: Expression = invalid(span)
  if (number) value = lowerNumber(context, number, span.start) ?? value
  else if (group) value = lowerGroup(context, group, span.start)
  else if (start) {
    value = { node: 'Name', name: start.image, span: spanOf(context, start) }
    for (const part of tokens(node, 'Word')) {
      const name = identifier(context, part)
      value = { node: 'Field', target: value, name, span: context.file.span(value.span.start, name.span.end) }
    }
  }
  return token(node, 'Minus') ? { node: 'Unary', operator: '-', operand: value, span } : value
}

function lowerAtom(context: Context, node: CstNode | undefined, at: number): TypeNode {
  if (!node) return invalidType(context.file.span(at, at))
  const span = spanOf(context, node, at)
  const text = token(node, 'Text')
  if (text) return { node: 'LiteralType', value: tokenText(context, text), span }
  const named = rule(node, 'namedType')
  if (named) return lowerNamed(context, named, span)
  const record = rule(node, 'recordType')
  if (record) return { node: 'RecordType', fields: lowerFields(context, record), span }
  const fn = rule(node, 'functionType')
  if (fn) return lowerFunctionType(context, fn, span)
  return token(node, 'LeftParen') ? lowerType(context, rule(node, 'type'), span.end) : invalidType(span)
}

function lowerNamed(context: Context, node: CstNode, span: Span): TypeNode {
  const [first, second] = tokens(node, 'Word')
  const dot = token(node, 'Dot')
  const name = identifier(context, dot ? second : first)
  if (!name) return invalidType(span)
  const list = rules(node, 'type').map((each) => lowerType(context, each, span.end))
  checkEmptyPlaces(context, tokens(node, 'Comma'), list.map((each) => each.span.start), 'a type')
  return { node: 'NamedType', module: dot ? identifier(context, first) : undefined, name, arguments: list, span }
}

function lowerFields(context: Context, node: CstNode): RecordType['fields'] {
  return rules(node, 'fieldType').flatMap((field) => {
    const name = identifier(context, token(field, 'Word'))
    const type = lowerAnnotation(context, rule(field, 'typeAnnotation'))
    return name && type ? [{ name, type, doc: docOf(context, name.span) }] : []
  })
}

function lowerFunctionType(context: Context, node: CstNode, span: Span): FunctionType {
  const parameters = lowerFields(context, node).map(({ name, type }) => ({ name, type }))
  checkEmptyPlaces(context, tokens(node, 'Comma'), parameters.map(({ name }) => name.span.start), 'a parameter')
  return { node: 'FunctionType', parameters, result: lowerType(context, rule(node, 'type'), span.end), span }
}
