// Concrete syntax of expressions → syntax tree: precedence, literals, calls.
// No name is looked up and no unit checked.

import type { CstNode, IToken } from '../parser/chevrotain.js'
import { report } from '../parser/codes.js'
import { numberValue, textValue } from '../parser/literals.js'
import type { Span } from '../source/source.js'
import type { Argument, BinaryOperator, Expression, Index, Invalid, NumberLiteral, RecordLiteral } from './ast.js'
import { checkEmptyPlaces, hasErrorWithin, identifier, rule, rules, spanOf, token, tokens, type Context } from './cst.js'

/** Deepest expression; the phases that follow are recursive. */
export const deepestExpression = 512

/** Binding power, loosest first; prefix operators bind tighter than all of these and looser than `^`. */
const powers: Readonly<Record<Exclude<BinaryOperator, '^'>, number>> = {
  or: 1,
  and: 2,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '==': 3,
  '!=': 3,
  in: 3,
  '..': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
}
const comparison = 3

export function invalid(span: Span): Invalid {
  return { node: 'Invalid', span }
}

/** An `expression` node; `at` is where it should be when it is missing. */
export function lowerExpression(context: Context, node: CstNode | undefined, at: number): Expression {
  const conditional = rule(node, 'conditional')
  if (conditional) return lowerConditional(context, conditional, at)
  return lowerBinary(context, rule(node, 'binary'), at)
}

/** The value after `=` (or the `:` written for it), which the grammar allows to be missing or wrongly marked. */
export function lowerValue(context: Context, assign: IToken | undefined, value: CstNode | undefined, owner: string): Expression {
  if (!assign) return invalid(spanOf(context, value ?? emptyNode))
  const end = assign.startOffset + assign.image.length
  const isColon = assign.tokenType.name === 'Colon'
  if (isColon) reportColon(context, assign)
  const expression = rule(value, 'expression')
  if (expression) return lowerExpression(context, expression, end)
  if (!isColon) {
    context.diagnostics.push(
      report('RLP1001', spanOf(context, assign), `${owner} has no value`, {
        label: 'expected a value after this',
        help: 'put the value on this line, or indented on the next',
      }),
    )
  }
  return invalid(context.file.span(end, end))
}

/** `: value` where `= value` is meant (RLP1003). */
export function reportColon(context: Context, colon: IToken): void {
  const { text } = context.file
  const { startOffset: at } = colon
  const before = /\s/.test(text.charAt(at - 1)) ? '' : ' '
  const after = /\s/.test(text.charAt(at + 1)) ? '' : ' '
  context.diagnostics.push(
    report('RLP1003', spanOf(context, colon), '`:` gives a type, `=` gives a value', {
      label: 'write `=` here',
      help: 'replace `:` with `=`',
      fixes: [{ title: 'replace `:` with `=`', edits: [{ span: spanOf(context, colon), insert: `${before}=${after}` }], safe: true }],
    }),
  )
}

const emptyNode: CstNode = { name: '', children: {} }

/** Runs `lower` with the nesting grown by `levels`, unless that is too deep (RLP1012). */
function nested(context: Context, span: Span, levels: number, lower: () => Expression): Expression {
  if (context.depth + levels > deepestExpression) {
    context.diagnostics.push(
      report('RLP1012', span, `this expression is nested more than ${deepestExpression} deep`, { help: 'give parts of it names of their own with `let` or `const`' }),
    )
    return invalid(span)
  }
  context.depth += levels
  try {
    return lower()
  } finally {
    context.depth -= levels
  }
}

function lowerConditional(context: Context, node: CstNode, at: number): Expression {
  const branches = rules(node, 'branch')
  const span = spanOf(context, node, at)
  return nested(context, span, branches.length, () => {
    let result = lowerExpression(context, rule(node, 'expression'), span.end)
    for (const branch of branches.toReversed()) {
      const own = spanOf(context, branch, at)
      const [condition, then] = rules(branch, 'expression')
      result = {
        node: 'If',
        condition: lowerExpression(context, condition, own.end),
        then: lowerExpression(context, then, own.end),
        else: result,
        span: context.file.span(own.start, Math.max(own.end, result.span.end)),
      }
    }
    return result
  })
}

/** A `binary` node: operands and operators in a row; precedence climbing builds the tree. */
export function lowerBinary(context: Context, node: CstNode | undefined, at: number): Expression {
  if (!node) return invalid(context.file.span(at, at))
  const operands = rules(node, 'operand')
  const operators = tokens(node, 'BinaryOperator')
  const prefixes = operands.reduce((sum, operand) => sum + tokens(operand, 'Prefix').length, 0)
  return nested(context, spanOf(context, node, at), 1 + operators.length + prefixes, () => new Climb(context, operands, operators, at).from(0))
}

class Climb {
  private next = 0

  constructor(
    private readonly context: Context,
    private readonly operands: readonly CstNode[],
    private readonly operators: readonly IToken[],
    private readonly at: number,
  ) {}

  /** Everything from here whose operators bind at least as tightly as `least`. */
  from(least: number): Expression {
    let left = this.unary()
    let compared: IToken | undefined
    for (let operator = this.operators[this.next]; operator; operator = this.operators[this.next]) {
      const power = powers[spelling(operator) as keyof typeof powers]
      if (power === undefined || power < least) break
      this.next++
      const middle = left
      left = this.binary(operator, left, this.from(power + 1))
      if (power === comparison && compared) {
        this.reportChain(compared, operator, middle)
        left = { node: 'Invalid', span: left.span }
      }
      compared = power === comparison ? operator : undefined
    }
    return left
  }

  /** Prefix operators around a power: `-a ^ b` is `-(a ^ b)`, and `a ^ -b` is legal. */
  private unary(): Expression {
    const node = this.operands[this.next]
    const operator = this.operators[this.next]
    let value = lowerOperand(this.context, node, this.at)
    if (operator && spelling(operator) === '^') {
      this.next++
      value = this.binary(operator, value, this.unary())
    }
    for (const prefix of tokens(node, 'Prefix').toReversed()) {
      const span = this.context.file.span(prefix.startOffset, Math.max(value.span.end, prefix.startOffset + prefix.image.length))
      value = { node: 'Unary', operator: prefix.tokenType.name === 'Minus' ? '-' : 'not', operand: value, span }
    }
    return value
  }

  private binary(operator: IToken, left: Expression, right: Expression): Expression {
    const operatorSpan = spanOf(this.context, operator)
    const span = this.context.file.span(left.span.start, Math.max(right.span.end, operatorSpan.end))
    return { node: 'Binary', operator: spelling(operator), operatorSpan, left, right, span }
  }

  private reportChain(first: IToken, second: IToken, middle: Expression): void {
    const shared = middle.node === 'Binary' ? middle.right : middle
    const text = this.context.file.text.slice(shared.span.start, shared.span.end)
    const span = spanOf(this.context, second)
    this.context.diagnostics.push(
      report('RLP1010', span, 'comparisons cannot be chained', {
        label: 'a second comparison',
        related: [{ span: spanOf(this.context, first), text: 'the first' }],
        help: `join two comparisons with \`and\`: \`… and ${text} ${second.image} …\``,
        fixes: [{ title: 'join with `and`', edits: [{ span: this.context.file.span(span.start, span.start), insert: `and ${text} ` }], safe: false }],
      }),
    )
  }
}

/** Tokens that stand for a misspelt operator (`&&`, `≤`) carry the image that was written. */
function spelling(operator: IToken): BinaryOperator {
  return operator.tokenType.PATTERN as BinaryOperator
}

function lowerOperand(context: Context, node: CstNode | undefined, at: number): Expression {
  if (!node) return invalid(context.file.span(at, at))
  const suffixes = rules(node, 'suffix')
  const primary = rule(node, 'primary')
  return nested(context, spanOf(context, node, at), suffixes.length, () =>
    suffixes.reduce((target, suffix) => lowerSuffix(context, target, suffix), lowerPrimary(context, primary, spanOf(context, node, at).end)),
  )
}

function lowerSuffix(context: Context, target: Expression, node: CstNode): Expression {
  const own = spanOf(context, node, target.span.end)
  const span = context.file.span(target.span.start, own.end)
  if (token(node, 'Dot')) {
    const name = identifier(context, token(node, 'Word'))
    return name ? { node: 'Field', target, name, span } : invalid(span)
  }
  const commas = tokens(node, 'Comma')
  if (token(node, 'LeftSquare')) {
    const keys = rules(node, 'indexKey').map((key): Index['keys'][number] => {
      const star = token(key, 'Star')
      return star ? { node: 'Star', span: spanOf(context, star) } : lowerExpression(context, rule(key, 'expression'), own.end)
    })
    checkEmptyPlaces(context, commas, keys.map((key) => key.span.start), 'a key')
    const close = token(node, 'RightSquare')
    if (close && keys.length === 0 && commas.length === 0 && !hasErrorWithin(context, own)) {
      context.diagnostics.push(report('RLP1007', spanOf(context, close), 'expected a key, found `]`', { label: 'name an instance, or `*` for all' }))
    }
    return { node: 'Index', target, keys, span }
  }
  const list = rules(node, 'argument').map((argument) => lowerArgument(context, argument, own.end))
  checkEmptyPlaces(context, commas, list.map((argument) => argument.span.start), 'an argument')
  return { node: 'Call', callee: target, arguments: list, span }
}

function lowerArgument(context: Context, node: CstNode, at: number): Argument {
  const span = spanOf(context, node, at)
  const name = identifier(context, token(node, 'Word'))
  if (!name) return { name, value: lowerExpression(context, rule(node, 'expression'), span.end), span }
  return { name, value: lowerValue(context, token(node, 'Assign'), rule(node, 'value'), `argument \`${name.name}\``), span }
}

function lowerPrimary(context: Context, node: CstNode | undefined, at: number): Expression {
  if (!node) return invalid(context.file.span(at, at))
  const span = spanOf(context, node, at)
  const number = rule(node, 'number')
  if (number) return lowerNumber(context, number, at) ?? invalid(span)
  const text = token(node, 'Text')
  if (text) return { node: 'Text', value: tokenText(context, text), span }
  if (token(node, 'True')) return { node: 'Boolean', value: true, span }
  if (token(node, 'False')) return { node: 'Boolean', value: false, span }
  if (token(node, 'None')) return { node: 'None', span }
  const name = token(node, 'Word')
  if (name) return { node: 'Name', name: name.image, span }
  const list = rule(node, 'list')
  if (list) {
    const items = rules(list, 'expression').map((item) => lowerExpression(context, item, span.end))
    checkEmptyPlaces(context, tokens(list, 'Comma'), items.map((item) => item.span.start), 'a value')
    return { node: 'List', items, span }
  }
  const record = rule(node, 'record')
  if (record) return lowerRecord(context, record, at)
  const group = rule(node, 'group')
  return group ? lowerGroup(context, group, at) : invalid(span)
}

/** `( e )` is `e`, with the span of the brackets: what is around it must not lose one of them when its text is shown or replaced. */
export function lowerGroup(context: Context, node: CstNode, at: number): Expression {
  const span = spanOf(context, node, at)
  return { ...lowerExpression(context, rule(node, 'expression'), span.end), span }
}

export function lowerRecord(context: Context, node: CstNode, at: number): RecordLiteral {
  const fields: RecordLiteral['fields'][number][] = []
  for (const field of rules(node, 'field')) {
    const name = identifier(context, token(field, 'Word'))
    if (name) fields.push({ name, value: lowerValue(context, token(field, 'Assign'), rule(field, 'value'), `\`${name.name}\``) })
  }
  return { node: 'Record', fields, span: spanOf(context, node, at) }
}

export function lowerNumber(context: Context, node: CstNode, at: number): NumberLiteral | undefined {
  const digits = token(node, 'Number')
  if (!digits || digits.tokenType.name === 'MisspeltNumber') return undefined
  const unit = identifier(context, token(node, 'unit'))
  const { value, integer } = numberValue(digits.image, spanOf(context, digits), context.diagnostics, unit?.name === '%')
  return { node: 'Number', value, integer, unit, span: spanOf(context, node, at) }
}

/** Value of any text token, also of one that the lexer has complained about. */
export function tokenText(context: Context, at: IToken): string {
  if (at.tokenType.name === 'ForeignText') return at.image.slice(1, -1)
  return textValue(at.image, spanOf(context, at), context.diagnostics, at.tokenType.name === 'OpenText')
}
