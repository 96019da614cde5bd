// What a `kind` declaration of the standard library says, read once: inputs, attributes, sections, outputs, aliases.
// Data only; `read.ts` makes it from the syntax tree.

import type { Expression, Identifier, TypeNode } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import type { DeclarationSymbol, ModuleScope } from '../resolve/program.js'

/** An `input`, `attribute` or `output` of a kind. Types and defaults are read in `scope`. */
export interface Member {
  readonly name: string
  readonly role: 'input' | 'attribute' | 'output'
  readonly type: TypeNode
  /** Absent = required (for inputs and attributes). */
  readonly default: Expression | undefined
  readonly doc: string
  readonly span: Span
  readonly scope: ModuleScope
  /** Type parameters of the kind that declares it. */
  readonly variables: readonly string[]
}

/** `section rollout { … }`, or `section optimizer: AdamW` which takes the members of that kind. */
export interface SectionSchema {
  readonly name: string
  readonly members: ReadonlyMap<string, Member>
  readonly aliases: ReadonlyMap<string, string>
  readonly doc: string
}

export interface KindSchema {
  readonly name: string
  /** `Stage`, `Model`, `Data`, `Reward`, `Curriculum`, `Claim`, `Pipeline`, `Section`. */
  readonly category: string
  /** What a declaration of the kind is as a value where categories differ in that: `Classifier` of `kind Mlp: Model[Classifier]`. */
  readonly makes: string | undefined
  readonly symbol: DeclarationSymbol
  readonly typeParameters: readonly Identifier[]
  readonly engines: readonly string[]
  /** Innermost first: `["token", "rollout", "group", "batch"]`; empty when the kind has no objective. */
  readonly levels: readonly string[]
  /** Inputs and attributes. */
  readonly members: ReadonlyMap<string, Member>
  /** What a stage hands over; may have the name of an input (`policy`). */
  readonly outputs: ReadonlyMap<string, Member>
  readonly sections: ReadonlyMap<string, SectionSchema>
  /** Foreign name → path of ours (`learning_rate` → `optimizer.lr`). */
  readonly aliases: ReadonlyMap<string, string>
  readonly doc: string
}
