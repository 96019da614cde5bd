// Evaluated attributes of a model or a stage as plain values, by path (`optimizer.lr`).
// The checker has seen their types: what is missing has been reported.

import type { ClosureValue, CompileValue } from './value.js'

export class Attributes {
  constructor(private readonly attributes: ReadonlyMap<string, CompileValue>) {}

  /** Quantities in their canonical unit. */
  number(path: string, fallback = 0): number {
    return this.optional(path) ?? fallback
  }
  optional(path: string): number | undefined {
    const value = this.attributes.get(path)
    return value?.type === 'number' ? value.value : undefined
  }
  unit(path: string): string | undefined {
    const value = this.attributes.get(path)
    return value?.type === 'number' ? value.unit : undefined
  }
  text(path: string, fallback = ''): string {
    const value = this.attributes.get(path)
    return value?.type === 'text' ? value.value : fallback
  }
  flag(path: string): boolean {
    const value = this.attributes.get(path)
    return value?.type === 'boolean' && value.value
  }
  numbers(path: string): number[] {
    const value = this.attributes.get(path)
    return value?.type === 'list' ? value.items.flatMap((item) => (item.type === 'number' ? [item.value] : [])) : []
  }
  /** The numbers of a record, by field; undefined for `none`. */
  record(path: string): Readonly<Record<string, number>> | undefined {
    const value = this.attributes.get(path)
    return value?.type === 'record' ? Object.fromEntries([...value.fields].flatMap(([field, item]) => (item.type === 'number' ? [[field, item.value]] : []))) : undefined
  }
  closure(path: string): ClosureValue | undefined {
    const value = this.attributes.get(path)
    return value?.type === 'closure' ? value : undefined
  }
}
