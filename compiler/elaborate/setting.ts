// Settings as data: one attribute or input with its value, and all of an instance. Instances of a declaration share the settings
// that name none of their keys: a family of thousands evaluates, prints and hashes these once. Reads nothing; `settings.ts` does.

import type { Expression } from '../../grammar/ast/ast.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import type { Value } from '../../spec/plan/plan.js'
import type { Member } from '../kinds/schema.js'
import { addressesIn } from './references.js'
import { toValue } from './to-plan.js'
import type { CompileValue } from './value.js'

export class Setting {
  #plain: Value | undefined
  #text: string | undefined
  #references: readonly string[] | undefined

  constructor(
    /** `optimizer.lr` */
    readonly path: string,
    readonly member: Member,
    readonly value: CompileValue,
    /** The expression as written in the spec or a variant; `undefined` for a default. */
    readonly written: Expression | undefined,
  ) {}

  /** The value as the plan has it. */
  get plain(): Value {
    return (this.#plain ??= toValue(this.value))
  }
  /** Canonical JSON of `plain`. */
  get text(): string {
    return (this.#text ??= canonicalJson(this.plain))
  }
  /** Addresses in the value, each once. */
  get references(): readonly string[] {
    return (this.#references ??= addressesIn(this.value))
  }
}

/** A setting before its value is read: what its kind and its declaration say about it. */
export interface Slot {
  readonly path: string
  readonly member: Member
  /** The expression of the body or of the variant; `undefined` for a default. */
  readonly written: Expression | undefined
  /** Those of `row`, `completion`, `metrics`, `clock` that the expression sees. */
  readonly grants: ReadonlySet<string>
}

/** What the instances of one declaration (or phase) have in common. */
export interface Family {
  /** In the order of the kind. */
  readonly slots: ReadonlyMap<string, Slot>
  /** Settings that are the same for all instances. */
  readonly shared: ReadonlyMap<string, Setting>
  /** Slots that are read for each instance. */
  readonly own: readonly Slot[]
  /** Paths of those that refer to something, or may in some instance; in the order of the kind. */
  readonly referring: readonly string[]
}

/** All settings of an instance by path: its own, and those of its family. */
export class Settings {
  constructor(
    readonly family: Family,
    readonly own: ReadonlyMap<string, Setting>,
  ) {}

  has(path: string): boolean {
    return this.family.slots.has(path)
  }
  get(path: string): Setting | undefined {
    return this.own.get(path) ?? this.family.shared.get(path)
  }
  /** In the order of the kind. */
  values(): readonly Setting[] {
    return [...this.family.slots.keys()].map((path) => this.get(path) as Setting)
  }
  /** Those that may refer to something, in the order of the kind. */
  referring(): readonly Setting[] {
    return this.family.referring.map((path) => this.get(path) as Setting)
  }
}
