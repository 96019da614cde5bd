// The parts of an expression, so that whoever looks for something in it need not know every node.

import type { Expression } from '../../grammar/ast/ast.js'

/** Expressions directly inside `expression`, in source order. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.node) {
    case 'Unary':
      return [expression.operand]
    case 'Binary':
      return [expression.left, expression.right]
    case 'If':
      return [expression.condition, expression.then, expression.else]
    case 'Call':
      return [expression.callee, ...expression.arguments.map(({ value }) => value)]
    case 'Index':
      return [expression.target, ...expression.keys.filter((key) => key.node !== 'Star')]
    case 'Field':
      return [expression.target]
    case 'List':
      return expression.items
    case 'Record':
      return expression.fields.map(({ value }) => value)
    default:
      return []
  }
}

/** Calls `visit` for `expression` and everything inside it. */
export function walk(expression: Expression | undefined, visit: (expression: Expression) => void): void {
  if (!expression) return
  visit(expression)
  for (const part of partsOf(expression)) walk(part, visit)
}
