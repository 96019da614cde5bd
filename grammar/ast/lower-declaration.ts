// Concrete syntax of declarations and blocks → syntax tree.
// Which words and attributes exist is not known here: that is data of the standard library.

import type { CstNode } from '../parser/chevrotain.js'
import { report } from '../parser/codes.js'
import type {
  Attribute,
  Block,
  Declaration,
  Expression,
  FunctionDeclaration,
  GenericDeclaration,
  Identifier,
  Item,
  Let,
  Parameter,
  Section,
  TestCase,
  TestDeclaration,
  TypeDeclaration,
} from './ast.js'
import { checkEmptyPlaces, docOf, hasErrorOnLine, hasErrorWithin, identifier, identifiers, rule, rules, spanOf, token, tokens, type Context } from './cst.js'
import { invalid, lowerBinary, lowerExpression, lowerRecord, lowerValue } from './lower-expression.js'
import { lowerAnnotation, lowerType } from './lower-type.js'

/** An `item` node; `undefined` when recovery left too little of it. */
export function lowerItem(context: Context, node: CstNode): Item | undefined {
  const attribute = rule(node, 'attribute')
  if (attribute) return lowerAttribute(context, attribute)
  const declaration = rule(node, 'declaration')
  if (declaration) return lowerGeneric(context, declaration)
  const fn = rule(node, 'functionDeclaration')
  if (fn) return lowerFunction(context, fn)
  const type = rule(node, 'typeDeclaration')
  if (type) return lowerTypeDeclaration(context, type)
  const test = rule(node, 'testDeclaration')
  return test && lowerTest(context, test)
}

export const isDeclaration = (item: Item): item is Declaration => item.node !== 'Attribute' && item.node !== 'Section'

function lowerBlock(context: Context, node: CstNode): Block {
  const items = rules(node, 'item').flatMap((item) => lowerItem(context, item) ?? [])
  return { node: 'Block', items, span: spanOf(context, node) }
}

function lowerAttribute(context: Context, node: CstNode): Attribute | Section | undefined {
  const path = identifiers(context, tokens(node, 'Word'))
  const last = path[path.length - 1]
  if (!last) return undefined
  const span = spanOf(context, node)
  const doc = docOf(context, span)
  const block = rule(node, 'block')
  if (block) {
    if (path.length > 1) {
      context.diagnostics.push(
        report('RLP1007', span.file.span(span.start, last.span.end), 'a section has one name, not a path', { help: `write one section inside the other: \`${path.map(({ name }) => name).join(' { ')} { …\`` }),
      )
    }
    return { node: 'Section', name: last, body: lowerBlock(context, block), doc, span }
  }
  const assign = token(node, 'Assign')
  const shown = path.map(({ name }) => name).join('.')
  if (assign) return { node: 'Attribute', path, value: lowerValue(context, assign, rule(node, 'value'), `\`${shown}\``), doc, span }
  return { node: 'Attribute', path, value: lowerUnmarked(context, rule(node, 'binary'), shown, last), doc, span }
}

/** `path value` or `path` alone: the `=` is missing (RLP1002). */
function lowerUnmarked(context: Context, value: CstNode | undefined, path: string, last: Identifier): Expression {
  const { end } = last.span
  if (!value && hasErrorOnLine(context, end)) return invalid(last.span)
  context.diagnostics.push(
    report('RLP1002', last.span, `\`${path}\` needs \`=\` and a value`, {
      label: value ? 'expected `=` after this' : 'this says nothing yet',
      help: value ? 'add `=`' : `write \`${path} = …\``,
      fixes: value ? [{ title: 'add `=`', edits: [{ span: context.file.span(end, end), insert: ' =' }], safe: true }] : [],
    }),
  )
  return value ? lowerBinary(context, value, end) : invalid(context.file.span(end, end))
}

function lowerGeneric(context: Context, node: CstNode): GenericDeclaration | undefined {
  const [word, name] = identifiers(context, tokens(node, 'Word'))
  if (!word || !name) return undefined
  const span = spanOf(context, node)
  const from = token(node, 'From')
  const assign = token(node, 'Equals') ?? from
  const block = rule(node, 'block')
  return {
    node: 'Declaration',
    word,
    name,
    typeParameters: lowerTypeParameters(context, rule(node, 'typeParameters')),
    type: lowerAnnotation(context, rule(node, 'typeAnnotation')),
    keys: rules(node, 'instanceKey').flatMap((key) => {
      const keyName = identifier(context, token(key, 'Word'))
      return keyName ? [{ name: keyName, set: lowerBinary(context, rule(key, 'binary'), spanOf(context, key).end) }] : []
    }),
    value: assign && lowerValue(context, assign, rule(node, 'value'), `\`${name.name}\``),
    from: from !== undefined,
    body: block && lowerBlock(context, block),
    doc: docOf(context, span),
    span,
  }
}

function lowerTypeParameters(context: Context, node: CstNode | undefined): readonly Identifier[] {
  const names = identifiers(context, tokens(node, 'Word'))
  checkEmptyPlaces(context, tokens(node, 'Comma'), names.map(({ span }) => span.start), 'a name')
  return names
}

function lowerFunction(context: Context, node: CstNode): FunctionDeclaration | undefined {
  const name = identifier(context, token(node, 'Word'))
  if (!name) return undefined
  const span = spanOf(context, node)
  const extern = token(node, 'Extern') !== undefined
  const { lets, body } = lowerFunctionBody(context, node, name, extern)
  return {
    node: 'Function',
    extern,
    name,
    typeParameters: lowerTypeParameters(context, rule(node, 'typeParameters')),
    parameters: rules(node, 'parameter').flatMap((parameter) => lowerParameter(context, parameter) ?? []),
    result: lowerAnnotation(context, rule(node, 'typeAnnotation')),
    lets,
    body,
    doc: docOf(context, span),
    span,
  }
}

function lowerParameter(context: Context, node: CstNode): Parameter | undefined {
  const name = identifier(context, token(node, 'Word'))
  if (!name) return undefined
  const span = spanOf(context, node)
  const assign = token(node, 'Equals')
  return {
    name,
    type: lowerAnnotation(context, rule(node, 'typeAnnotation')) ?? { node: 'InvalidType', span: name.span },
    default: assign && lowerValue(context, assign, rule(node, 'value'), `parameter \`${name.name}\``),
    doc: docOf(context, span),
    span,
  }
}

function lowerFunctionBody(context: Context, node: CstNode, name: Identifier, extern: boolean): Pick<FunctionDeclaration, 'lets' | 'body'> {
  const assign = token(node, 'Equals')
  const block = rule(node, 'functionBody')
  if (extern) {
    const written = assign ?? token(block, 'LeftCurly')
    if (written) context.diagnostics.push(report('RLP1011', spanOf(context, written), `\`extern fn ${name.name}\` has a body`, { help: 'remove `extern`, or the body: an `extern fn` runs on the host' }))
    return { lets: [], body: undefined }
  }
  if (assign) return { lets: [], body: lowerValue(context, assign, rule(node, 'value'), `function \`${name.name}\``) }
  if (block) return lowerLines(context, block)
  if (!hasErrorWithin(context, spanOf(context, node))) {
    context.diagnostics.push(report('RLP1011', name.span, `function \`${name.name}\` has no body`, { help: 'write `= expression` or `{ … }`, or `extern fn` when it runs on the host' }))
  }
  return { lets: [], body: invalid(name.span) }
}

/** `let` lines and then one expression (RLP1011). */
function lowerLines(context: Context, block: CstNode): { lets: Let[]; body: Expression } {
  const lines = rules(block, 'bodyLine')
  const span = spanOf(context, block)
  const stumbled = hasErrorWithin(context, span)
  const lets: Let[] = []
  let body: Expression | undefined
  for (const line of lines) {
    const binding = rule(line, 'binding')
    if (body && !stumbled) {
      context.diagnostics.push(
        report('RLP1011', body.span, 'only the last line of a function may be an expression', {
          label: 'this value is never used',
          help: 'give it a name with `let name = …`, or remove it',
        }),
      )
    }
    body = undefined
    if (binding) lets.push(...lowerBinding(context, binding))
    else body = lowerExpression(context, rule(line, 'expression'), spanOf(context, line).end)
  }
  if (!body && !stumbled) {
    context.diagnostics.push(
      report('RLP1011', context.file.span(Math.max(span.start, span.end - 1), span.end), 'this function ends without a value', {
        label: 'expected an expression before this',
        help: 'the last line of a function is the expression that it gives',
      }),
    )
  }
  return { lets, body: body ?? invalid(span) }
}

function lowerBinding(context: Context, node: CstNode): Let[] {
  const name = identifier(context, token(node, 'Word'))
  if (!name) return []
  if (!token(node, 'Let') && token(node, 'Equals')) {
    context.diagnostics.push(
      report('RLP1011', name.span, `\`${name.name}\` is given a value without \`let\``, {
        help: `write \`let ${name.name} = …\``,
        fixes: [{ title: 'add `let`', edits: [{ span: context.file.span(name.span.start, name.span.start), insert: 'let ' }], safe: true }],
      }),
    )
  }
  return [
    {
      name,
      type: lowerAnnotation(context, rule(node, 'typeAnnotation')),
      value: lowerValue(context, token(node, 'Equals'), rule(node, 'value'), `\`${name.name}\``),
      span: spanOf(context, node),
    },
  ]
}

function lowerTypeDeclaration(context: Context, node: CstNode): TypeDeclaration | undefined {
  const name = identifier(context, token(node, 'Word'))
  if (!name) return undefined
  const span = spanOf(context, node)
  return { node: 'Type', name, type: lowerType(context, rule(node, 'type'), span.end), doc: docOf(context, span), span }
}

function lowerTest(context: Context, node: CstNode): TestDeclaration | undefined {
  const subject = identifier(context, token(node, 'Word'))
  if (!subject) return undefined
  const span = spanOf(context, node)
  const cases = rules(node, 'testCase').map((each): TestCase => {
    const own = spanOf(context, each, span.end)
    const [input, gives] = rules(each, 'expression')
    const record = rule(each, 'record')
    return {
      input: lowerExpression(context, input, own.end),
      with: record && lowerRecord(context, record, own.end),
      gives: lowerExpression(context, gives, own.end),
      span: own,
    }
  })
  return { node: 'Test', subject, cases, doc: docOf(context, span), span }
}
