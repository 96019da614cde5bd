// Declarations as rules look at them: what they say about a path, with the defaults and a variant's patches, and constants where they are known.

import type { Declaration, Expression, GenericDeclaration } from '../../../grammar/ast/ast.js'
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

/** What every body says, or would say under a variant. */
export class Bodies {
  constructor(
    readonly cx: Context,
    /** Paths that a variant sets; a parameter's value has the empty path. */
    private readonly patches: ReadonlyMap<Declaration, Written> = new Map(),
  ) {}

  written(declaration: Declaration): Written {
    const own = this.cx.written.get(declaration)
    const patch = this.patches.get(declaration)
    return own && patch ? new Map([...own, ...patch]) : (own ?? patch ?? new Map())
  }

  /** The number that an expression certainly is. A parameter counts as its default, or as the variant sets it. */
  constant(expression: Expression, place: DeclarationSymbol): number | undefined {
    const symbol = expression.node === 'Name' && !hasKey(place, expression.name) ? place.module.lookup(expression.name) : undefined
    if (symbol?.symbol === 'declaration' && symbol.declaration.node === 'Declaration' && wordOf(symbol) === 'param') {
      const value = this.patches.get(symbol.declaration)?.get('')?.value ?? symbol.declaration.value
      if (value) return constantOf(this.cx.types.get(value))
    }
    return constantOf(this.cx.types.get(expression))
  }
}

export class StageView {
  readonly written: Written

  constructor(
    readonly bodies: Bodies,
    readonly symbol: DeclarationSymbol,
    readonly declaration: GenericDeclaration,
    readonly schema: KindSchema,
  ) {
    this.written = bodies.written(declaration)
  }

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
    const { cx } = this.bodies
    const value = this.value(path)
    if (value) return cx.types.get(value)
    const member = this.member(path)
    return member?.default && expectType(cx, member.default, memberType(cx, member), moduleEnv(member.scope), `\`${member.name}\``)
  }

  /** The number at a path in its canonical unit, when it is known before the run. */
  constant(path: string): number | undefined {
    const value = this.value(path)
    return value ? this.bodies.constant(value, this.symbol) : constantOf(this.type(path))
  }

  private member(path: string): Member | undefined {
    const [head = '', tail] = path.split('.')
    return tail === undefined ? this.schema.members.get(head) : this.schema.sections.get(head)?.members.get(tail)
  }
}

function hasKey(place: DeclarationSymbol, name: string): boolean {
  return place.declaration.node === 'Declaration' && place.declaration.keys.some((key) => key.name.name === name)
}
