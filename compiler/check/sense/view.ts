// One declaration as rules look at it: what it says about a path, defaults included, and constants where they are known.

import type { Expression, GenericDeclaration } from '../../../grammar/ast/ast.js'
import type { Span } from '../../../grammar/source/source.js'
import type { KindSchema, Member } from '../../kinds/schema.js'
import { wordOf, type DeclarationSymbol } from '../../resolve/program.js'
import { moduleEnv, type Context, type Written } from '../context.js'
import { expectType } from '../expect.js'
import { memberType } from '../members.js'
import { constantOf, type Type } from '../types.js'

/** What rules about numbers look at. The checker shows what is written; elaboration shows final values, after `--set`, variants and keys. */
export interface View {
  /** Whether the kind has such an attribute. */
  has(path: string): boolean
  /** What is written; `undefined` for a default. */
  value(path: string): Expression | undefined
  /** The value's place, or the declaration's name when it is a default. */
  span(path: string): Span
  /** The number in its canonical unit, when it is known. */
  constant(path: string): number | undefined
}

/** Where rules say what they found. */
export type Reporter = Pick<Context, 'report'>

export class StageView implements View {
  constructor(
    private readonly cx: Context,
    readonly symbol: DeclarationSymbol,
    readonly declaration: GenericDeclaration,
    readonly schema: KindSchema,
    readonly written: Written,
  ) {}

  /** Whether the kind has such an attribute. */
  has(path: string): boolean {
    return this.member(path) !== undefined
  }

  /** What the declaration itself says. */
  value(path: string): Expression | undefined {
    return this.written.get(path)?.value
  }

  /** The value's place, or the declaration's name when it is a default. */
  span(path: string): Span {
    return this.value(path)?.span ?? this.declaration.name.span
  }

  /** Type of the value, or of the default. */
  type(path: string): Type | undefined {
    const value = this.value(path)
    if (value) return this.cx.types.get(value)
    const member = this.member(path)
    return member?.default && expectType(this.cx, member.default, memberType(this.cx, member), moduleEnv(member.scope), `\`${member.name}\``)
  }

  /** The number at a path in its canonical unit, when it is known before the run; a parameter counts as its default. */
  constant(path: string): number | undefined {
    const value = this.value(path)
    return value ? constantIn(this.cx, value, this.symbol) : constantOf(this.type(path))
  }

  private member(path: string): Member | undefined {
    const [head = '', tail] = path.split('.')
    return tail === undefined ? this.schema.members.get(head) : this.schema.sections.get(head)?.members.get(tail)
  }
}

/** The number that an expression certainly is. */
export function constantIn(cx: Context, expression: Expression, place: DeclarationSymbol): number | undefined {
  if (expression.node === 'Name') {
    const symbol = place.module.lookup(expression.name)
    const declaration = symbol?.symbol === 'declaration' && wordOf(symbol) === 'param' ? symbol.declaration : undefined
    if (declaration?.node === 'Declaration' && declaration.value && !hasKey(place, expression.name)) return constantOf(cx.types.get(declaration.value))
  }
  return constantOf(cx.types.get(expression))
}

function hasKey(place: DeclarationSymbol, name: string): boolean {
  return place.declaration.node === 'Declaration' && place.declaration.keys.some((key) => key.name.name === name)
}
