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

/** What the instances of one declaration (or phase) have in common. */
export interface Family {
  /** The paths of all settings in the order of the kind, each with its member. */
  readonly members: ReadonlyMap<string, Member>
  /** Expressions of the body and of the variant, by path. */
  readonly written: ReadonlyMap<string, Expression>
  /** Settings that are the same for all instances; the others are read for each. */
  readonly shared: ReadonlyMap<string, Setting>
}

/** All settings of an instance by path: its own, and those of its family. */
export class Settings {
  constructor(
    readonly family: Family,
    readonly own: ReadonlyMap<string, Setting>,
  ) {}

  has(path: string): boolean {
    return this.family.members.has(path)
  }
  get(path: string): Setting | undefined {
    return this.own.get(path) ?? this.family.shared.get(path)
  }
  /** In the order of the kind. */
  values(): readonly Setting[] {
    return [...this.family.members.keys()].map((path) => this.get(path) as Setting)
  }
}
