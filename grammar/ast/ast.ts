// The syntax tree of `.rlp`: what was written, with spans; no names resolved, no types.
// After error recovery any expression or type may be an `Invalid` node.

import type { SourceFile, Span } from '../source/source.js'

export interface Identifier {
  readonly name: string
  readonly span: Span
}

export interface Module {
  readonly node: 'Module'
  readonly file: SourceFile
  /** `rlp 1` → 1; `undefined` when the line is missing. */
  readonly edition: number | undefined
  /** `//!` lines, joined by newlines. */
  readonly doc: string
  readonly imports: readonly Import[]
  readonly declarations: readonly Declaration[]
  readonly span: Span
}

/** `import { a as b } from "std/x"` or `import * as x from "./y.rlp"`. */
export interface Import {
  readonly node: 'Import'
  readonly names: readonly { readonly name: Identifier; readonly alias: Identifier }[]
  readonly namespace: Identifier | undefined
  readonly path: string
  readonly pathSpan: Span
  readonly span: Span
}

export type Declaration = GenericDeclaration | FunctionDeclaration | TypeDeclaration | TestDeclaration

/** The one shape: `word name[T, …] : Type for k in set, … ( = value | from value | { items } )`. */
export interface GenericDeclaration {
  readonly node: 'Declaration'
  /** `stage`, `param`, `term`, `attribute`, …: not checked by the grammar. */
  readonly word: Identifier
  readonly name: Identifier
  /** `kind Grpo[Row]: Stage` → `Row`. */
  readonly typeParameters: readonly Identifier[]
  readonly type: TypeNode | undefined
  readonly keys: readonly { readonly name: Identifier; readonly set: Expression }[]
  readonly value: Expression | undefined
  /** `secret t from env("T")`: the value was written with `from`. */
  readonly from: boolean
  readonly body: Block | undefined
  readonly doc: string
  readonly span: Span
}

/** `fn f(a: T = v, …): T { let x = e … e }`, `fn f(…): T = e`, `extern fn f(…): T`. */
export interface FunctionDeclaration {
  readonly node: 'Function'
  readonly extern: boolean
  readonly name: Identifier
  readonly typeParameters: readonly Identifier[]
  readonly parameters: readonly Parameter[]
  readonly result: TypeNode | undefined
  readonly lets: readonly Let[]
  /** `undefined` exactly for `extern fn`. */
  readonly body: Expression | undefined
  readonly doc: string
  readonly span: Span
}

export interface Parameter {
  readonly name: Identifier
  readonly type: TypeNode
  readonly default: Expression | undefined
  readonly doc: string
  readonly span: Span
}

export interface Let {
  readonly name: Identifier
  readonly type: TypeNode | undefined
  readonly value: Expression
  readonly span: Span
}

export interface TypeDeclaration {
  readonly node: 'Type'
  readonly name: Identifier
  readonly type: TypeNode
  readonly doc: string
  readonly span: Span
}

/** `test answer { "…" with { … } gives { … } }`. */
export interface TestDeclaration {
  readonly node: 'Test'
  /** The reward or function under test. */
  readonly subject: Identifier
  readonly cases: readonly TestCase[]
  readonly doc: string
  readonly span: Span
}

export interface TestCase {
  readonly input: Expression
  readonly with: Expression | undefined
  readonly gives: Expression
  readonly span: Span
}

export interface Block {
  readonly node: 'Block'
  readonly items: readonly Item[]
  readonly span: Span
}

export type Item = Attribute | Section | Declaration

/** `name = value` or, in `set`, `path.to.name = value`. */
export interface Attribute {
  readonly node: 'Attribute'
  readonly path: readonly Identifier[]
  readonly value: Expression
  readonly doc: string
  readonly span: Span
}

/** `rollout { … }`. */
export interface Section {
  readonly node: 'Section'
  readonly name: Identifier
  readonly body: Block
  readonly doc: string
  readonly span: Span
}

export type Expression =
  | NumberLiteral
  | TextLiteral
  | BooleanLiteral
  | NoneLiteral
  | Name
  | Unary
  | Binary
  | If
  | Call
  | Index
  | Field
  | ListLiteral
  | RecordLiteral
  | Invalid

/** `64 prompts`, `5%` (value 0.05, unit `%`), `1e-6`. */
export interface NumberLiteral {
  readonly node: 'Number'
  readonly value: number
  /** Digits only, no `.` or exponent: an integer literal. */
  readonly integer: boolean
  readonly unit: Identifier | undefined
  readonly span: Span
}
export interface TextLiteral { readonly node: 'Text'; readonly value: string; readonly span: Span }
export interface BooleanLiteral { readonly node: 'Boolean'; readonly value: boolean; readonly span: Span }
export interface NoneLiteral { readonly node: 'None'; readonly span: Span }
export interface Name { readonly node: 'Name'; readonly name: string; readonly span: Span }
export interface Unary { readonly node: 'Unary'; readonly operator: '-' | 'not'; readonly operand: Expression; readonly span: Span }

export type BinaryOperator =
  | 'or' | 'and' | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'in' | '..' | '+' | '-' | '*' | '/' | '^'

/** Precedence, loosest first: or; and; comparisons and `in` (not chainable); `..`; `+ -`; `* /`; prefix; `^` (right). */
export interface Binary {
  readonly node: 'Binary'
  readonly operator: BinaryOperator
  readonly operatorSpan: Span
  readonly left: Expression
  readonly right: Expression
  readonly span: Span
}
export interface If { readonly node: 'If'; readonly condition: Expression; readonly then: Expression; readonly else: Expression; readonly span: Span }
export interface Call { readonly node: 'Call'; readonly callee: Expression; readonly arguments: readonly Argument[]; readonly span: Span }
export interface Argument { readonly name: Identifier | undefined; readonly value: Expression; readonly span: Span }

/** `x[a, *]`: one entry per instance key; `*` takes all of that key. */
export interface Index { readonly node: 'Index'; readonly target: Expression; readonly keys: readonly (Expression | Star)[]; readonly span: Span }
export interface Star { readonly node: 'Star'; readonly span: Span }
export interface Field { readonly node: 'Field'; readonly target: Expression; readonly name: Identifier; readonly span: Span }
export interface ListLiteral { readonly node: 'List'; readonly items: readonly Expression[]; readonly span: Span }
export interface RecordLiteral { readonly node: 'Record'; readonly fields: readonly { readonly name: Identifier; readonly value: Expression }[]; readonly span: Span }
/** Left by error recovery; a diagnostic was already given. */
export interface Invalid { readonly node: 'Invalid'; readonly span: Span }

export type TypeNode = NamedType | LiteralType | RecordType | UnionType | OptionalType | RangeType | LevelType | FunctionType | InvalidType

/** `Real`, `Dataset[Row]`, `knights.Puzzle`. */
export interface NamedType { readonly node: 'NamedType'; readonly module: Identifier | undefined; readonly name: Identifier; readonly arguments: readonly TypeNode[]; readonly span: Span }
export interface LiteralType { readonly node: 'LiteralType'; readonly value: string; readonly span: Span }
export interface RecordType { readonly node: 'RecordType'; readonly fields: readonly { readonly name: Identifier; readonly type: TypeNode; readonly doc: string }[]; readonly span: Span }
export interface UnionType { readonly node: 'UnionType'; readonly options: readonly TypeNode[]; readonly span: Span }
export interface OptionalType { readonly node: 'OptionalType'; readonly inner: TypeNode; readonly span: Span }
/** `Real in 0..1`; a bound may be missing: `Real in 0..`. */
export interface RangeType { readonly node: 'RangeType'; readonly inner: TypeNode; readonly low: Expression | undefined; readonly high: Expression | undefined; readonly span: Span }
/** `Real per token`. */
export interface LevelType { readonly node: 'LevelType'; readonly inner: TypeNode; readonly level: Identifier; readonly span: Span }
/** `(reward: Real per rollout) -> Real per token`; parameter names matter: functions bind by name. */
export interface FunctionType { readonly node: 'FunctionType'; readonly parameters: readonly { readonly name: Identifier; readonly type: TypeNode }[]; readonly result: TypeNode; readonly span: Span }
export interface InvalidType { readonly node: 'InvalidType'; readonly span: Span }
